"""What a prediction needs of fitted steps and classifiers: copies without the rest, ready to be written."""

import copy
from typing import Any

import numpy as np

from ferlab.classic.svm.kernel_svc import KernelSvc

# of our own machine: how it was fitted
FITTING = ("n_iter_", "plan_", "support_")


def slim(fitted: Any) -> Any:
    """Return a copy of a fitted step or classifier that predicts the same, with less in it; the original stays.

    What goes: an SVM's row numbers and, of a linear one, its coefficients of support vectors; the impurities and counts
    of trees; the index of near neighbours, which `whole` builds again; a selection's judge.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.feature_selection import RFE, SelectKBest
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.tree import DecisionTreeClassifier

    out = copy.copy(fitted)
    if isinstance(out, KernelSvc):
        gone = (*FITTING, "dual_coef_", "n_support_") if out.kernel == "linear" else FITTING
        for name in gone:
            out.__dict__.pop(name, None)
    elif isinstance(out, KNeighborsClassifier):
        out._tree = None
    elif isinstance(out, SelectKBest):
        out.score_func = None
    elif isinstance(out, RFE):
        out.estimator_ = None
    elif isinstance(out, HistGradientBoostingClassifier):
        out._feature_subsample_rng = None
    elif isinstance(out, DecisionTreeClassifier):
        out.tree_ = _bare(out.tree_)
    elif isinstance(out, RandomForestClassifier):
        out.estimators_ = [slim(tree) for tree in out.estimators_]
    return out


def whole(loaded: Any) -> Any:
    """Return what `slim` made, as it was read from a file, ready to predict."""
    from sklearn.neighbors import KNeighborsClassifier

    if isinstance(loaded, KNeighborsClassifier) and loaded._fit_method in ("kd_tree", "ball_tree"):
        return loaded.fit(loaded._fit_X, loaded.classes_[loaded._y])
    return loaded


def _bare(tree: Any) -> Any:
    """Return a tree without what only its drawing tells: zeros, which take no room in a compressed file."""
    make, sizes, state = tree.__reduce__()
    nodes = state["nodes"].copy()
    for name in ("impurity", "n_node_samples", "weighted_n_node_samples"):
        nodes[name] = np.zeros((), nodes.dtype[name])
    bare = make(*sizes)
    bare.__setstate__({**state, "nodes": nodes})
    return bare
