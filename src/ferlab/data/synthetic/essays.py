"""SyntheticEssays: the embedded data set for texts, written by a program; nothing to download.

Each author has five traits, and writes sentences (`essay_grammar.py`) of kinds whose rates the traits move in the
directions known from real texts (`essay_words.py`). It stands for no real person: every output made from it says
"synthetic".
"""

from collections.abc import Sequence
from random import Random

import numpy as np

from ferlab.data.essays import TRAITS
from ferlab.data.samples import Samples
from ferlab.data.synthetic.essay_grammar import essay
from ferlab.data.text_set import narrowed, words_of
from ferlab.errors import FerlabError
from ferlab.spec import TaskSpec

#: scores lie so far from the median at least and at most: nobody is without a trait's mark, some nearly. Logistic
#: regression on TF-IDF of 1,024 of the default texts then tells a trait of others right in 8 of 10
NEAREST, FARTHEST = 0.3, 2.1
PATTERNS = 2 ** len(TRAITS)


class SyntheticEssays:
    """Texts made by a program, as the essays would be: five yes/no labels each, one split "all", persons: author.

    A text depends on the seed, its own number, and the options `words` and `strength`, never on how many there are: a
    larger set begins with the smaller one. Every 32 texts hold every pattern of labels once.

    Args:
        n: number of texts, each of another author.
        words: mean number of words; texts have from half to one and a half times as many.
        strength: factor of all traits' marks in the text; 0: texts say nothing about the labels.
        classes: traits to keep, in this order; one alone makes a binary task.
        seed: another seed, other texts.

    Raises:
        FerlabError: an option lies outside its range.
    """

    def __init__(
        self,
        n: int = 1_280,
        words: int = 140,
        strength: int | float = 1.0,
        classes: Sequence[str] | None = None,
        seed: int = 0,
    ) -> None:
        _require(n >= 1, "n", "a number of texts, 1 or more", n)
        _require(2 <= words <= 100_000, "words", "2 to 100,000", words)
        _require(strength >= 0, "strength", "0 or more", strength)
        _require(seed >= 0, "seed", "0 or more", seed)
        self.n, self.words, self.strength, self.classes, self.seed = n, words, strength, classes, seed

    def load(self) -> Samples:
        """Write the texts; 1,280 of them take about a second."""
        labels = self._labels()
        texts = [self.text(number, row) for number, row in enumerate(labels.tolist())]
        ids = np.array([f"author_{number:05d}" for number in range(self.n)])
        samples = Samples(
            name="synthetic_essays",
            spec=TaskSpec("multilabel", TRAITS, "text", ()),
            x=np.array(texts, object),
            labels=labels,
            ids=ids,
            splits=np.full(self.n, "all"),
            columns={"author": ids, "words": words_of(texts)},
            synthetic=True,
            notes=("synthetic: texts made by a program, nobody wrote them",),
            people=("author",),
        )
        return narrowed(samples, self.classes)

    def text(self, number: int, labels: Sequence[int]) -> str:
        """Write one text.

        Args:
            number: of the text, from 0.
            labels: of its author, 0 or 1 for each of `ferlab.data.essays.TRAITS`.
        """
        rng = Random(f"{self.seed}-{number}-{''.join(map(str, labels))}")
        scores = {
            trait: self.strength * (1 if label else -1) * (NEAREST + (FARTHEST - NEAREST) * rng.random())
            for trait, label in zip(TRAITS, labels, strict=True)
        }
        return essay(scores, round(self.words * (0.5 + rng.random())), rng)

    def _labels(self) -> np.ndarray:
        """Return labels, int64 (sample, trait): every pattern once in each 32 samples, in an order of chance."""
        blocks = [
            np.random.default_rng([self.seed, 6, block]).permutation(PATTERNS) for block in range(-(-self.n // 32))
        ]
        patterns = np.concatenate(blocks)[: self.n]
        return (patterns[:, None] >> np.arange(len(TRAITS)) & 1).astype(np.int64)


def _require(holds: bool, option: str, expected: str, found: object) -> None:
    if not holds:
        raise FerlabError(f"synthetic_essays: data.{option}: expected {expected}, found {found!r}")
