"""Cleaning: D2's steps one by one, the tagger equal to HanTa, the cache and the processes equal to plain calls."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferlab.errors import FerlabError
from ferlab.text import cleaning
from ferlab.text.cleaning import Cleaning, clean
from ferlab.text.stop_words import ENGLISH, stop_words
from ferlab.text.tagger import tagger

TEXT = "I can't believe they've done it! The mice weren't running; she left her better children at 5 o'clock."
PLAIN = {"contractions": False, "punctuation": "keep", "lower": False, "stop_words": None, "lemmas": False}


def words(text: str, **options: Any) -> list[str]:
    return clean([text], Cleaning(**{**PLAIN, **options}))[0]


def test_the_whole_chain() -> None:
    assert clean([TEXT], Cleaning()) == [
        ["cannot", "believe", "mouse", "run", "leave", "good", "child", "5", "o'clock"],
    ]


def test_each_step_does_its_own() -> None:
    text = "She'd Seen the mice, really."
    assert words(text) == ["She'd", "Seen", "the", "mice", ",", "really", "."]
    assert words(text, contractions=True)[:3] == ["She", "would", "Seen"]
    assert words(text, punctuation="remove") == ["She'd", "Seen", "the", "mice", "really"]
    assert words(text, lower=True)[:2] == ["she'd", "seen"]
    assert words(text, stop_words="english") == ["She'd", "Seen", "mice", ",", "really", "."]
    assert words(text, stop_words=["Mice"])[2:4] == ["the", ","]
    assert words(text, lemmas=True)[1:4] == ["see", "the", "mouse"]


def test_a_word_has_the_lemma_of_its_part_of_speech() -> None:
    assert words("He saw the saw .", lemmas=True)[1:4] == ["see", "the", "saw"]
    assert words("I love my love .", tags=True)[1:4] == ["love/VVB", "my/DPS", "love/NN1"]


def test_stop_words_by_name() -> None:
    assert {"i", "not", "the"} <= ENGLISH and not {"cry", "fire", "good"} & ENGLISH
    assert {"cry", "fire"} <= stop_words("sklearn") and stop_words(None) == frozenset()
    with pytest.raises(FerlabError, match=r"stop_words: expected english, sklearn.* found 'german'"):
        Cleaning(stop_words="german")
    with pytest.raises(FerlabError, match="punctuation: expected remove or keep, found 'drop'"):
        Cleaning(punctuation="drop")


def test_texts_that_are_hardly_texts() -> None:
    odd = ["", "the of and", "\U0001f600!!", "x" * 5000, "\u4f60\u597d\u3002", "\udce9", "\u0301"]
    found = clean(odd, Cleaning())
    assert [len(text) for text in found] == [0, 0, 0, 1, 1, 0, 0]


@settings(max_examples=50)
@given(st.text())
def test_any_text_is_cleaned(text: str) -> None:
    for word in clean([text], Cleaning(stop_words=None))[0]:
        assert word == word.lower() or word.upper() == word.lower().upper()
        assert word and "\n" not in word and not word.isspace()


def test_the_tagger_says_what_hanta_says() -> None:
    from HanTa.HanoverTagger import HanoverTagger

    theirs = HanoverTagger("morphmodel_en.pgz")
    text = (
        "Stream of consciousness is harder than I had thought it would be . My roommates left , so I am alone and "
        "listening to music . Yesterday 's lights were brighter ! Does anyone ever really know what they want ? "
        "The leaves are falling , she leaves early , and he has flown home to see Bob Smith . qwertz asdfgh UT"
    )
    sentence: list[str] = []
    for word in text.split():
        sentence.append(word)
        if word in ".!?":
            expected = [(lemma.lower(), tag) for _, lemma, tag in theirs.tag_sent(sentence)]
            assert tagger().tag(sentence) == expected
            sentence = []
    assert tagger().tag([]) == []


@pytest.fixture
def small_chunks(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "_CHUNK", 200)


@pytest.mark.usefixtures("small_chunks")
def test_the_cache_gives_the_same_words_and_knows_texts_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [TEXT, "", "the of", "caf\u00e9 " * 50]
    alone = [clean([text], Cleaning())[0] for text in texts]
    assert clean(texts, Cleaning()) == alone
    calls: list[int] = []
    real = cleaning._each

    def each(texts: list[str], options: Cleaning) -> Iterator[list[str]]:
        calls.append(len(texts))
        return real(texts, options)

    monkeypatch.setattr(cleaning, "_each", each)
    assert clean(texts, Cleaning()) == alone and calls == []
    assert clean(texts, Cleaning(lemmas=False)) != alone and calls == [4]
    assert clean(texts[::-1], Cleaning()) == alone[::-1] and calls == [4, 4]
    monkeypatch.setattr(cleaning, "VERSION", 1000)
    assert clean(texts, Cleaning()) == alone and calls == [4, 4, 4]


@pytest.mark.slow
@pytest.mark.usefixtures("small_chunks")
def test_several_processes_give_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{TEXT} Number {i}." for i in range(9)]
    alone = [clean([text], Cleaning())[0] for text in texts]
    monkeypatch.setattr(cleaning, "_MANY", 500)
    monkeypatch.setattr(cleaning.os, "sched_getaffinity", lambda _: {0, 1})
    assert clean(texts, Cleaning()) == alone


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no process groups there")
def test_an_interrupt_ends_the_processes_without_a_word_of_theirs(tmp_path: Path) -> None:
    script = tmp_path / "long.py"
    script.write_text(
        "from ferlab.text import cleaning\n"
        "cleaning._MANY, cleaning._CHUNK = 500, 20_000\n"
        "cleaning.os.sched_getaffinity = lambda _: {0, 1}\n"
        "if __name__ == '__main__':\n"
        f"    texts = [{TEXT!r} * 50 + str(i) for i in range(4000)]\n"
        "    try:\n"
        "        for i, _ in enumerate(cleaning._each(texts, cleaning.Cleaning())):\n"
        "            print(i, flush=True)\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted', flush=True)\n"
    )
    command = [sys.executable, str(script)]
    # a terminal sends it to all of the group
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "0\n"
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert out.endswith("interrupted\n") and "Traceback" not in err and process.returncode == 0
