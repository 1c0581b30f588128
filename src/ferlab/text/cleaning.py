"""Cleaning: from a raw text to its words (document D2)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|[^\w\s]")


@dataclass(frozen=True)
class Cleaning:
    """What becomes of a text before its words are counted.

    Attributes:
        lower: lower case.
        punctuation: "remove" or "keep".
    """

    lower: bool = True
    punctuation: str = "remove"


def clean(texts: Sequence[str], options: Cleaning, note: str = "cleaning texts") -> list[list[str]]:
    """Return the words of each text."""
    del note
    found = []
    for text in texts:
        words = _TOKEN.findall(text.lower() if options.lower else text)
        found.append([word for word in words if options.punctuation == "keep" or word[0].isalnum()])
    return found
