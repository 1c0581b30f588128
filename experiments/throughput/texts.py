"""D2's cleaning of texts by ferlab, by HanTa as it comes, and by NLTK's chain where NLTK and its data are here."""

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.text.cleaning import Cleaning, clean
from ferlab.text.contractions import expand
from ferlab.text.stop_words import stop_words
from ferlab.text.tokens import sentences, straightened

# what NLTK's own tokenizer, tagger, lemmatizer and stop words read
_DATA = (
    "tokenizers/punkt_tab",
    "taggers/averaged_perceptron_tagger_eng",
    "corpora/wordnet",
    "corpora/stopwords",
)


def missing() -> str | None:
    """Return what NLTK's chain lacks on this machine; None where it can run."""
    try:
        import nltk
    except ImportError:
        return "nltk is not installed (pip install nltk, and its data in a folder that NLTK_DATA names)"
    for name in _DATA:
        try:
            nltk.data.find(name)
        except LookupError:
            # wordnet may lie there packed
            try:
                nltk.data.find(f"{name}.zip")
            except LookupError:
                return f"NLTK's data lack {name}; expected it in a folder that NLTK_DATA names"
    return None


def texts(count: int | None) -> list[str]:
    """Return the essays, or made ones where FERLAB_DATA does not hold them.

    Args:
        count: how many; None: all.
    """
    name = "essays" if os.environ.get("FERLAB_DATA") else "synthetic_essays"
    found = build(plain(compose("train", [f"data={name}"]))["data"]).load().x.tolist()
    return [str(text) for text in found[:count]]


def ferlab(count: int | None, cores: int | None = None) -> tuple[float, float]:
    """Return words a second and seconds, the cache empty; processes and the tagger are started within.

    Args:
        count: texts; None: all.
        cores: that it may use; None: all of them.
    """
    given = texts(count)
    before = os.sched_getaffinity(0)
    kept = os.environ.get("FERLAB_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FERLAB_CACHE"] = folder
        os.sched_setaffinity(0, sorted(before)[:cores])
        try:
            return _rate(given, lambda: clean(given, Cleaning()))
        finally:
            os.sched_setaffinity(0, before)
            os.environ.pop("FERLAB_CACHE")
            if kept is not None:
                os.environ["FERLAB_CACHE"] = kept


def hanta(count: int | None) -> tuple[float, float]:
    """Return words a second and seconds of the same chain with HanTa's own search, sentence by sentence."""
    from HanTa.HanoverTagger import HanoverTagger

    given = texts(count)
    tagger = HanoverTagger("morphmodel_en.pgz")
    left_out = stop_words("english")

    def once(text: str) -> list[str]:
        words = []
        for sentence in sentences(expand(straightened(text))):
            for word, lemma, _ in tagger.tag_sent(sentence):
                if word[0].isalnum() and word.lower() not in left_out:
                    words.append(lemma.lower())
        return words

    return _rate(given, partial(_each, once, given))


def nltk(count: int | None) -> tuple[float, float]:
    """Return words a second and seconds of NLTK's chain; contractions are expanded as ferlab does."""
    from nltk import pos_tag, word_tokenize
    from nltk.corpus import stopwords
    from nltk.stem import WordNetLemmatizer

    given = texts(count)
    lemmatizer, left_out = WordNetLemmatizer(), set(stopwords.words("english"))
    kinds = {"J": "a", "V": "v", "R": "r"}

    def once(text: str) -> list[str]:
        tokens = word_tokenize(expand(straightened(text)))
        words = [word.lower() for word in tokens if any(letter.isalnum() for letter in word)]
        words = [word for word in words if word not in left_out]
        return [lemmatizer.lemmatize(word, kinds.get(tag[0], "n")) for word, tag in pos_tag(words)]

    once(given[0])  # its data are read by then
    return _rate(given, partial(_each, once, given))


def _each(once: Callable[[str], list[str]], given: list[str]) -> list[list[str]]:
    return [once(text) for text in given]


def _rate(given: list[str], take: Callable[[], object]) -> tuple[float, float]:
    begun = time.perf_counter()
    take()
    seconds = time.perf_counter() - begun
    return sum(len(text.split()) for text in given) / seconds, seconds
