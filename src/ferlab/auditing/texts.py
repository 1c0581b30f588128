"""What is wrong with a set of texts: copies, contradicting labels, balance, telling lengths, odd characters."""

import re
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from ferlab.data.copies import Pairs, joined, same_content
from ferlab.data.samples import Samples

#: of the runs of so many words of the shorter text, this share stands in the other one too: a text taken over
RUN, SHARED = 5, 0.5
#: below, a few usual phrases would be half a text
_LEAST_RUNS = 20
# a run of words that so many texts have is a usual phrase
_USUAL = 50
_ODD = {
    "replacement characters": re.compile("\ufffd"),
    "control characters": re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"),
    "UTF-8 read as Western text": re.compile("\u00e2\u20ac|\u00c3[\u0080-\u00bf]|\u00c2[\u00a0-\u00bf]"),
    "Mac apostrophes read as Western text": re.compile(r"[A-Za-z]\u00d5[a-z]"),
    "no Latin letter": re.compile(r"\A[^A-Za-z]*\Z"),
}


def look_at_texts(samples: Samples) -> dict[str, Any]:
    """Measure a set of texts.

    Returns:
        What stands in audit.json beside "data" and "cost": "copies", "contradictions", "balance", "lengths", "odd",
        "authors", "ids"; plain values. No text of the set is in it.
    """
    copies, reused = same_content(samples.x), reused_pairs(samples)
    table, names = _label_table(samples)
    lengths = np.array([len(text.split()) for text in samples.x], np.int64)
    odd = {name: np.flatnonzero([mark.search(t) is not None for t in samples.x]) for name, mark in _ODD.items()}
    ids = samples.ids.astype(str)
    contrary = copies.pairs[(table[copies.pairs[:, 0]] != table[copies.pairs[:, 1]]).any(1)]
    return {
        "copies": _copies(samples, copies, reused),
        "contradictions": {
            "pairs": len(contrary),
            "of_pairs": len(copies.pairs),
            "by_label": {
                n: int((table[contrary[:, 0], k] != table[contrary[:, 1], k]).sum()) for k, n in enumerate(names)
            },
        },
        "balance": _balance(samples, table, names),
        "lengths": _lengths(lengths, table, names),
        "odd": {name: len(found) for name, found in odd.items()},
        "authors": _authors(samples),
        "ids": {
            "exact_pairs": ids[copies.pairs[copies.exact]].tolist(),
            "same_but_for_case_and_space": ids[copies.pairs[~copies.exact]].tolist(),
            "reused_pairs": ids[reused].tolist(),
            "contradicting_pairs": ids[contrary].tolist(),
            **{name: ids[found].tolist() for name, found in odd.items()},
        },
    }


def reused_pairs(samples: Samples) -> Int64[np.ndarray, "pair 2"]:
    """Find pairs of texts of which one has taken over at least half of the other, runs of five words being compared.

    Case and punctuation do not count; copies of whole texts are among the pairs.
    """
    from scipy.sparse import csr_array

    rows: list[np.ndarray] = []
    for text in samples.x:
        words = re.findall(r"[^\W_]+", text.casefold())
        runs = zip(*(words[k:] for k in range(RUN)), strict=False)
        # of one process alone, and 64 bits: whole runs would take ten times the memory
        rows.append(np.unique(np.fromiter(map(hash, runs), np.int64)))
    own = np.array([len(row) for row in rows], np.int64)
    _, columns, counts = np.unique(np.concatenate(rows), return_inverse=True, return_counts=True)
    keep = counts[columns] <= _USUAL
    where = np.repeat(np.arange(len(rows)), own)[keep]
    x = csr_array((np.ones(len(where), np.int32), (where, columns[keep])), shape=(len(rows), len(counts)))
    shared = (x @ x.T).tocoo()
    one, other = shared.coords
    least = np.minimum(own[one], own[other])
    taken = (one < other) & (least >= _LEAST_RUNS) & (shared.data >= SHARED * least)
    pairs = np.stack([one[taken], other[taken]], 1).astype(np.int64)
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])


def _label_table(samples: Samples) -> tuple[Bool[np.ndarray, "sample label"], tuple[str, ...]]:
    """Return of every label, or class, whether it is true of each text; of a binary task the positive class alone."""
    if samples.labels.ndim == 2:
        return samples.labels.astype(bool), samples.spec.labels
    classes = [1] if samples.spec.kind == "binary" else range(len(samples.spec.labels))
    return np.stack([samples.labels == k for k in classes], 1), tuple(samples.spec.labels[k] for k in classes)


def _copies(samples: Samples, copies: Pairs, reused: Int64[np.ndarray, "pair 2"]) -> dict[str, Any]:
    every = np.unique(np.concatenate([copies.pairs, reused]), axis=0)
    sizes = np.bincount(joined(every, len(samples)))
    return {
        "exact": int(copies.exact.sum()),
        "same_but_for_case_and_space": int((~copies.exact).sum()),
        "reused": len(reused),
        "groups": int((sizes > 1).sum()),
        "largest": int(sizes.max()),
        "texts": int(sizes[sizes > 1].sum()),
        "across_splits": int((samples.splits[every[:, 0]] != samples.splits[every[:, 1]]).sum()),
    }


def _balance(samples: Samples, table: Bool[np.ndarray, "sample label"], names: tuple[str, ...]) -> dict[str, Any]:
    """Count the texts with each label; of several labels a text also their patterns and how labels go together."""
    patterns = np.unique(table, axis=0, return_counts=True)[1]
    together = {}
    if samples.labels.ndim == 2 and len(names) > 1:
        spread = table.std(0)
        with np.errstate(invalid="ignore", divide="ignore"):
            phi = np.cov(table.T.astype(float), bias=True) / np.outer(spread, spread)
        together = {
            f"{names[i]}, {names[j]}": float(phi[i, j])
            for i, j in zip(*np.triu_indices(len(names), 1), strict=True)
            if np.isfinite(phi[i, j])
        }
    return {
        "texts": len(samples),
        "with": {name: int(count) for name, count in zip(names, table.sum(0), strict=True)},
        "patterns": {"number": len(patterns), "rarest": int(patterns.min()), "commonest": int(patterns.max())},
        "phi": together,
    }


def _lengths(
    words: Int64[np.ndarray, "sample"], table: Bool[np.ndarray, "sample label"], names: tuple[str, ...]
) -> dict[str, Any]:
    """Describe the lengths, and how well length alone tells each label: AUROC, and p of Mann and Whitney's test."""
    from scipy.stats import mannwhitneyu

    tells = {}
    for name, of in zip(names, table.T, strict=True):
        if 0 < of.sum() < len(of):
            result = mannwhitneyu(words[of], words[~of])
            tells[name] = {
                "median_with": float(np.median(words[of])),
                "median_without": float(np.median(words[~of])),
                "auroc": float(result.statistic / (of.sum() * (~of).sum())),
                "p": float(result.pvalue),
            }
    quantiles: Float64[np.ndarray, 5] = np.quantile(words, [0, 0.25, 0.5, 0.75, 1])
    named = dict(
        zip(("shortest", "lower_quartile", "median", "upper_quartile", "longest"), quantiles.tolist(), strict=True)
    )
    return {"words": int(words.sum()), **named, "tells": tells}


def _authors(samples: Samples) -> dict[str, dict[str, int]]:
    out = {}
    for column in samples.people:
        counts = np.unique(np.asarray(samples.columns[column]).astype(str), return_counts=True)[1]
        out[column] = {"number": len(counts), "most_texts": int(counts.max())}
    return out
