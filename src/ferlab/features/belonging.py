"""Which values of a feature belong together: those of one cell, band, frequency or kind, by their names."""

import re
from collections.abc import Sequence

# name of a value -> what it belongs to; the first that fits
_PATTERNS = (
    (r"(block \d+,\d+) (cell|frequency) .*", r"\1"),
    (r"(cell \d+,\d+) pattern .*", r"\1"),
    (r"(degree \d+) repetition .*", r"\1"),
    (r"(log_mel|mfcc) \d+( delta)* .*", r"\1\2"),
    (r"(energy|zero_crossings|centroid|bandwidth|rolloff|flatness|flux|pitch) .*", r"\1"),
    (r"(x|y) \d+", "coordinates"),
    (r"(distance) \d+ \d+", "distances"),
    (r"(cosine|sine) \d+", "angles"),
    (r"(word|character) .*", r"\1 n-grams"),
)
_PIXEL = re.compile(r"row (\d+) column (\d+)( \w+)?")
_FREQUENCY = re.compile(r"frequency (\d+),(\d+)")
_PATCH = 8


def belonging(names: Sequence[str]) -> list[str]:
    """Return the part that each value belongs to.

    Args:
        names: as `ferlab.features.feature.names_of` gives them.
    """
    return [_part(name) for name in names]


def _part(name: str) -> str:
    if pixel := _PIXEL.fullmatch(name):
        row, column = (int(pixel[i]) // _PATCH * _PATCH for i in (1, 2))
        return f"pixels from row {row} column {column}"
    if frequency := _FREQUENCY.fullmatch(name):
        return f"frequencies {int(frequency[1]) + int(frequency[2])}"
    for pattern, part in _PATTERNS:
        if re.fullmatch(pattern, name):
            return re.sub(pattern, part, name)
    # values without a name of their own: "embedding 17"
    return re.sub(r" \d+$", "", name)
