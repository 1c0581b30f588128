"""Calibration in words: what the temperature changed, and how often the model may be asked at a wished error rate."""

from typing import Any

from ferlab.evaluation.pages import classic_words
from ferlab.evaluation.words import table

NAMES = {
    "ece": "ECE, 15 bins of equal width",
    "ece_mass": "ECE, 15 bins of equal mass",
    "ece_classwise": "ECE, mean over classes",
    "brier": "Brier score, 0 to 2",
    "nll": "log loss, nats",
}


def section(metrics: dict[str, Any]) -> list[str]:
    """Return the report's section on calibration; nothing where the run was measured without.

    Args:
        metrics: what stands in metrics.json.
    """
    found = metrics.get("calibration")
    if not found:
        return []
    test = found["test"]
    rows = [["test", "as trained", "calibrated", "a calibrated model would show"]]
    for name, label in NAMES.items():
        expected = test["after"][name].get("if_calibrated")
        chance = f"{_number(expected['mean'], name)}, up to {_number(expected['high'], name)}" if expected else ""
        rows.append([label, *(_estimate(test[when][name], name) for when in ("before", "after")), chance])
    parts = ["## Calibration", verdict(metrics)[0], *_marks(metrics), table(rows)]
    parts.append(
        "Noise alone makes a calibration error larger than 0: the last column says what perfectly calibrated "
        f"probabilities like the calibrated ones give on n = {test['n']:,} rows (mean, and 97.5 % of such models). An "
        "interval is that of the error without the noise, so the value may stand at its upper end. All other figures "
        "of this page are those of the probabilities as trained; `ferlab.predict` prints calibrated ones."
    )
    if "traits" in found:
        parts += _of_labels(found["traits"])
    return [*parts, "### Answering only when sure", *_selective(found, classic_words.epoch_too(metrics))]


def summary_rows(metrics: dict[str, Any]) -> list[list[str]]:
    """Return the lines of the printed summary, label, val and test; nothing where the run was measured without."""
    found = metrics.get("calibration")
    if not found:
        return []
    cells = []
    for split in ("val", "test"):
        one = found[split]
        cells.append(f"{100 * one['before']['ece']['value']:.1f} → {_estimate(one['after']['ece'], 'ece')}")
    return [[f"ECE, temperature {found['temperature']['value']:.2f}", *cells]]


def verdict(metrics: dict[str, Any]) -> list[str]:
    """Return what the temperature did, in a sentence or two; nothing where the run was measured without."""
    found = metrics.get("calibration")
    if not found:
        return []
    fitted, test = found["temperature"], found["test"]
    gap = test["before"]["confidence"]["value"] - metrics["test"]["accuracy"]["value"]
    way = "high" if gap > 0 else "low"
    text = f"Its confidence was {100 * abs(gap):.1f} points too {way} on average. "
    if "traits" in found:
        # what is decided at a threshold of its own need not be the more probable answer
        text = "Every label's yes and no are answers; one temperature serves all labels. "
    if fitted["note"] and fitted["value"] == 1:
        return [f"{text}No temperature was fitted: {fitted['note']}."]
    before, after, change = (test[key]["ece"] for key in ("before", "after", "difference"))
    told = change["high"] < 0 or change["low"] > 0
    what = "brings ECE on test" if told else "changes ECE on test by no more than chance may,"
    loss = _change(test["difference"]["nll"])
    text += (
        f"Temperature {fitted['value']:.2f} (fitted on n = {fitted['n']:,} validation rows) {what} from "
        f"{_estimate(before, 'ece')} to {_estimate(after, 'ece')}, and changes log loss by {loss}."
    )
    return [f"{text} Beware: {fitted['note']}." if fitted["note"] else text]


def _of_labels(traits: dict[str, Any]) -> list[str]:
    rows = [["label, test", "ECE as trained", "calibrated", "mean probability of yes", "share of yes"]]
    for name, one in traits.items():
        means = (f"{100 * one[key]:.1f} %" for key in ("mean_probability", "share_of_yes"))
        rows.append([name, *(_estimate(one[when], "ece") for when in ("before", "after")), *means])
    text = (
        "The surer an answer, the farther its probability lies, in log-odds, from the label's threshold: that is the "
        "confidence asked for below, never less than 50 %."
    )
    return [table(rows), text]


def _marks(metrics: dict[str, Any]) -> list[str]:
    if metrics["protocol"].get("selection") != "test":
        return []
    return [
        "> **Fitted on test:** this protocol's validation rows are test rows, so the temperature and the thresholds "
        "were fitted on what they are measured on. Nothing here says how they would do on new rows."
    ]


def _selective(found: dict[str, Any], also: str) -> list[str]:
    selective = found["selective"]
    rows = [["wished error rate", "confidence asked for", "answers, test", "errors among them, test", "promise"]]
    reasons = []
    for one in selective["wished"]:
        for kind, promise in (("guaranteed", "95 %"), ("plain", "none")):
            chosen, wish = one[kind], f"{100 * one['wished']:g} %"
            if chosen["threshold"] is None:
                rows.append([wish, "none", "", "", promise])
                reasons.append(f"- {wish}: {chosen['reason']}.")
                continue
            test = chosen["test"]
            kept = f"{_estimate(test['coverage'], 'ece')}, n = {test['n']:,}"
            error = _estimate(test["error"], "ece") if test["error"] else "no row kept"
            rows.append([wish, f"{chosen['threshold']:.3f}", kept, error, promise])
    area, excess = (selective["test"][name] for name in ("aurc", "aurc_excess"))
    text = (
        "Thresholds of the calibrated confidence, chosen on the validation rows. With the promise: with 95 % certainty "
        "no more than the wished share of such answers is wrong, of new samples like the validation "
        f"rows{also}, drawn independently of each other. Without: the validation rows kept the wish themselves. "
        f"Area under the risk-coverage curve, test: {_estimate(area, 'nll')}; {_estimate(excess, 'nll')} above the "
        "best possible order of the same answers."
    )
    if found.get("clusters"):
        text += f" Rows of one {found['clusters']} are not independent: the promise and its intervals are too good."
    return [table(rows), *(["\n".join(reasons)] if reasons else []), text]


def _number(value: float, name: str) -> str:
    return f"{value:.3f}" if name in ("brier", "nll") else f"{100 * value:.1f} %"


def _estimate(found: dict[str, Any], name: str) -> str:
    scale, digits = (1, 3) if name in ("brier", "nll") else (100, 1)
    low, high = (f"{scale * found[end]:.{digits}f}" for end in ("low", "high"))
    return f"{_number(found['value'], name)} ({low} to {high})"


def _change(found: dict[str, Any]) -> str:
    return f"{found['value']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"
