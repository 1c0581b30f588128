"""The figures and explanations of a run on texts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ferlab.evaluation.figures.style import Caption
from ferlab.evaluation.figures.text_figures import frequent_words_figure, lengths_figure, plain_words
from ferlab.evaluation.looking.coloured_texts import coloured_texts, write_page
from ferlab.evaluation.looking.explained_texts import answers, attributed
from ferlab.evaluation.looking.explaining import Options
from ferlab.evaluation.looking.moving_words import moving_words, words_figure, write_words
from ferlab.evaluation.looking.pictures import Pictures
from ferlab.evaluation.looking.word_games import word_games
from ferlab.evaluation.rows import Rows
from ferlab.explain.methods import WORDS
from ferlab.explain.tokens import METHODS
from ferlab.text.cleaning import clean
from ferlab.transforms.text import Text

COLOURED, OVER = 12, 256
"""Texts on the page of coloured words, and texts over which words are averaged."""
Keep = Callable[[str, Figure], None]


def draw_text_figures(pictures: Pictures, names: tuple[str, ...], caption: Caption, keep: Keep) -> None:
    """Draw how long the training texts are, by label, and their most frequent words.

    Args:
        pictures: texts and model.
        names: of the labels or classes.
        caption: for the footers.
        keep: takes each figure's name and the figure.
    """
    front, train = _front(pictures), pictures.train
    raw = [str(pictures.x[i]) for i in train]
    before = [plain_words(text) for text in raw]
    # of all texts, as they were cleaned for the network: that stands in the cache
    everything = clean([str(text) for text in pictures.x], front.cleaning)
    after = [everything[i] for i in train]
    labels = pictures.labels[train]
    true = labels == 1 if labels.ndim == 2 else labels[:, None] == np.arange(len(names))
    lengths, read = (np.array([len(words) for words in some]) for some in (before, after))
    keep("text_lengths", lengths_figure(lengths, read, true, names, front.tokens, caption))
    keep("frequent_words", frequent_words_figure(before, after, len(raw), caption))


def usable(options: Options) -> tuple[str, ...]:
    """Return the methods that texts allow; integrated gradients where none was asked for that does."""
    return tuple(method for method in options.methods if method in METHODS) or METHODS[:1]


def explain_texts(
    folder: Path,
    pictures: Pictures,
    test: Rows,
    caption: Caption,
    keep: Keep,
    options: Options,
    say: Callable[[str], object] = lambda _: None,
) -> dict[str, Any]:
    """Write what words the net goes by: a page of coloured texts, and the words that move each label most.

    Args:
        folder: where texts.html and words.csv go.
        pictures: texts and model.
        test: the rows of the test texts.
        caption: for the footers.
        keep: takes each figure's name and the figure.
        options: what to explain and how.
        say: told what is being computed.

    Returns:
        Plain values: "methods", "left_out", "page", "words" (`moving_words` of the first method, the surest of each
        label), "words_over" (texts), "labels", and with checks "word_games" (`word_games.word_games`).

    Raises:
        FerlabError: no such label, or a method that the net does not allow.
    """
    front, said, methods = _front(pictures), answers(test), usable(options)
    first = 0 if options.target is None or options.target not in said.names else said.names.index(options.target)
    found: dict[str, Any] = {"methods": list(methods), "labels": list(said.names)}
    found["left_out"] = [method for method in options.methods if method not in methods]
    chosen = _spread(len(said.ids), OVER)
    ids = _ids(pictures, chosen, front)
    vocabulary = front.vocabulary or []
    # occlusion asks the net once for each word: it is kept to the texts that are shown
    gradients = METHODS[0] in methods
    if gradients:
        say(f"explaining: {WORDS[METHODS[0]]} of {len(chosen)} texts")
        over, method = attributed(pictures.net, ids, METHODS[0]), METHODS[0]
    else:
        chosen = _spread(len(said.ids), min(OVER, options.images))
        ids = _ids(pictures, chosen, front)
        say(f"explaining: {WORDS['occlusion']} of {len(chosen)} texts")
        over, method = attributed(pictures.net, ids, "occlusion"), "occlusion"
    words = moving_words(ids, over, vocabulary, said.names)
    write_words(words, folder / "words.csv")
    found |= {"words_over": len(chosen), "words_method": method, "words": _surest(words, said.names)}
    keep("words", words_figure(words, said.names, len(chosen), caption))
    say("explaining: coloured texts")
    few = _spread(len(chosen), COLOURED)
    raw = [str(pictures.x[i]) for i in pictures.test[chosen[few]]]
    page = coloured_texts(raw, ids[few], over[few], said.take(chosen[few]), front, method, caption, first)
    found["page"] = write_page(page, folder / "texts.html").name
    if options.checks:
        some = _spread(len(chosen), options.images)
        say(f"explaining: {len(some)} texts without their strongest words")
        asked = {name: over[some] if name == method else attributed(pictures.net, ids[some], name) for name in methods}
        found["word_games"] = word_games(pictures.net, ids[some], asked)
    return found


def _surest(words: list[dict[str, Any]], names: tuple[str, ...], most: int = 20) -> list[dict[str, Any]]:
    """Return each label's surest words in both directions: those of one alone would hide the other."""
    found: list[dict[str, Any]] = []
    for name in names:
        own = [one for one in words if one["label"] == name]
        for sign in (1, -1):
            found += [one for one in own if sign * one["value"] > 0][:most]
    return found


def _front(pictures: Pictures) -> Text:
    assert isinstance(pictures.preprocess, Text)
    return pictures.preprocess


def _ids(pictures: Pictures, chosen: np.ndarray, front: Text) -> np.ndarray:
    """Return the numbers of test texts' words, computed already where the run has them."""
    places = pictures.test[chosen]
    if pictures.ids is not None:
        return np.asarray(pictures.ids[places])
    return front.encode([str(pictures.x[i]) for i in places])


def _spread(n: int, most: int) -> np.ndarray:
    """Return positions spread evenly from the first to the last."""
    return np.linspace(0, n - 1, min(most, n)).astype(np.int64)
