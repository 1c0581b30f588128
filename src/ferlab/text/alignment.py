"""Where in a raw text each word that cleaning left of it stood."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from ferlab.text.cleaning import Cleaning, clean

#: by so many words the pieces' own cleaning and that of the whole text may have drifted apart
_APART = 100
_PIECES = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*|\s+|.", re.DOTALL)


def aligned(
    text: str, words: Sequence[str], options: Cleaning, keep: str = "first"
) -> list[tuple[str, tuple[int, ...]]]:
    """Return the pieces of a text, in order and nothing missing, each with the places of the words it became.

    Cleaning reads whole sentences, so a piece alone may come out otherwise (a lemma goes by what stands beside a
    word); where both ways leave as many words between two that agree, they are taken for each other.

    Args:
        text: as read.
        words: what `clean` made of it, or the first or last of them.
        options: of that cleaning.
        keep: which of its words they are, "first" or "last".

    Returns:
        Words, signs and blanks with no, one or (contractions) several places in `words`.
    """
    pieces = _PIECES.findall(text)
    known = {piece: i for i, piece in enumerate(dict.fromkeys(piece for piece in pieces if not piece.isspace()))}
    alone = clean(list(known), options)
    made: list[str] = []
    origin: list[int] = []
    for i, piece in enumerate(pieces):
        if piece in known:
            made += alone[known[piece]]
            origin += [i] * len(alone[known[piece]])
    # from the end that was kept, and no farther than they reach: the same words elsewhere would be taken for them, and
    # in a long text be searched for long
    way, near = (-1 if keep == "last" else 1), len(words) + _APART
    kept, numbers = list(words)[::way], range(len(words))[::way]
    made, origin = made[::way][:near], origin[::way][:near]
    places: list[list[int]] = [[] for _ in pieces]
    for how, a, a_end, b, b_end in SequenceMatcher(None, made, kept, autojunk=False).get_opcodes():
        if how == "equal" or (how == "replace" and a_end - a == b_end - b):
            for word, place in zip(range(a, a_end), range(b, b_end), strict=True):
                places[origin[word]].append(numbers[place])
    return [(piece, tuple(sorted(found))) for piece, found in zip(pieces, places, strict=True)]
