"""Reduction of features: what `conf/reduction` names, as scikit-learn's transformers; fitted on training rows alone."""

from typing import Any

from ferlab.classic.stepwise import Stepwise

SCORES = ("f_classif", "chi2", "mutual_info")


def pca(n_components: int | float = 0.95, whiten: bool = False, seed: int = 0) -> Any:
    """Return principal components.

    Args:
        n_components: their number, or the share of variance within 0..1 that is kept.
        whiten: divide each by its standard deviation.
        seed: of the randomised solver, which large inputs take.
    """
    from sklearn.decomposition import PCA

    return PCA(n_components, whiten=whiten, random_state=seed)


def svd(n_components: int = 100, seed: int = 0) -> Any:
    """Return the truncated singular value decomposition: of TF-IDF, latent semantic analysis; takes sparse features."""
    from sklearn.decomposition import TruncatedSVD

    return TruncatedSVD(n_components, random_state=seed)


def lda(n_components: int | None = None, shrinkage: float | int | str | None = None) -> Any:
    """Return linear discriminants: the directions that part the classes, one fewer than classes at most.

    Args:
        n_components: their number; None: as many as there are.
        shrinkage: of the covariance, within 0..1, or "auto" (Ledoit and Wolf); None: none, and singular directions
            are left out.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    solver = "svd" if shrinkage is None else "eigen"
    return LinearDiscriminantAnalysis(solver=solver, shrinkage=shrinkage, n_components=n_components)


def select_k_best(k: int = 100, score: str = "f_classif", seed: int = 0) -> Any:
    """Return the selection of the features that tell the classes apart best, each judged alone.

    Args:
        k: how many; where there are fewer all stay.
        score: f_classif (ANOVA's F), chi2 (features of 0 or more) or mutual_info (nearest neighbours, slow).
        seed: of mutual_info's noise.
    """
    from functools import partial

    from sklearn import feature_selection

    from ferlab.errors import FerlabError

    if score not in SCORES:
        raise FerlabError(f"reduction.score: expected one of {', '.join(SCORES)}, found {score!r}")
    judges = {
        "f_classif": feature_selection.f_classif,
        "chi2": feature_selection.chi2,
        "mutual_info": partial(feature_selection.mutual_info_classif, random_state=seed),
    }
    return feature_selection.SelectKBest(judges[score], k=k)


def rfe(
    n_features: int = 100,
    step: float | int = 0.2,
    C: float | int = 0.01,  # noqa: N803 (the field's name)
    seed: int = 0,
) -> Any:
    """Return recursive elimination: a linear SVM is fitted, its least weights are dropped, and so on.

    Args:
        n_features: how many stay.
        step: share of the features, within 0..1, or number, that each round drops.
        C: of the linear SVM.
        seed: of the linear SVM's order.
    """
    from sklearn.feature_selection import RFE
    from sklearn.svm import LinearSVC

    return RFE(LinearSVC(C=C, dual=False, random_state=seed), n_features_to_select=n_features, step=step)


def sequential(n_features: int = 50) -> Stepwise:
    """Return sequential forward selection by Wilks' lambda (`Stepwise`)."""
    return Stepwise(n_features)
