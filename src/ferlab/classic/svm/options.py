"""What an SVM's options stand for: checks of the numbers, and the weights of classes and samples."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64, Shaped
from sklearn.utils.class_weight import compute_class_weight

from ferlab.classic.svm.kernel import KERNELS
from ferlab.errors import FerlabError


def check_numbers(options: Mapping[str, Any]) -> None:
    """Refuse options that SVC would refuse.

    Args:
        options: named as `KernelSvc`'s; those that are missing are not looked at.

    Raises:
        FerlabError: the first that is wrong.
    """
    idle = [
        name for name, words in (("gamma", ("scale", "auto")), ("memory_mb", (None,))) if options.get(name, 1) in words
    ]
    _above_zero(options, *(name for name in ("C", "tol", "gamma", "memory_mb") if name not in idle))
    for name, choices in (("kernel", KERNELS), ("decision_function_shape", ("ovr", "ovo"))):
        if options.get(name, choices[0]) not in choices:
            raise FerlabError(f"svm: {name}: expected one of {', '.join(choices)}, found {options[name]!r}")
    for name, lowest in (("degree", 0), ("max_iter", -1)):
        value = options.get(name, lowest)
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < lowest:
            raise FerlabError(f"svm: {name}: expected a whole number from {lowest}, found {value!r}")


def _above_zero(options: Mapping[str, Any], *names: str) -> None:
    for name in names:
        value = options.get(name, 1)
        if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not 0 < value < float("inf"):
            raise FerlabError(f"svm: {name}: expected a number above 0{_also(name)}, found {value!r}")


def _also(name: str) -> str:
    return ', "scale" or "auto"' if name == "gamma" else ""


def sample_weights(
    class_weight: Any,
    classes: Shaped[np.ndarray, "classes"],
    labels: Int64[np.ndarray, "sample"],
    sample_weight: Any,
) -> Float64[np.ndarray, "sample"] | None:
    """Return what multiplies C for each sample; None: 1 for all.

    Args:
        class_weight: {class: weight}, "balanced", a weight for each class in order, or None.
        classes: names of the classes.
        labels: index into `classes`.
        sample_weight: (sample,) or None.

    Raises:
        FerlabError: an unknown class or word, another number of weights, or weights that are no finite numbers.
    """
    weights = None
    if sample_weight is not None:
        weights = np.asarray(sample_weight, np.float64)
        if weights.shape != labels.shape or not np.isfinite(weights).all():
            raise FerlabError(
                f"svm: sample_weight: expected {len(labels)} finite numbers, found the shape {weights.shape}"
                " or one that is not finite"
            )
    if class_weight is None:
        return weights
    each: np.ndarray = _each_class(class_weight, classes, labels)[labels]
    return each if weights is None else np.asarray(weights * each)


def _each_class(class_weight: Any, classes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise FerlabError(f'svm: class_weight: expected "balanced", numbers or null, found {class_weight!r}')
        return np.asarray(compute_class_weight("balanced", classes=np.arange(len(classes)), y=labels), np.float64)
    if isinstance(class_weight, Mapping):
        unknown = set(class_weight) - set(classes.tolist())
        if unknown:
            raise FerlabError(
                f"svm: class_weight: expected some of {', '.join(map(str, classes))}, "
                f"found {', '.join(map(str, sorted(unknown, key=str)))}"
            )
        class_weight = [class_weight.get(name, 1.0) for name in classes.tolist()]
    each = np.asarray(class_weight, np.float64)
    if each.shape != classes.shape or not (np.isfinite(each) & (each > 0)).all():
        raise FerlabError(
            f"svm: class_weight: expected {len(classes)} numbers above 0, one a class, found {class_weight!r}"
        )
    return each
