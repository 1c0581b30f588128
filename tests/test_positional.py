"""Bare words of a command line, as Hydra reads them."""

import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from ferlab.config import compose, plain, positional, verbatim


def read(monkeypatch, *words, many=True):
    monkeypatch.setattr(sys, "argv", ["entry", *words])
    positional("runs", many)
    return sys.argv[1:]


def test_bare_words_become_a_list_and_the_rest_stays(monkeypatch):
    assert read(monkeypatch, "a/b", "metric=f1", "c*") == ["metric=f1", "runs=['a/b','c*']"]
    assert read(monkeypatch, "metric=f1", "--help") == ["metric=f1", "--help"]
    assert read(monkeypatch, "--cfg", "job", "a", "~hydra", "-m") == ["--cfg", "job", "~hydra", "-m", "runs=['a']"]
    assert read(monkeypatch, "a", many=False) == ["runs='a'"]


def test_a_folder_is_a_folder_whatever_its_name(monkeypatch, tmp_path):
    folder = tmp_path / "lr=0.1,seed=1"
    assert read(monkeypatch, str(folder)) == [str(folder)]
    folder.mkdir()
    assert read(monkeypatch, str(folder)) == [f"runs=['{folder}']"]


@pytest.mark.parametrize(("words", "many"), [(("a", "runs=[b]"), True), (("a", "b"), False)])
def test_doubtful_words_are_refused(monkeypatch, capsys, words, many):
    with pytest.raises(SystemExit):
        read(monkeypatch, *words, many=many)
    assert "ferlab: runs: " in capsys.readouterr().err


@pytest.mark.parametrize("value", ["città", "a b, c", "my 'best' = 1.csv", "${x}", "größe\\"])
def test_free_text_is_taken_as_typed(monkeypatch, value):
    monkeypatch.setattr(sys, "argv", ["entry", f"by={value}", "table=null", "output=[a]", "bins=3"])
    verbatim("by", "table", "output")
    assert sys.argv[2:] == ["table=null", "output=[a]", "bins=3"]
    assert plain(compose("slices", ["run=x", sys.argv[1]]))["by"] == value


@example(["${a}", "\\'", "b\\"])
@example(["\\\\${", "\\${'}\\"])
@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab \\'\"${}[],:=()?*é~/"), min_size=1), min_size=1, max_size=3))
def test_hydra_reads_every_word_as_it_was_typed(words):
    with pytest.MonkeyPatch.context() as patch:
        bare = [f"a{word.replace('=', '')}" for word in words]
        (override,) = read(patch, *bare)
    values = compose("predict", ["checkpoint=x", override.replace("runs=", "images=", 1)])
    assert OmegaConf.is_list(values.images) and plain(values)["images"] == bare
