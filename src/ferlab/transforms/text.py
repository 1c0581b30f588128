"""Text: from a raw text to the numbers of its words, padded and cut; belongs to the model (document D2)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Int, Int32, Int64
from torch import Tensor, nn

from ferlab.errors import FerlabError, expect_whole
from ferlab.text.cleaning import Cleaning, clean

PADDING, UNKNOWN, FIRST = 0, 1, 2
SIDES = ("front", "behind")


class Text(nn.Module):
    """Clean, number, pad and cut texts.

    Number 0 is padding, 1 a word that the vocabulary lacks, the words follow from 2. The vocabulary is learnt from
    the training texts alone (`learn`) and then stands in these plain values, and so in the checkpoint.

    Args:
        raw_shape: of one raw text, () as `TaskSpec.shape` gives it.
        cleaning: what becomes of a text before its words are counted.
        tokens: length of every row; what a text has beyond is left out.
        padding: where a shorter text is filled up: "front" or "behind".
        keep: which words of a longer text stay: "first" or "last".
        min_count: a word that stands in the training texts less often is unknown.
        max_words: size of the vocabulary, the most frequent words; None: all of them.
        vocabulary: the words, most frequent first; None: not learnt yet.
        documents: in how many training texts each word of the vocabulary stands.
        texts: how many training texts there were.

    Raises:
        FerlabError: an option has no meaning, or samples that are no texts.
    """

    modality = "text"

    def __init__(
        self,
        raw_shape: Sequence[int],
        cleaning: Cleaning | None = None,
        tokens: int | float = 300,
        padding: str = "front",
        keep: str = "first",
        min_count: int | float = 1,
        max_words: int | None = None,
        vocabulary: list[str] | None = None,
        documents: list[int] | None = None,
        texts: int | None = None,
    ) -> None:
        super().__init__()
        if len(raw_shape):
            raise FerlabError(
                f"preprocess.raw_shape: Text takes texts, found samples of shape {tuple(raw_shape)}; "
                "cure: a model for such samples, model=cnn10 for images say, or a data set of texts"
            )
        expect_whole(**{"preprocess.tokens": tokens, "preprocess.min_count": min_count})
        _expect("tokens", tokens >= 1, "1 or more", tokens)
        _expect("padding", padding in SIDES, " or ".join(SIDES), padding)
        _expect("keep", keep in ("first", "last"), "first or last", keep)
        _expect("min_count", min_count >= 1, "1 or more", min_count)
        _expect("max_words", max_words is None or max_words >= 1, "1 or more, or null", max_words)
        if documents is not None and len(documents) != len(vocabulary or ()):
            raise FerlabError(f"preprocess.documents: {len(documents)} for {len(vocabulary or ())} words")
        self.cleaning = Cleaning() if cleaning is None else cleaning
        self.tokens, self.padding, self.keep = int(tokens), padding, keep
        self.min_count, self.max_words = int(min_count), max_words
        self.vocabulary, self.documents, self.texts = vocabulary, documents, texts
        self._numbers = {word: i for i, word in enumerate(vocabulary or (), FIRST)}

    @property
    def output_shape(self) -> tuple[int, int]:
        """(tokens, numbers that a token may have: the words, padding and unknown)."""
        return self.tokens, len(self._numbers) + FIRST

    def learn(self, cleaned: Iterable[Sequence[str]]) -> dict[str, Any]:
        """Return the plain values of a vocabulary: "vocabulary", "documents" and "texts" of the arguments.

        Args:
            cleaned: the words of each training text, as the cleaning leaves them.

        Raises:
            FerlabError: no word stands there often enough.
        """
        words: Counter[str] = Counter()
        standing: Counter[str] = Counter()
        texts = 0
        for text in cleaned:
            words.update(text)
            standing.update(set(text))
            texts += 1
        # by frequency, then by alphabet: the order of the texts does not matter
        found = sorted(
            (word for word, n in words.items() if n >= self.min_count), key=lambda word: (-words[word], word)
        )
        vocabulary = found[: self.max_words]
        if not vocabulary:
            raise FerlabError(
                f"preprocess.vocabulary: of {texts:,} training texts cleaning leaves {len(words):,} words, none "
                f"of them {self.min_count} times or more; cure: a smaller min_count, or a milder cleaning"
            )
        return {"vocabulary": vocabulary, "documents": [standing[word] for word in vocabulary], "texts": texts}

    def encode(self, texts: Sequence[str]) -> Int32[np.ndarray, "sample tokens"]:
        """Return the numbers of raw texts' words; a text of which cleaning leaves nothing is all padding."""
        return self.number(self.clean(texts))

    def clean(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the words that cleaning leaves of raw texts."""
        return clean(texts, self.cleaning)

    def number(self, cleaned: Sequence[Sequence[str]]) -> Int32[np.ndarray, "sample tokens"]:
        """Return the numbers of cleaned texts' words.

        Raises:
            FerlabError: there is no vocabulary yet.
        """
        if self.vocabulary is None:
            raise FerlabError(
                "preprocess.vocabulary: not learnt yet; expected a checkpoint, or a task made with its training texts"
            )
        rows = np.full((len(cleaned), self.tokens), PADDING, np.int32)
        for row, words in zip(rows, cleaned, strict=True):
            kept = words[: self.tokens] if self.keep == "first" else words[-self.tokens :]
            if kept:
                numbers = [self._numbers.get(word, UNKNOWN) for word in kept]
                row[slice(-len(kept), None) if self.padding == "front" else slice(len(kept))] = numbers
        return rows

    def words(self, ids: Int[np.ndarray, "tokens"]) -> list[str]:
        """Return the word of each number: "" for padding, "?" for an unknown word."""
        known = ["", "?", *(self.vocabulary or ())]
        return [known[i] for i in ids]

    def example(self) -> Int64[Tensor, "1 tokens"]:
        """Return one row of unknown words, for whoever wants to run the network on something."""
        return torch.full((1, self.tokens), UNKNOWN)

    def forward(self, ids: Int[Tensor, "batch tokens"]) -> Int64[Tensor, "batch tokens"]:
        """Return the numbers as an embedding wants them."""
        return ids.long()


def _expect(option: str, right: bool, expected: str, found: object) -> None:
    if not right:
        raise FerlabError(f"preprocess.{option}: expected {expected}, found {found!r}")
