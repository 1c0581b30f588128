"""Contractions: what is expanded, and what is left alone."""

import pytest

from ferlab.text.contractions import expand


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("I can't", "I cannot"),
        ("Can't we?", "Cannot we?"),
        ("they've gone, I'd say we'll", "they have gone, I would say we will"),
        ("he's my friend's dog", "he is my friend dog"),
        ("wouldn't've", "would not have"),
        ("DON'T", "DO not"),
        ("did'nt", "did not"),
        ("y'all won't", "you all will not"),
        ("dont think im", "do not think i am"),
        ("'cause of 'em", "because of them"),
        ("five o'clock, O'Brien", "five o'clock, O'Brien"),
        ("well, its an IM from hell", "well, its an IM from hell"),
        ("mouse trap, want, antelope", "mouse trap, want, antelope"),
        ("", ""),
    ],
)
def test_expands(written: str, expected: str) -> None:
    assert expand(written) == expected
