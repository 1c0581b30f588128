"""Word vectors from a local file: gensim's KeyedVectors, word2vec's text or binary form, GloVe's text."""

import gzip
import io
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from ferlab.errors import FerlabError
from ferlab.progress import watched

Bytes = gzip.GzipFile | io.BufferedReader
_LONGEST = 1 << 12  # bytes of a word; where none ends before, this is no such file
_TRUSTED = {"gensim.models.keyedvectors": ("KeyedVectors",), "collections": ("OrderedDict",)}
_NUMPY = ("dtype", "ndarray", "_reconstruct", "scalar", "_frombuffer")


class Found(NamedTuple):
    """What a file knows of the words that were asked for.

    Attributes:
        vectors: one row a word; zeros where the file has none.
        known: which words the file has.
        size: number of words in the file.
    """

    vectors: Float32[np.ndarray, "words features"]
    known: Bool[np.ndarray, "words"]
    size: int


def read_vectors(path: Path, words: Mapping[str, int], features: int) -> Found:
    """Read the vectors of some words; of a large file no more than those are kept in memory.

    Nothing in the file is run: KeyedVectors, which gensim pickles, are read as plain values and arrays, the arrays
    beside them memory-mapped.

    Args:
        path: KeyedVectors (its save), word2vec's text (.txt, .vec) or binary (.bin) form, with or without the
            first line of counts, also packed (.gz).
        words: each word's row.
        features: length of a vector.

    Raises:
        FerlabError: no such file, none of these forms, cut short, or vectors of another length.
    """
    if not path.is_file():
        raise FerlabError(f"word2vec.source: no file {path}; expected train, random or a local file of word vectors")
    try:
        with path.open("rb") as raw:
            begin = raw.read(2)
        if begin[:1] == b"\x80":
            return _keyed(path, words, features)
        with gzip.open(path) if begin == b"\x1f\x8b" else path.open("rb") as file:
            return _stream(file, path, words, features)
    except (OSError, EOFError, ValueError, pickle.UnpicklingError, KeyError, AttributeError, TypeError) as error:
        raise FerlabError(f"word2vec.source: {path} cannot be read as word vectors ({error})") from error


def _stream(file: Bytes, path: Path, words: Mapping[str, int], features: int) -> Found:
    first = file.readline(_LONGEST * 16)
    parts = first.split()
    counted = len(parts) == 2 and all(part.isdigit() for part in parts)
    if not counted and not _is_text(first):
        raise ValueError("its first line is neither two counts nor a word and numbers")
    length, total = (int(parts[1]), int(parts[0])) if counted else (len(parts) - 1, None)
    _expect_length(path, length, features)
    peek = file.read(1 << 16) if counted else b""
    binary = counted and not _is_text(peek)
    rows = _binary(file, peek, length, total or 0) if binary else _text(file, b"" if counted else first, peek, length)
    vectors = np.zeros((len(words), features), np.float32)
    known = np.zeros(len(words), bool)
    size = 0
    for word, vector in watched(rows, total, "reading word vectors", every=4096):
        size += 1
        row = words.get(word)
        if row is not None and not known[row]:
            vectors[row], known[row] = vector(), True
    if total is not None and size != total:
        raise ValueError(f"its first line promises {total:,} words, {size:,} are there")
    if not np.isfinite(vectors).all():
        raise ValueError("a vector holds something else than finite numbers")
    return Found(vectors, known, size)


def _is_text(data: bytes) -> bool:
    """Tell whether the second line of a file is a word and numbers in writing."""
    parts = data.split(b"\n", 1)[0].split()
    try:
        return len(parts) > 1 and all(np.isfinite(float(part)) for part in parts[1:])
    except ValueError:
        return False


def _text(file: Bytes, first: bytes, peek: bytes, length: int) -> Iterator[tuple[str, Any]]:
    lines = _lines(file, first, peek)
    for number, line in enumerate(lines, 1 if first else 2):
        if not line.strip():
            continue
        # a word may hold blanks: GloVe's has some
        parts = line.rstrip().rsplit(b" ", length)
        if len(parts) != length + 1:
            raise ValueError(f"line {number}: expected a word and {length} numbers, found {len(line.split())} entries")
        yield parts[0].decode("utf-8", "replace"), lambda parts=parts: np.array(parts[1:], np.float32)


def _lines(file: Bytes, first: bytes, peek: bytes) -> Iterator[bytes]:
    if first:
        yield first
    *whole, rest = peek.split(b"\n")
    yield from whole
    yield rest + file.readline()
    yield from file


def _binary(file: Bytes, data: bytes, length: int, total: int) -> Iterator[tuple[str, Any]]:
    at, width = 0, 4 * length
    for number in range(total):
        # a word, a blank, the numbers, and perhaps a line end
        while (end := data.find(b" ", at)) < 0 or len(data) < end + 1 + width:
            more = file.read(1 << 20)
            if not more or (end < 0 and len(data) - at > _LONGEST):
                raise ValueError(f"it ends within word {number + 1:,} of {total:,}, or is none of the known forms")
            data, at = data[at:] + more, 0
        word = data[at:end].lstrip(b"\n").decode("utf-8", "replace")
        raw = data[end + 1 : end + 1 + width]
        at = end + 1 + width
        yield word, lambda raw=raw: np.frombuffer(raw, "<f4")


class _Plain(pickle.Unpickler):
    """Reads KeyedVectors, and refuses whatever else a pickle may name."""

    def find_class(self, module: str, name: str) -> Any:
        numpy = module.split(".")[0] == "numpy" and name in _NUMPY
        if not numpy and name not in _TRUSTED.get(module, ()):
            raise pickle.UnpicklingError(
                f"it names {module}.{name}; expected KeyedVectors: model.wv.save(...) in gensim"
            )
        return super().find_class(module, name)


def _keyed(path: Path, words: Mapping[str, int], features: int) -> Found:
    with path.open("rb") as file:
        keyed = _Plain(file).load()
    if getattr(keyed, "vectors", None) is None:
        # gensim puts large arrays beside the file
        keyed.vectors = np.load(f"{path}.vectors.npy", mmap_mode="r", allow_pickle=False)
    places: dict[str, int] = keyed.key_to_index
    _expect_length(path, int(keyed.vectors.shape[1]), features)
    vectors = np.zeros((len(words), features), np.float32)
    known = np.zeros(len(words), bool)
    for word, row in words.items():
        if (place := places.get(word)) is not None:
            vectors[row], known[row] = keyed.vectors[place], True
    return Found(vectors, known, len(places))


def _expect_length(path: Path, length: int, features: int) -> None:
    if length != features:
        raise FerlabError(
            f"word2vec.source: {path} holds vectors of {length} numbers, the network's words have {features}; "
            f"cure: model.net.features={length}, or another file"
        )
