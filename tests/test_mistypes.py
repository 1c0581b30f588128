"""What an entry says of groups that are given nothing or too much, and features of options by their typed names."""

from pathlib import Path

import pytest

from ferlab.classic.inputs import build_features
from ferlab.config import compose, conf_dir, plain
from ferlab.errors import FerlabError
from ferlab.mistypes import several, wrong_choice


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("features=null", "cure: leave features out, or choose\nwhat exists there: clip_statistics, dct"),
        ("scaling=", "cure: scaling=none"),
        ("classifier=[knn,svm]", "classifier takes one option alone; cure: -m classifier=knn,svm for one run each"),
    ],
)
def test_groups_that_are_given_nothing_or_too_much(word: str, message: str) -> None:
    found = wrong_choice(["seed=1", word], "baseline", conf_dir())
    assert found is not None and found.startswith(f"{word}: ") and message in found


def test_what_is_no_wrong_choice() -> None:
    words = ["features=[hog,lbp]", "classifier.C=null", "document=null", "classifier=knn", "-m", "protocol=[kfold]"]
    assert wrong_choice(words, "baseline", conf_dir()) is None


@pytest.mark.parametrize(
    ("given", "cure"),
    [
        ("features=hog,lbp", "features=[hog,lbp] for all in one run, or -m features=hog,lbp for one run each"),
        ("classifier=knn,svm", "cure: -m classifier=knn,svm for one run each"),
        ("classifier.C=1,2", "classifier.C=[1,2] where a list is meant, or -m"),
    ],
)
def test_several_values_without_a_sweep(given: str, cure: str) -> None:
    found = several(f"Ambiguous value for argument '{given}'\n1. To use it as a list", "baseline", Path(conf_dir()))
    assert found is not None and cure in found


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["features=hog_coarse", "features.hog_coarse.cell=0"], r"^features\.hog_coarse\.cell: expected at least 1"),
        (["features=raw", "features.raw.size=0"], r"^features\.raw\.size: expected at least 1"),
        (["features=embedding", "features.embedding.pool=x"], r"^features\.embedding\.pool: expected avg, max or null"),
    ],
)
def test_options_of_features_are_named_as_they_were_typed(overrides: list[str], message: str) -> None:
    values = plain(compose("baseline", overrides))["features"]
    with pytest.raises(FerlabError, match=message):
        build_features(values, "image")
