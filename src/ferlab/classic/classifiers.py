"""The classifiers that `conf/classifier` names, as scikit-learn's; all take `seed`, and draw from it alone."""

import os
from typing import Any


def svm(
    kernel: str = "rbf",
    C: float | int = 1.0,  # noqa: N803 (the field's name)
    gamma: float | int | str = "scale",
    degree: int = 3,
    coef0: float | int = 0.0,
    tol: float | int = 1e-3,
    memory_mb: int | float | None = None,
    seed: int = 0,
) -> Any:
    """Return a kernel support vector machine, one against one, whose decision is the largest of its values."""
    from ferlab.classic.svm.kernel_svc import KernelSvc

    del seed  # it draws nothing
    return KernelSvc(
        C=C, kernel=kernel, gamma=gamma, degree=degree, coef0=coef0, tol=tol, memory_mb=memory_mb, break_ties=True
    )


def linear_svc(
    C: float | int = 1.0,  # noqa: N803 (the field's name)
    loss: str = "squared_hinge",
    max_iter: int = 5000,
    tol: float | int = 1e-4,
    seed: int = 0,
) -> Any:
    """Return a linear support vector machine, one against the rest, for sparse features and many samples."""
    from sklearn.svm import LinearSVC

    return LinearSVC(C=C, loss=loss, max_iter=max_iter, tol=tol, dual="auto", random_state=seed)


def logistic_regression(
    C: float | int = 1.0,  # noqa: N803 (the field's name)
    max_iter: int = 1000,
    tol: float | int = 1e-4,
    seed: int = 0,
) -> Any:
    """Return multinomial logistic regression with an L2 penalty."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=C, max_iter=max_iter, tol=tol, random_state=seed)


def knn(
    n_neighbors: int = 5,
    weights: str = "uniform",
    metric: str = "minkowski",
    p: float | int = 2,
    cores: int | None = None,
    seed: int = 0,
) -> Any:
    """Return k nearest neighbours."""
    from sklearn.neighbors import KNeighborsClassifier

    del seed  # it draws nothing
    return KNeighborsClassifier(n_neighbors, weights=weights, metric=metric, p=p, n_jobs=_jobs(cores))


def naive_bayes(var_smoothing: float | int = 1e-9, seed: int = 0) -> Any:
    """Return naive Bayes with a normal distribution for each feature and class."""
    from sklearn.naive_bayes import GaussianNB

    del seed  # it draws nothing
    return GaussianNB(var_smoothing=var_smoothing)


def multinomial_nb(alpha: float | int = 1.0, complement: bool = False, seed: int = 0) -> Any:
    """Return naive Bayes of counts, or its complement form for classes of unequal size."""
    from sklearn.naive_bayes import ComplementNB, MultinomialNB

    del seed  # it draws nothing
    return (ComplementNB if complement else MultinomialNB)(alpha=alpha)


def decision_tree(
    criterion: str = "gini", max_depth: int | None = None, min_samples_leaf: int | float = 1, seed: int = 0
) -> Any:
    """Return one decision tree."""
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(
        criterion=criterion, max_depth=max_depth, min_samples_leaf=min_samples_leaf, random_state=seed
    )


def random_forest(
    n_estimators: int = 300,
    max_depth: int | None = None,
    min_samples_leaf: int | float = 1,
    max_features: str | int | float | None = "sqrt",
    cores: int | None = None,
    seed: int = 0,
) -> Any:
    """Return many trees, each on a draw of the samples and of the features."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        n_estimators,
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
        max_features=max_features,
        n_jobs=_jobs(cores),
        random_state=seed,
    )


def gradient_boosting(
    learning_rate: float | int = 0.1,
    max_iter: int = 200,
    max_leaf_nodes: int | None = 31,
    min_samples_leaf: int = 20,
    l2_regularization: float | int = 0.0,
    max_features: float | int = 1.0,
    seed: int = 0,
) -> Any:
    """Return gradient boosting of trees over binned features; stops after `max_iter` rounds, never earlier."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=learning_rate,
        max_iter=max_iter,
        max_leaf_nodes=max_leaf_nodes,
        min_samples_leaf=min_samples_leaf,
        l2_regularization=l2_regularization,
        max_features=max_features,
        early_stopping=False,
        random_state=seed,
    )


def _jobs(cores: int | None) -> int:
    """Return how many threads fit: those asked for, else the cores that this process may use."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores or (int(limit) if limit.isdigit() else available)
