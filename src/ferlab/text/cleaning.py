"""Cleaning: from a raw text to its words, as document D2 lists the steps; cached by content, on all cores."""

import hashlib
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np

from ferlab.cache import Arrays, cached
from ferlab.errors import FerlabError
from ferlab.progress import watched
from ferlab.text import tagger
from ferlab.text.contractions import expand
from ferlab.text.stop_words import stop_words
from ferlab.text.tokens import sentences, straightened

VERSION = 1  # raised when the same options give other words
PUNCTUATION = ("remove", "keep")
# characters that one process is given at a time, and from how many on a second process is worth its start
_CHUNK, _MANY = 200_000, 1_000_000


@dataclass(frozen=True)
class Cleaning:
    """What becomes of a text before its words are counted.

    Tags and lemmas are found on whole sentences as they were written, before anything is left out: a tagger reads
    what stands beside a word. Stop words are compared as they stand, not by their lemmas.

    Attributes:
        contractions: expand them: "can't" to "cannot", "they've" to "they have"; possessive 's goes.
        punctuation: "remove", symbols and emoji with it, or "keep", each a word of its own.
        lower: lower case; with lemmas always.
        stop_words: words to leave out: "english" (146 function words), "sklearn" (scikit-learn's 318), a list of
            words, or None: none.
        lemmas: each word's dictionary form by its part of speech: "better" as adjective to "good".
        tags: each word carries its part of speech (CLAWS5): "love/NN1" and "love/VVB" are two words.

    Raises:
        FerlabError: an option has no meaning.
    """

    contractions: bool = True
    punctuation: str = "remove"
    lower: bool = True
    stop_words: str | list[str] | None = "english"
    lemmas: bool = True
    tags: bool = False

    def __post_init__(self) -> None:
        if self.punctuation not in PUNCTUATION:
            raise FerlabError(f"cleaning.punctuation: expected {' or '.join(PUNCTUATION)}, found {self.punctuation!r}")
        stop_words(self.stop_words)


def clean(texts: Sequence[str], options: Cleaning, note: str = "cleaning texts") -> list[list[str]]:
    """Return the words of each text; from the cache where the same texts were cleaned before.

    Args:
        texts: as written, of any length; one may be empty.
        options: what becomes of them.
        note: what the progress bar says.

    Returns:
        A list of words a text; empty where nothing is left.
    """
    if sum(map(len, texts)) < _CHUNK:
        words = _Words(options)
        return [words(text) for text in texts]
    digest = hashlib.sha256()
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little") + raw)
    key = {"texts": digest.hexdigest(), "options": asdict(options), "version": [VERSION, tagger.VERSION]}
    if options.lemmas or options.tags:
        key["tagger"] = tagger.release()
    return _unpacked(cached("cleaned_texts", key, lambda: _packed(watched(_each(texts, options), len(texts), note))))


def _each(texts: Sequence[str], options: Cleaning) -> Iterator[list[str]]:
    """Clean text after text, on all cores where there are many."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = min(cores, sum(map(len, texts)) // _MANY + 1)
    if workers < 2:
        words = _Words(options)
        yield from map(words, texts)
        return
    from joblib.externals.loky import ProcessPoolExecutor  # type: ignore[import-untyped]

    # processes, for all of it is Python; each starts afresh: forking under torch's threads is not safe
    pool = ProcessPoolExecutor(max_workers=workers)
    cleaning: list[Future[list[list[str]]]] = []
    try:
        with _deaf():
            cleaning.extend(pool.submit(_chunk, chunk, options) for chunk in _chunks(texts))
        for cleaned in cleaning:
            yield from cleaned.result()
    finally:
        # what has begun comes to its end, a moment; killed workers make the pool's own thread complain
        for waiting in cleaning:
            waiting.cancel()
        pool.shutdown(wait=True)


@contextmanager
def _deaf() -> Iterator[None]:
    """Let processes that start meanwhile never hear of Ctrl-C: whoever started them ends them.

    Ignored, not blocked: joblib unblocks the signal when it starts its first process.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for text in texts:
        chunk.append(text)
        size += len(text)
        if size >= _CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _chunk(texts: list[str], options: Cleaning) -> list[list[str]]:
    """Clean a share of the texts in another process."""
    words = _Words(options)
    return [words(text) for text in texts]


class _Words:
    """The whole chain for one text."""

    def __init__(self, options: Cleaning) -> None:
        self.options, self.left_out = options, stop_words(options.stop_words)

    def __call__(self, text: str) -> list[str]:
        options = self.options
        text = straightened(text)
        if options.contractions:
            text = expand(text)
        found: list[str] = []
        for sentence in sentences(text):
            tagged = tagger.tagger().tag(sentence) if options.lemmas or options.tags else None
            for i, word in enumerate(sentence):
                plain = word.lower()
                if plain in self.left_out or not (word[0].isalnum() or options.punctuation == "keep"):
                    continue
                written = plain if options.lower else word
                if tagged is not None:
                    lemma, tag = tagged[i]
                    written = (lemma if options.lemmas else written) + (f"/{tag}" if options.tags else "")
                found.append(written)
        return found


def _packed(texts: Iterator[list[str]]) -> Arrays:
    numbers: dict[str, int] = {}
    ids = [np.array([numbers.setdefault(word, len(numbers)) for word in text], np.int32) for text in texts]
    # a word holds no line end
    words = np.frombuffer("\n".join(numbers).encode("utf-8", "surrogatepass"), np.uint8)
    return {
        "words": words,
        "ids": np.concatenate([np.zeros(0, np.int32), *ids]),
        "lengths": np.array([len(text) for text in ids], np.int64),
    }


def _unpacked(arrays: Arrays) -> list[list[str]]:
    words = arrays["words"].tobytes().decode("utf-8", "surrogatepass").split("\n")
    parts = np.split(np.asarray(arrays["ids"]), np.cumsum(arrays["lengths"])[:-1])
    return [[words[i] for i in part.tolist()] for part in parts]
