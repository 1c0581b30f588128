"""Class balance of every split, and whether the splits' class distributions differ (Pearson's chi-square)."""

from typing import Any

import numpy as np

from ferlab.auditing.duplicates import split_names
from ferlab.data.samples import Samples


def class_balance(samples: Samples) -> dict[str, Any]:
    """Count the classes of every split and test whether their shares differ between the splits.

    Returns:
        "counts" by split and class; "ratio" of the largest to the smallest class of each split, None where a class is
        missing there; "test": chi-square, degrees of freedom, p and Cramer's V (0 alike .. 1), None with one split. Few
        expected images make p inexact: "smallest_expected" tells.
    """
    from scipy.stats import chi2_contingency
    from scipy.stats.contingency import association

    names = split_names(samples)
    classes = len(samples.spec.labels)
    table = np.stack([np.bincount(samples.labels[samples.splits == name], minlength=classes) for name in names])
    filled = table[:, table.sum(0) > 0]
    test = None
    if len(names) > 1 and filled.shape[1] > 1:
        result = chi2_contingency(filled)
        test = {
            "chi_square": float(result.statistic),
            "degrees": int(result.dof),
            "p": float(result.pvalue),
            "cramers_v": float(association(filled, method="cramer")),
            "smallest_expected": float(result.expected_freq.min()),
        }
    return {
        "counts": {
            name: dict(zip(samples.spec.labels, map(int, row), strict=True))
            for name, row in zip(names, table, strict=True)
        },
        "ratio": {
            name: float(row.max() / row.min()) if row.min() else None for name, row in zip(names, table, strict=True)
        },
        "test": test,
    }
