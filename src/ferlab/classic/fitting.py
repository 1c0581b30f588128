"""A fitted classifier and what comes before it: of rows it says probabilities, the largest being its decision."""

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from ferlab.build import build
from ferlab.classic.calibrating import Calibration
from ferlab.classic.preprocessing import Features, Preprocessing
from ferlab.errors import FerlabError

# of conf/classifier, what is no option of the classifier itself
ASIDE = ("name", "grid", "class_weight")
STEPS = ("scaling", "reduction")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Recipe:
    """How a pipeline is built: plain values of the groups scaling, reduction and classifier.

    Attributes:
        scaling: values of conf/scaling.
        reduction: values of conf/reduction.
        classifier: values of conf/classifier.
        labels: class names in index order.
        weights: factor of each class, from the rebalancing; None: from the classifier's own class_weight.
        seed: of what draws.
    """

    scaling: dict[str, Any]
    reduction: dict[str, Any]
    classifier: dict[str, Any]
    labels: tuple[str, ...]
    weights: Sequence[float] | None = None
    seed: int = 0

    @property
    def name(self) -> str:
        """The classifier's."""
        return str(self.classifier["name"])

    def chosen(self, candidate: Mapping[str, Any]) -> "Recipe":
        """Return the recipe with a candidate's values in place: {"C": 1, "reduction.n_components": 50}."""
        parts = {part: dict(getattr(self, part)) for part in (*STEPS, "classifier")}
        for name, value in candidate.items():
            part, _, option = name.rpartition(".")
            parts[part or "classifier"][option] = value
        return Recipe(**parts, labels=self.labels, weights=self.weights, seed=self.seed)

    def preprocessing(self) -> Preprocessing:
        """Return the steps before the classifier, not fitted."""
        return Preprocessing(self.scaling, self.reduction, self.seed)

    def class_weights(self, y: Int64[np.ndarray, "row"]) -> Float64[np.ndarray, "classes"] | None:
        """Return each class's factor for these training rows; None: all alike.

        Raises:
            FerlabError: both the rebalancing and the classifier weigh classes, or an unknown class is named.
        """
        own = self.classifier.get("class_weight")
        if self.weights is not None and own is not None:
            raise FerlabError(
                "class weights: given twice, by rebalance and by classifier.class_weight; cure: rebalance=none"
            )
        if self.weights is not None:
            return np.asarray(self.weights, dtype=np.float64)
        if own is None:
            return None
        if own == "balanced":
            counts = np.bincount(y, minlength=len(self.labels))
            return np.asarray(len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1)), dtype=np.float64)
        if not isinstance(own, Mapping) or (set(own) - set(self.labels)):
            raise FerlabError(
                f"classifier.class_weight: expected null, balanced or factors of {', '.join(self.labels)}; "
                f"found {own!r}"
            )
        factors = [own.get(label, 1.0) for label in self.labels]
        if not all(isinstance(one, int | float) and not isinstance(one, bool) and 0 < one < np.inf for one in factors):
            raise FerlabError(f"classifier.class_weight: expected factors above 0, found {dict(own)}")
        return np.asarray(factors, dtype=np.float64)

    def classifier_for(self, y: Int64[np.ndarray, "row"]) -> tuple[Any, np.ndarray | None]:
        """Return the classifier, not fitted, and the weight of each row where it takes them in place of classes'.

        Raises:
            FerlabError: class weights for a classifier that knows none.
        """
        values = {key: value for key, value in self.classifier.items() if key not in ASIDE}
        estimator = build(values, seed=self.seed)
        weights = self.class_weights(y)
        if weights is None:
            return estimator, None
        if "class_weight" in estimator.get_params():
            return estimator.set_params(class_weight=dict(enumerate(weights.tolist()))), None
        if "sample_weight" in inspect.signature(estimator.fit).parameters:
            return estimator, weights[y]
        raise FerlabError(f"classifier={self.name}: knows no class weights; cure: rebalance=oversample or undersample")

    def fit(
        self,
        x: Features,
        y: Int64[np.ndarray, "row"],
        notes: set[str] | None = None,
        progress: Progress | None = None,
    ) -> Any:
        """Fit the classifier on preprocessed training rows.

        Args:
            x: rows as they come out of the steps.
            y: class of each.
            notes: what a reader must know of the fit is added.
            progress: told of the parts of the fit done and all, where the classifier tells of any.

        Raises:
            FerlabError: it refuses these rows or its options.
        """
        estimator, row_weights = self.classifier_for(y)
        more: dict[str, Any] = {} if row_weights is None else {"sample_weight": row_weights}
        if progress is not None and "progress" in inspect.signature(estimator.fit).parameters:
            more["progress"] = progress
        return told(self.name, lambda: _fit(estimator, x, y, more, set() if notes is None else notes))


def told(name: str, run: Any) -> Any:
    """Run what scikit-learn may refuse: that is the user's to mend."""
    try:
        return run()
    except MemoryError as error:
        raise FerlabError(
            f"classifier={name}: the memory does not suffice; cure: reduction=pca, or fewer samples"
        ) from error
    except (ValueError, TypeError) as error:
        text = str(error).strip().splitlines()[0]
        if "parse" in text:
            raise FerlabError(
                f"classifier={name}: takes no sparse features (TF-IDF): {text}; cure: classifier=linear_svc, "
                "logistic_regression or multinomial_nb, or reduction=svd"
            ) from error
        cure = "; cure: scaling=none or minmax, and no reduction=pca" if "egative" in text else ""
        raise FerlabError(f"classifier={name}: {text}{cure}") from error


def _fit(estimator: Any, x: Features, y: np.ndarray, more: dict[str, Any], notes: set[str]) -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = estimator.fit(x, y, **more)
    for warning in caught:
        if "onverge" in str(warning.message):
            notes.add("stopped at max_iter before it converged; cure: more classifier.max_iter, or scaling=standard")
        elif not issubclass(warning.category, DeprecationWarning | FutureWarning):
            notes.add(str(warning.message).strip().splitlines()[0])
    return fitted


def has_probabilities(estimator: Any) -> bool:
    """Whether a classifier says probabilities itself; else it has decision values."""
    return hasattr(estimator, "predict_proba")


def decisions(estimator: Any, x: Features) -> Float64[np.ndarray, "row classes"]:
    """Return what the classifier decides by, largest first: probabilities where it has them, else decision values."""
    if has_probabilities(estimator):
        return np.asarray(estimator.predict_proba(x), dtype=np.float64)
    if hasattr(estimator, "margins"):
        return np.asarray(estimator.margins(x), dtype=np.float64)
    values = np.asarray(estimator.decision_function(x), dtype=np.float64)
    # of two classes one value: above 0 the second
    return np.stack([np.zeros_like(values), values], axis=1) if values.ndim == 1 else values


@dataclass
class Fitted:
    """A recipe fitted on training rows.

    Attributes:
        recipe: what was fitted.
        prepared: the fitted steps before the classifier.
        estimator: the fitted classifier.
        calibration: what makes its values probabilities.
        notes: what a reader must know of the fit.
    """

    recipe: Recipe
    prepared: Preprocessing
    estimator: Any
    calibration: Calibration
    notes: set[str] = field(default_factory=set)

    def decisions(self, x: Features) -> Float64[np.ndarray, "row classes"]:
        """Return what the classifier decides by, of features as they come."""
        return np.asarray(told(self.recipe.name, lambda: decisions(self.estimator, self.prepared.transform(x))))

    def probabilities(self, x: Features) -> Float64[np.ndarray, "row classes"]:
        """Return probabilities, the largest of a row being what the classifier decides."""
        return self.calibration.apply(self.decisions(x))


def fit_recipe(recipe: Recipe, x: Features, y: Int64[np.ndarray, "row"], progress: Progress | None = None) -> Fitted:
    """Fit steps and classifier on training rows."""
    prepared, notes = recipe.preprocessing(), set[str]()
    estimator = recipe.fit(prepared.fit(x, y), y, notes, progress)
    return Fitted(recipe, prepared, estimator, Calibration(has_probabilities(estimator)), notes)
