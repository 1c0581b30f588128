"""Tokens and sentences of a text in any script."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

# what is typed, or left by a wrong decoding, in place of an apostrophe
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\u00b4\u0060\u0092\uff07\u2032", "'"))
# joiners, soft hyphen and byte-order mark: they are not seen
_UNSEEN = str.maketrans(dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad"))
# the Macintosh's apostrophe, read as if it were Western European
_MACINTOSH = re.compile(r"(?<=[^\W\d_])\u00d5(?=[a-z])")
_ENDS = frozenset(".!?\u2026\u3002\uff01\uff1f")
LONGEST = 200  # tokens of a sentence; a longer one is cut


def straightened(text: str) -> str:
    """Return a text in Unicode's composed form, its apostrophes straight, without what is not seen."""
    if text.isascii():
        return text.replace("`", "'")
    text = unicodedata.normalize("NFC", text).translate(_UNSEEN).translate(_APOSTROPHES)
    return _MACINTOSH.sub("'", text)


def sentences(text: str) -> Iterator[list[str]]:
    """Yield the tokens of each sentence: words with their inner apostrophes, and single signs.

    A word is letters, digits and the marks of scripts that write vowels so; an underscore is a sign. Writing without
    blanks (Chinese, Japanese) gives one long word from sign to sign.

    Args:
        text: as `straightened` leaves it.
    """
    sentence: list[str] = []
    for token in _pattern().findall(text):
        sentence.append(token)
        if token in _ENDS or len(sentence) == LONGEST:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


@cache
def _pattern() -> re.Pattern[str]:
    marks = _ranges("Mn", "Mc")
    letter = rf"[^\W_][{marks}]*"
    return re.compile(rf"(?:{letter})+(?:'(?:{letter})+)*|[^\w\s]|_")


def _ranges(*categories: str) -> str:
    """Return the characters of some categories as a character class holds them."""
    spans: list[list[int]] = []
    for code in range(0x300, 0x1F000):
        if unicodedata.category(chr(code)) in categories:
            if spans and spans[-1][1] == code - 1:
                spans[-1][1] = code
            else:
                spans.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in spans)
