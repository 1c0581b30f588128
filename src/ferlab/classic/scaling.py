"""Scaling of features: what `conf/scaling` names, as scikit-learn's transformers; fitted on training rows alone."""

from typing import Any


def standard(with_mean: bool = True, with_std: bool = True) -> Any:
    """Return the z-score: each feature less its mean, divided by its standard deviation.

    Args:
        with_mean: subtract the mean; never done to sparse features, which would no longer be sparse.
        with_std: divide by the standard deviation.
    """
    from sklearn.preprocessing import StandardScaler

    return StandardScaler(with_mean=with_mean, with_std=with_std)


def minmax(low: float | int = 0.0, high: float | int = 1.0) -> Any:
    """Return the scaling of each feature's smallest and largest training value to `low` and `high`."""
    from sklearn.preprocessing import MinMaxScaler

    return MinMaxScaler((low, high))


def max_abs() -> Any:
    """Return the division of each feature by its largest absolute value; keeps sparse features sparse."""
    from sklearn.preprocessing import MaxAbsScaler

    return MaxAbsScaler()


def unit(norm: str = "l2") -> Any:
    """Return the scaling of each sample's features to a length of one.

    Args:
        norm: l2 (Euclid's), l1 (sum of absolute values) or max.
    """
    from sklearn.preprocessing import Normalizer

    return Normalizer(norm)
