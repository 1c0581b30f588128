"""A run's calibration for metrics.json: the temperature, what it changes, and thresholds for wished error rates.

All choices are made on the validation rows and measured on the test rows. All other figures of a run are those of the
probabilities as trained.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Int64

from ferlab.evaluation import gap_intervals, selective
from ferlab.evaluation.calibration import BINS, KINDS, brier_losses, confidences, gaps, if_calibrated, log_losses, size
from ferlab.evaluation.clusters import Units, clusters_of
from ferlab.evaluation.intervals import LEVEL, RESAMPLES, SEED, percentile
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.own_columns import TRAIT
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.temperature import fit, tempered, tempered_labels

FEW = 2_000  # draws for what needs a pass of its own over the rows: the temperature, the areas
LOSSES = {"brier": brier_losses, "nll": log_losses, "confidence": confidences}
LIMITS = {"brier": 2.0, "nll": round(float(-np.log(np.finfo(np.float32).eps)), 6)}


@dataclass(frozen=True)
class Drawn:
    """A figure and what resampling the rows makes of it; a calibration error with its gaps' noise, (cell, resample).

    `clusters` is how many were drawn from (None: rows), `chance` what a calibrated model may show, `if_calibrated`.
    """

    value: float
    draws: Float[np.ndarray, "*cell resample"]
    gaps: Float[np.ndarray, "cell"] | None = None
    clusters: int | None = None
    chance: float = 0.0

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        if self.gaps is None:
            return percentile(self.draws, clusters=self.clusters) or (self.value, self.value)
        low, high = gap_intervals.interval(self.gaps, self.draws)
        # a bin of one or two rows that all agree has no noise of its own: what a calibrated model may show is known
        return (0.0 if self.value <= self.chance else low), high


def calibrated(
    rows: Rows, wishes: Sequence[float | int] | None = None, resamples: int = RESAMPLES, seed: int = SEED
) -> dict[str, Any]:
    """Fit a temperature on the validation rows and measure what it changes, there and on test.

    Args:
        rows: a run's predictions, uncalibrated.
        wishes: error rates, each of which gets a threshold; None: 0.05, 0.1 and 0.2.
        resamples: bootstrap draws.
        seed: of the bootstrap.

    Returns:
        Plain values. temperature: `fit`'s result. val and test: n, before, after and difference (after less before,
        paired); before and after hold ece, ece_mass, ece_classwise (each with if_calibrated), brier (0..2), nll (nats)
        and confidence (mean of the predicted class), as estimates. bins. clusters: the column whose values are drawn
        whole, or null. selective: aurc and aurc_excess of val and test, and for each wish a guaranteed and a plain
        threshold of the calibrated confidence (null with the reason where none holds) with its bound and what it keeps
        on val and on test. Of several labels a sample rows are answers, one temperature serves all labels, and traits
        holds of each label on test: ece before and after, mean_probability, share_of_yes and n.

    Raises:
        FerlabError: no validation or test rows, or wishes that are no error rates.
    """
    wishes = selective.WISHES if wishes is None else wishes
    selective.check_wishes(wishes)
    val, test = rows.split("val"), rows.split("test")
    few = min(resamples, FEW)
    units = {split: clusters_of(part) for split, part in (("val", val), ("test", test))}
    temperature = fit(val.probabilities, val.labels, few, seed, units["val"])
    out: dict[str, Any] = {"temperature": temperature, "bins": BINS, "clusters": units["test"].column}
    sure: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for split, part in (("val", val), ("test", test)):
        after = tempered(part.probabilities, temperature["value"])
        out[split] = before_and_after(part.probabilities, after, part.labels, resamples, seed, units[split])
        sure[split] = certainty(part, temperature["value"]), part.preds != part.labels
    if is_multilabel(rows.meta):
        out["traits"] = _of_labels(test, temperature["value"], seed)
    out["selective"] = {split: selective.areas(*sure[split], few, seed, units[split]) for split in ("val", "test")}
    out["selective"]["wished"] = [for_wish(sure["val"], sure["test"], float(wish)) for wish in wishes]
    return out


def certainty(rows: Rows, temperature: float | int) -> Float[np.ndarray, "row"]:
    """Return how sure each answer is at a temperature: the probability of the predicted class.

    Of several labels a sample that which is left once the logit of the label's threshold is taken off: an answer is the
    surer, the farther it lies from where it would turn, and never below .5.
    """
    p = tempered(rows.probabilities, temperature).astype(np.float64)
    known: Any = rows.meta.get("thresholds")
    if not is_multilabel(rows.meta) or not isinstance(known, dict):
        return np.asarray(p.max(1))
    limits = tempered_labels(np.array([known[trait] for trait in rows.columns[TRAIT].tolist()]), temperature)
    tiny = float(np.finfo(np.float64).tiny)
    odds = np.log(np.maximum(p[:, 1], tiny) / np.maximum(p[:, 0], tiny)) - np.log(limits / (1 - limits))
    return np.asarray(1 / (1 + np.exp(-np.abs(odds).clip(max=700))))


def _of_labels(rows: Rows, temperature: float, seed: int) -> dict[str, Any]:
    """Return each label's ECE before and after, and the mean of its probabilities beside the share of yes."""
    out: dict[str, Any] = {}
    for trait in rows.meta["spec"]["labels"]:
        own = rows.take(np.flatnonzero(rows.columns[TRAIT] == trait))
        after = tempered(own.probabilities, temperature)
        found = before_and_after(own.probabilities, after, own.labels, FEW, seed, clusters_of(own))
        out[trait] = {when: found[when]["ece"] for when in ("before", "after")}
        out[trait] |= {"mean_probability": round(float(own.probabilities[:, 1].mean()), 6)}
        out[trait] |= {"share_of_yes": round(float(own.labels.mean()), 6), "n": len(own)}
    return out


def facts(calibration: dict[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint keeps of its calibration: the temperature and the thresholds."""
    found = calibration["temperature"]
    kept = {name: found[name] for name in ("fitted_on", "n", "nll_before", "nll_after", "note")}
    thresholds = [{"wished": one["wished"], **one["guaranteed"]} for one in calibration["selective"]["wished"]]
    names = ("wished", "threshold", "reason")
    return {"temperature": found["value"], **kept, "thresholds": [{k: one[k] for k in names} for one in thresholds]}


def before_and_after(
    before: Float[np.ndarray, "row classes"],
    after: Float[np.ndarray, "row classes"],
    labels: Int64[np.ndarray, "row"],
    resamples: int = RESAMPLES,
    seed: int = SEED,
    units: Units | None = None,
    bins: int = BINS,
) -> dict[str, Any]:
    """Measure two sets of probabilities of the same rows, each alone and their paired difference."""
    units = units or Units(len(labels), None, None, len(labels))
    drawn = _drawn((before, after), labels, units, units.weights(resamples, seed), bins)
    out: dict[str, Any] = {"n": len(labels)}
    for name, probabilities, figures in zip(("before", "after"), (before, after), drawn, strict=True):
        reference = if_calibrated(probabilities, bins)
        figures |= {kind: replace(figures[kind], chance=reference[kind]["high"]) for kind in KINDS}
        out[name] = {
            figure: _estimate(one) | ({"if_calibrated": reference[figure]} if figure in reference else {})
            for figure, one in figures.items()
        }
    out["difference"] = {figure: _difference(drawn[1][figure], drawn[0][figure]) for figure in drawn[0]}
    if units.count < 2:
        # one draw is like the other: nothing can be said of other clusters
        for figure in out["difference"]:
            limit = LIMITS.get(figure, 1.0)
            out["before"][figure] |= {"low": 0.0, "high": limit}
            out["after"][figure] |= {"low": 0.0, "high": limit}
            out["difference"][figure] |= {"low": -limit, "high": limit}
    return out


def _drawn(
    tables: Sequence[Float[np.ndarray, "row classes"]],
    labels: Int64[np.ndarray, "row"],
    units: Units,
    drawn: Iterable[Float32[np.ndarray, "row resample"]],
    bins: int,
) -> list[dict[str, Drawn]]:
    """Resample the rows once for all figures of all tables: what differs is then not the draw."""
    from scipy.sparse import csr_array, vstack

    parts = []
    for table in tables:
        parts += [gaps(table, labels, kind, bins) for kind in KINDS]
        parts += [csr_array(loss(table, labels)[None] / len(labels)) for loss in LOSSES.values()]
    # a sparse product, unlike BLAS's, adds in one order on any number of threads
    every = vstack(parts, format="csr").astype(np.float32)
    # clusters differ in size, so draws do in rows
    draws = np.concatenate([every @ weights * (len(labels) / weights.sum(0)) for weights in drawn], axis=1)
    out: list[dict[str, Drawn]] = [{} for _ in tables]
    first = 0
    for i, part in enumerate(parts):
        place, kind = divmod(i, len(KINDS) + len(LOSSES))
        name, own = (*KINDS, *LOSSES)[kind], draws[first : first + part.shape[0]]
        first += part.shape[0]
        if name in LOSSES:
            out[place][name] = Drawn(float(part.sum()), own[0], clusters=units.clusters)
            continue
        used = np.diff(part.indptr) > 0
        centre = np.asarray(part.sum(1))[used]
        out[place][name] = Drawn(size(part), own[used] - centre[:, None].astype(np.float32), centre)
    return out


def _estimate(one: Drawn) -> dict[str, Any]:
    return _plain(one.value, one.interval, "bootstrap" if one.gaps is None else "inverted bootstrap")


def _difference(ours: Drawn, theirs: Drawn) -> dict[str, Any]:
    value = ours.value - theirs.value
    if ours.gaps is None or theirs.gaps is None:
        bounds = percentile(ours.draws - theirs.draws, clusters=ours.clusters)
        return _plain(value, bounds or (value, value), "paired bootstrap")
    (low, high), (low2, high2) = (ours.interval, theirs.interval)
    return _plain(value, (low - high2, high - low2), "inverted bootstrap")


def _plain(value: float, bounds: tuple[float, float], method: str) -> dict[str, Any]:
    """Round to six decimals, and leave no value outside its interval by rounding."""
    low, high = min(bounds[0], value), max(bounds[1], value)
    return {"value": round(value, 6), "low": round(low, 6), "high": round(high, 6), "interval": method}


def for_wish(val: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], wish: float) -> dict[str, Any]:
    """Choose a wish's two thresholds on validation and measure them on both splits.

    Args:
        val: confidence of each validation row, and whether its answer is wrong.
        test: the same of the test rows.
        wish: error rate.
    """
    # rounded before the choice: what stands in the file keeps the very rows of which the promise is made
    rounded = np.floor(val[0] * 1e6) / 1e6
    threshold, bound = selective.guaranteed(rounded, val[1], wish)
    lowest = selective.plain(rounded, val[1], wish)
    reason = f"on {len(val[0]):,} validation rows the error rate of no share could be bounded by {wish:g}"
    reason += f"; the lowest bound was {bound:.3f}"
    wrong = f"no share of the {len(val[0]):,} validation rows, taken from the most confident, has an error rate of "
    return {
        "wished": wish,
        "guaranteed": _kept(val, test, threshold, reason) | {"bound": round(bound, 6), "level": LEVEL},
        "plain": _kept(val, test, lowest, f"{wrong}{wish:g} or less"),
    }


def _kept(
    val: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], threshold: float | None, reason: str
) -> dict[str, Any]:
    if threshold is None:
        return {"threshold": None, "reason": reason, "val": None, "test": None}
    return {
        "threshold": float(threshold),
        "reason": None,
        "val": selective.kept(*val, threshold),
        "test": selective.kept(*test, threshold),
    }
