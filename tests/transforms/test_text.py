"""Text: numbers of words, padding, cutting, and a vocabulary that its plain values rebuild."""

import numpy as np
import pytest
import torch

from ferlab.build import build
from ferlab.errors import FerlabError
from ferlab.text.cleaning import Cleaning
from ferlab.transforms.text import Text

PLAIN = Cleaning(contractions=False, stop_words=None, lemmas=False)
WORDS = ["one", "two", "three", "four"]


def text(**options: object) -> Text:
    return Text((), **{"cleaning": PLAIN, "tokens": 3, "vocabulary": WORDS, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("padding", "keep", "expected"),
    [
        ("front", "first", [[0, 2, 3], [2, 3, 4], [1, 1, 2], [0, 0, 0]]),
        ("front", "last", [[0, 2, 3], [3, 4, 5], [1, 1, 2], [0, 0, 0]]),
        ("behind", "first", [[2, 3, 0], [2, 3, 4], [1, 1, 2], [0, 0, 0]]),
        ("behind", "last", [[2, 3, 0], [3, 4, 5], [1, 1, 2], [0, 0, 0]]),
    ],
)
def test_pads_and_cuts(padding: str, keep: str, expected: list[list[int]]) -> None:
    front = text(padding=padding, keep=keep)
    ids = front.encode(["One two.", "one two three four", "five six one", "?!"])
    assert ids.dtype == np.int32 and ids.tolist() == expected
    assert front.output_shape == (3, 6)
    assert front.words(ids[2]) == ["?", "?", "one"]
    out = front(torch.from_numpy(ids))
    assert out.dtype == torch.int64 and out.tolist() == expected


def test_the_vocabulary_is_by_frequency_and_does_not_know_the_order_of_texts() -> None:
    cleaned = [["b", "a", "c", "a"], ["b", "a"], ["d"]]
    learnt = text(vocabulary=None).learn(cleaned)
    assert learnt == {"vocabulary": ["a", "b", "c", "d"], "documents": [2, 2, 1, 1], "texts": 3}
    assert text(vocabulary=None).learn(cleaned[::-1]) == learnt
    assert text(vocabulary=None, min_count=2).learn(cleaned)["vocabulary"] == ["a", "b"]
    assert text(vocabulary=None, max_words=1).learn(cleaned)["vocabulary"] == ["a"]
    with pytest.raises(FerlabError, match=r"of 3 training texts cleaning leaves 4 words, none of them 9 times"):
        text(vocabulary=None, min_count=9).learn(cleaned)
    with pytest.raises(FerlabError, match="not learnt yet"):
        text(vocabulary=None).encode(["one"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokens": 0}, r"preprocess\.tokens: expected 1 or more, found 0"),
        ({"tokens": 1.5}, r"preprocess\.tokens: expected a whole number"),
        ({"padding": "left"}, "padding: expected front or behind, found 'left'"),
        ({"keep": "all"}, "keep: expected first or last"),
        ({"max_words": 0}, "max_words: expected 1 or more, or null"),
        ({"documents": [1]}, "documents: 1 for 4 words"),
    ],
)
def test_options_without_meaning(options: dict[str, object], message: str) -> None:
    values = {"_target_": "ferlab.transforms.text.Text", "vocabulary": WORDS, **options}
    with pytest.raises(FerlabError, match=message):
        build(values, ())


def test_samples_that_are_no_texts() -> None:
    with pytest.raises(FerlabError, match=r"Text takes texts, found samples of shape \(48, 48, 1\)"):
        Text((48, 48, 1))


def test_words_that_mean_something_to_hydra_are_words() -> None:
    words = ["???", "${x}", "a", *(f"w{i}" for i in range(40))]
    values = {
        "_target_": "ferlab.transforms.text.Text",
        "cleaning": {"_target_": "ferlab.text.cleaning.Cleaning", "punctuation": "keep"},
        "vocabulary": words,
        "documents": [1] * len(words),
    }
    front = build(values, ())
    assert front.vocabulary == words and front.output_shape == (300, 45)
    assert front.cleaning == Cleaning(punctuation="keep")
    assert build({**values, "_partial_": True})(()).vocabulary == words
    with pytest.raises(FerlabError, match="unexpected keyword argument 'wrong'"):
        build({**values, "wrong": 1}, ())
