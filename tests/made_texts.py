"""Texts, a small trained net and its rows, for tests of what is shown of texts."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from ferlab.evaluation.figures.style import Caption
from ferlab.evaluation.looking.pictures import Pictures
from ferlab.evaluation.rows import Rows, write_rows
from ferlab.models.word_bags import WordBags
from ferlab.text.cleaning import Cleaning
from ferlab.transforms.text import Text

NAMES = ("EXT", "NEU")
CAPTION = Caption("texts", "word_bags", 0, noun="texts")
PLAIN = Cleaning(contractions=False, stop_words=None, lemmas=False)


def raw_texts(n: int = 40) -> tuple[list[str], np.ndarray]:
    """Texts in which `party` stands where EXT is true, `worry` where NEU is, among words that tell nothing."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (n, 2))
    texts = []
    for row in labels:
        words = [str(word) for word in rng.choice(["tree", "stone", "<b>", "river", "cloud", "$5"], 12)]
        words += ["party"] * int(row[0]) + ["worry"] * int(row[1])
        texts.append(" ".join(str(word) for word in rng.permutation(words)) + ".")
    return texts, labels.astype(np.int64)


def front(texts: list[str], tokens: int = 20) -> Text:
    """The preprocessing, its vocabulary learnt from the texts."""
    from ferlab.text.cleaning import clean

    bare = Text((), PLAIN, tokens=tokens)
    return Text((), PLAIN, tokens=tokens, **bare.learn(clean(texts, PLAIN)))


def knowing(preprocess: Text) -> nn.Module:
    """A net that goes by `party` and `worry` alone."""
    net = WordBags(preprocess.output_shape, 2, pairs=0, pieces=0)
    assert preprocess.vocabulary is not None
    with torch.no_grad():
        for output, word in enumerate(("party", "worry")):
            net.bag.weight[output, preprocess.vocabulary.index(word) + 2] = 2.0
        net.bag.bias.fill_(-1.5)
    return net.eval()


def pictures(n: int = 40) -> Pictures:
    """Texts and the net that knows them; the second half is the test part."""
    texts, labels = raw_texts(n)
    x = np.empty(n, dtype=object)
    x[:] = texts
    preprocess = front(texts)
    return Pictures(x, labels, np.arange(n // 2), np.arange(n // 2, n), preprocess, knowing(preprocess))


def rows(made: Pictures, folder: Path) -> Rows:
    """What the net says of the test texts, as a run writes it."""
    preprocess = made.preprocess
    assert isinstance(preprocess, Text)
    raw = [str(made.x[i]) for i in made.test]
    with torch.no_grad():
        p = made.net(torch.from_numpy(preprocess.encode(raw)).long()).sigmoid().numpy()
    spec = {"kind": "multilabel", "labels": list(NAMES), "modality": "text", "shape": []}
    meta = {"spec": spec, "synthetic": False, "data": "texts", "protocol": {}, "people": [], "thresholds": {}}
    meta["thresholds"] = dict.fromkeys(NAMES, 0.5)
    ids = [f"author_{i}" for i in made.test]
    return write_rows(folder / "rows.parquet", ids, ["test"] * len(ids), made.labels[made.test], p, meta)
