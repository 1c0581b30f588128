"""Word vectors to begin with: Word2Vec (Mikolov et al., 2013) by gensim on the training texts, or a local file."""

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32
from rich.console import Console

from ferlab.cache import Arrays, cached
from ferlab.errors import FerlabError, expect_whole
from ferlab.text.vector_files import read_vectors

_LONGEST = 10_000  # words that gensim takes of a sentence; it drops the rest without a word


@dataclass(frozen=True)
class Word2Vec:
    """Where a network's word vectors come from.

    Attributes:
        source: "train": gensim on the training texts; "random": as the network begins by itself; or a local file:
            KeyedVectors, or word2vec's text or binary form.
        sg: True: skip-gram; False: continuous bag of words.
        window: words on either side that count as neighbours.
        epochs: over the training texts.
        negative: words drawn beside each true one.
        seed: of gensim's draws.

    Raises:
        FerlabError: an option has no meaning.
    """

    source: str = "train"
    sg: bool = False
    window: int | float = 5
    epochs: int | float = 5
    negative: int | float = 5
    seed: int | float = 0

    def __post_init__(self) -> None:
        numbers = {"window": self.window, "epochs": self.epochs, "negative": self.negative, "seed": self.seed}
        expect_whole(**{f"word2vec.{name}": value for name, value in numbers.items()})
        for name, least in (("window", 1), ("epochs", 1), ("negative", 1), ("seed", 0)):
            if numbers[name] < least:
                raise FerlabError(f"word2vec.{name}: expected {least} or more, found {numbers[name]}")


def vectors(
    cleaned: Sequence[Sequence[str]], words: Sequence[str], options: Word2Vec, features: int = 300
) -> tuple[Float32[np.ndarray, "words features"], Bool[np.ndarray, "words"], dict[str, Any]]:
    """Return a vector for each word of a vocabulary.

    Args:
        cleaned: the words of the training texts, and of no others: vectors are trained on them.
        words: the vocabulary.
        options: trained, or read from a file.
        features: length of a vector.

    Returns:
        The vectors, zeros where there is none; which words have one; and the facts: where they came from, how many
        words the source has.

    Raises:
        FerlabError: a file that is missing, broken or of another length of vectors.
    """
    rows = {word: i for i, word in enumerate(words)}
    if options.source != "train":
        path = Path(options.source).expanduser()
        found = read_vectors(path, rows, features)
        facts = {"source": "file", "file": str(path), "size": found.size, "texts": None}
        return found.vectors, found.known, facts
    key: dict[str, Any] = {"texts": _digest(cleaned), "words": _digest([words]), "features": features}
    key |= {"options": asdict(options), "gensim": version("gensim")}
    arrays = cached("word2vec", key, lambda: _trained(cleaned, rows, options, features))
    facts = {"source": "train", "file": None, "size": int(arrays["size"][0]), "texts": len(cleaned)}
    return np.array(arrays["vectors"]), np.array(arrays["known"]), facts


def coverage(
    cleaned: Sequence[Sequence[str]], words: Sequence[str], known: Bool[np.ndarray, "words"]
) -> dict[str, Any]:
    """Return which share of texts' words the vocabulary holds, and which has a vector.

    Args:
        cleaned: words of some texts.
        words: the vocabulary.
        known: which of it has a vector.

    Returns:
        "tokens" how many words there are, "in_vocabulary" and "with_vector" shares of them, None where there are none.
    """
    counts = Counter(word for text in cleaned for word in text)
    total = counts.total()
    held = sum(counts[word] for word in words)
    covered = sum(counts[word] for word, is_known in zip(words, known, strict=True) if is_known)
    shares = {"in_vocabulary": held, "with_vector": covered}
    return {"tokens": total} | {name: round(n / total, 4) if total else None for name, n in shares.items()}


def _trained(cleaned: Sequence[Sequence[str]], rows: dict[str, int], options: Word2Vec, features: int) -> Arrays:
    from gensim.models import Word2Vec as Model  # type: ignore[import-untyped]

    pieces = [list(text[i : i + _LONGEST]) for text in cleaned for i in range(0, len(text), _LONGEST)]
    with Console(stderr=True).status("training word vectors"):
        model = Model(
            pieces,
            vector_size=features,
            window=options.window,
            min_count=1,  # which words count, the vocabulary says
            sg=int(options.sg),
            negative=options.negative,
            epochs=options.epochs,
            seed=options.seed,
            workers=1,  # several would race one another, and the vectors differ from run to run
            hashfxn=_hash,
        )
    vectors = np.zeros((len(rows), features), np.float32)
    known = np.zeros(len(rows), bool)
    for word, row in rows.items():
        if word in model.wv.key_to_index:
            vectors[row], known[row] = model.wv[word], True
    return {"vectors": vectors, "known": known, "size": np.array([len(model.wv)])}


def _hash(word: str) -> int:
    """Return the same number in every process; Python's own hash of words changes."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


def _digest(texts: Sequence[Sequence[str]]) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(texts):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(texts: Sequence[Sequence[str]]) -> Iterator[bytes]:
    for text in texts:
        # no word holds a line end
        yield "\n".join(text).encode("utf-8", "surrogatepass") + b"\n\n"
