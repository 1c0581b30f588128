"""What a classic model's file may hold: these types alone, and trees that lead nowhere but downwards.

skops itself trusts every estimator of scikit-learn; ferlab writes a few of them, and reads no others.
"""

import json
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

SCHEMA, PROTOCOL = "schema.json", 2
# how skops rebuilds what it wrote; those that call functions, methods or constructors are not among them
LOADERS = {
    *("CachedNode", "DictNode", "JsonNode", "ListNode", "LossNode", "NdArrayNode", "ObjectNode"),
    *("SparseMatrixNode", "TreeNode", "TupleNode", "TypeNode"),
}
OWN = (
    "ferlab.classic.stepwise.Stepwise",
    "ferlab.classic.svm.kernel.Kernel",
    "ferlab.classic.svm.kernel_svc.KernelSvc",
)
# what skops does not trust by itself; of the trees `check_trees` looks at every node
BEYOND = (
    *OWN,
    "scipy.sparse._csr.csr_array",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
PLAIN = ("bool", "dict", "float", "int", "list", "str", "tuple")
SCIKIT_LEARN = (
    *("_loss._loss.CyHalfBinomialLoss", "_loss._loss.CyHalfMultinomialLoss", "_loss.link.Interval"),
    *("_loss.link.LogitLink", "_loss.link.MultinomialLogit", "_loss.loss.HalfBinomialLoss"),
    *("_loss.loss.HalfMultinomialLoss", "decomposition._pca.PCA", "decomposition._truncated_svd.TruncatedSVD"),
    *("discriminant_analysis.LinearDiscriminantAnalysis", "ensemble._forest.RandomForestClassifier"),
    "ensemble._hist_gradient_boosting.binning._BinMapper",
    "ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
    *("feature_selection._rfe.RFE", "feature_selection._univariate_selection.SelectKBest"),
    *("linear_model._logistic.LogisticRegression", "naive_bayes.ComplementNB", "naive_bayes.GaussianNB"),
    *("naive_bayes.MultinomialNB", "neighbors._classification.KNeighborsClassifier"),
    *("preprocessing._data.MaxAbsScaler", "preprocessing._data.MinMaxScaler", "preprocessing._data.Normalizer"),
    *("preprocessing._data.StandardScaler", "preprocessing._label.LabelEncoder", "svm._classes.LinearSVC"),
    "tree._classes.DecisionTreeClassifier",
)
TYPES = {
    *BEYOND,
    *(f"builtins.{name}" for name in PLAIN),
    *(f"sklearn.{name}" for name in SCIKIT_LEARN),
    "numpy.ndarray",
}
# numbers that stand alone: numpy.float32, say
SCALARS = {f"numpy.{np.dtype(code).name}" for code in "?bhilqBHILQefd"}


def refused(archive: zipfile.ZipFile) -> list[str]:
    """Return what a skops file names beyond the trusted types, sorted; empty: it may be loaded.

    Raises:
        KeyError: there is no schema in it.
        ValueError: the schema is no JSON.
    """
    schema = json.loads(archive.read(SCHEMA))
    found = set() if schema.get("protocol") == PROTOCOL else {f"skops protocol {schema.get('protocol')!r}"}
    for loader, name in _nodes(schema):
        if loader not in LOADERS:
            found.add(f"{name} by {loader}")
        # JSON is plain whatever it is called
        elif loader != "JsonNode" and name not in TYPES and not (loader == "NdArrayNode" and name in SCALARS):
            found.add(name)
    return sorted(found)


def _nodes(state: Any) -> Iterator[tuple[Any, str]]:
    pending = [state]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            if "__loader__" in one or "__class__" in one:
                yield one.get("__loader__"), f"{one.get('__module__')}.{one.get('__class__')}"
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)


def check_trees(estimator: Any) -> None:
    """Refuse trees that scikit-learn would follow out of their own memory, or for ever.

    Raises:
        ValueError: a node whose children do not stand behind it within the tree, or that asks for no feature.
    """
    for nodes, leaf, features in _tables(estimator):
        rows = np.arange(len(nodes))
        children = np.stack([nodes[name].astype(np.int64) for name in _CHILDREN[leaf.dtype.kind]], axis=1)
        asked = nodes["feature" if leaf.dtype.kind == "i" else "feature_idx"].astype(np.int64)
        inner = ~(leaf < 0 if leaf.dtype.kind == "i" else leaf.astype(bool))
        right = (children > rows[:, None]) & (children < len(nodes))
        within = (asked >= 0) & (asked < features)
        if not len(nodes) or not (right.all(1) & within)[inner].all():
            raise ValueError("a tree's nodes lead out of it")


_CHILDREN = {"i": ("left_child", "right_child"), "u": ("left", "right")}


def _tables(estimator: Any) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Yield each tree's nodes, what tells its leaves (a child below 0, or a mark), and how many features there are."""
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

    if isinstance(estimator, HistGradientBoostingClassifier):
        for one in (tree for trees in estimator._predictors for tree in trees):
            yield one.nodes, one.nodes["is_leaf"], estimator.n_features_in_
    elif isinstance(estimator, RandomForestClassifier | DecisionTreeClassifier):
        for one in getattr(estimator, "estimators_", [estimator]):
            nodes = one.tree_.__getstate__()["nodes"]
            yield nodes, nodes["left_child"], min(one.tree_.n_features, estimator.n_features_in_)
