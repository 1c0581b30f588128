"""Tokens: any script, apostrophes of every kind, sentences that end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferlab.text.tokens import LONGEST, sentences, straightened


def tokens(text: str) -> list[str]:
    return [token for sentence in sentences(straightened(text)) for token in sentence]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Well, it's 3.14!", ["Well", ",", "it's", "3", ".", "14", "!"]),
        ("it\u2019s I\u00d5m", ["it's", "I'm"]),
        ("nai\u0308ve caf\u00e9", ["na\u00efve", "caf\u00e9"]),
        ("\u041f\u0440\u0438\u0432\u0435\u0442 \U0001f600", ["\u041f\u0440\u0438\u0432\u0435\u0442", "\U0001f600"]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", ["\u0939\u093f\u0928\u094d\u0926\u0940"]),
        ("zero\u200bwidth a_b", ["zerowidth", "a", "_", "b"]),
        (" \n\t", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_sentences_end_at_their_sign_or_at_the_limit() -> None:
    assert list(sentences("He ran. She sat?")) == [["He", "ran", "."], ["She", "sat", "?"]]
    assert [len(sentence) for sentence in sentences("go " * (LONGEST + 5))] == [LONGEST, 5]


@given(st.text())
def test_nothing_but_blanks_is_lost(text: str) -> None:
    ready = straightened(text)
    kept = "".join(token for sentence in sentences(ready) for token in sentence)
    # marks that stand on no letter are signs of their own
    assert sorted(kept) == sorted("".join(ready.split()))
