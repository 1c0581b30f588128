"""Part-of-speech tags and lemmas of English sentences by HanTa, whose model comes inside its wheel.

Wartena, "A Probabilistic Morphology Model for German Lemmatization", KONVENS 2019, and its English model.
"""

import math
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.metadata import version
from typing import Any

VERSION = 1  # of what stands here; raised when tags or lemmas change
_LONGEST = 40  # letters; what is longer is no word, and HanTa would take long over it

State = tuple[int, int]


def release() -> str:
    """Return which release of HanTa, and so of its model, is installed."""
    return version("HanTa")


@cache
def tagger() -> "Tagger":
    """Return the tagger of this process, read once."""
    return Tagger()


class Tagger:
    """HanTa, each word's analysis remembered, its search over tags following only those that a word can have.

    Tags and lemmas are those of `HanoverTagger.tag_sent`, at three times the speed.
    """

    def __init__(self) -> None:
        from HanTa import HanoverTagger as model  # type: ignore[import-untyped]  # noqa: N813

        self._hanta: Any = model.HanoverTagger("morphmodel_en.pgz")
        self._start: State = (model.EMPTY, model.START)
        self._end: int = model.END
        self._unknown: int = model.UNKNOWN
        self._steps: dict[State, dict[int, float]] = self._hanta.LP_trans_word
        self._words: dict[tuple[str, bool, bool], dict[int, float]] = {}
        self._lemmas: dict[tuple[str, int], str] = {}

    @cached_property
    def _names(self) -> dict[int, str]:
        return dict(self._hanta.int2tag)

    def tag(self, sentence: Sequence[str]) -> list[tuple[str, str]]:
        """Return the lemma, lower case, and the tag (CLAWS5: NN1, VVD, AJ0, ...) of each token.

        Words of other scripts and very long ones have any tag, and are their own lemma.

        Args:
            sentence: its tokens, punctuation and upper case as written: the tagger reads both.
        """
        tags = self._search(sentence)
        return [(self._lemma(word, tag), self._names.get(tag, "")) for word, tag in zip(sentence, tags, strict=True)]

    def _search(self, sentence: Sequence[str]) -> list[int]:
        """Return the likeliest sequence of tags (Viterbi), as HanTa's own search does."""
        if not sentence:
            return []
        came: list[dict[State, State]] = []
        before: dict[State, float] = {self._start: 0.0}
        for i, word in enumerate(sentence):
            row, back = self._step(before, self._emissions(word, i > 0))
            if not row:  # no known way from the tags before to those of this word
                row, back = self._step(before, {})
            came.append(back)
            before = row
        likeliest, state = -math.inf, next(iter(before))
        for one, p in before.items():
            whole = p + self._steps.get(one, {}).get(self._end, -math.inf)
            if whole > likeliest:
                likeliest, state = whole, one
        tags = [state[1]]
        for back in came[:0:-1]:
            state = back[state]
            tags.append(state[1])
        return tags[::-1]

    def _step(
        self, before: dict[State, float], emissions: dict[int, float]
    ) -> tuple[dict[State, float], dict[State, State]]:
        # HanTa goes on from about the five best states
        least = sorted(before.values(), reverse=True)[5] - 1 if len(before) > 5 else -1e6
        row: dict[State, float] = {}
        back: dict[State, State] = {}
        for state, p in before.items():
            if p < least:
                continue
            steps, last = self._steps.get(state, {}), state[1]
            for tag, emission in (emissions or dict.fromkeys(steps, 0.0)).items():
                step = steps.get(tag)
                if step is None or tag == self._end:
                    continue
                new, whole = (last, tag), p + step + emission
                if whole > -1e6 and (new not in row or whole > row[new]):
                    row[new], back[new] = whole, state
        return row, back

    def _emissions(self, word: str, inside: bool) -> dict[int, float]:
        """Return what each tag makes of a word; empty: anything goes."""
        key = (word.lower(), inside and word[0].isupper(), inside)
        if (known := self._words.get(key)) is None:
            known = {}
            if _readable(word):
                known = dict(self._hanta._tag_word(word, cutoff=5, casesensitive=inside, conditional=True))
                known.pop(self._unknown, None)
            self._words[key] = known
        return known

    def _lemma(self, word: str, tag: int) -> str:
        key = (word.lower(), tag)
        if (known := self._lemmas.get(key)) is None:
            known = self._hanta._analyze(word, tag, taglevel=1)[0].lower() if _readable(word) else word.lower()
            self._lemmas[key] = known = known or word.lower()
        return known


def _readable(word: str) -> bool:
    """Tell whether the tagger's model, made from English text, can say something of a word."""
    return len(word) <= _LONGEST and (word.isascii() or all(letter < "\u0250" for letter in word))
