"""A classic run's pipeline and search in the words of its report."""

from collections.abc import Sequence
from typing import Any

from ferlab.evaluation.words import duration, table


def section(metrics: dict[str, Any]) -> list[str]:
    """Return the report's sections on features, steps, classifier and search; nothing for a network.

    Args:
        metrics: what stands in metrics.json.
    """
    facts = metrics.get("classic")
    if not facts:
        return []
    parts = ["## Pipeline", "\n".join(_pipeline(facts))]
    if facts["search"]:
        parts += _search(facts["search"])
    return parts


def note(metrics: dict[str, Any]) -> str | None:
    """Say what the validation samples were used for; None for a network."""
    facts = metrics.get("classic")
    if not facts:
        return None
    if not facts["validation"]:
        return "Nothing was chosen on the validation samples: their figures are of new samples as well. "
    return f"The validation samples {facts['validation']}, so their figures flatter. "


def chosen_on(metrics: dict[str, Any]) -> str:
    """Say in a phrase what chose the model, after the protocol's hash."""
    chosen = metrics["protocol"].get("selection")
    if "classic" not in metrics:
        return f"; the epoch was chosen on {chosen}." if chosen else "."
    search = metrics["classic"]["search"]
    if not search:
        return "; no option was searched for."
    part = "validation" if search["rows"] == "val" else "training"
    return f"; options were chosen on {part} samples."


def pooled(folds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the facts of all folds together, each fold's classifier and winner under its number.

    Args:
        folds: what stands under "classic" in each fold's metrics.json.
    """
    numbered = [(f"fold {number}", fold) for number, fold in enumerate(folds)]
    facts = dict(folds[0])
    facts["outputs"] = [_of_fold(name, one) for name, fold in numbered for one in fold["outputs"]]
    facts["notes"] = list(dict.fromkeys(note for fold in folds for note in fold["notes"]))
    if facts["search"]:
        winners = [{**_of_fold(name, one), "top": []} for name, fold in numbered for one in fold["search"]["of"]]
        seconds = round(sum(fold["search"]["seconds"] for fold in folds), 1)
        facts["search"] = {**facts["search"], "of": winners, "seconds": seconds, "table": "each fold's candidates.csv"}
    return facts


def _of_fold(name: str, one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "label": name if one["label"] is None else f"{one['label']}, {name}"}


def epoch_too(metrics: dict[str, Any]) -> str:
    """Say in brackets what else the validation rows were used for; empty where nothing else."""
    if "classic" not in metrics:
        return " (which also chose the epoch)"
    used = metrics["classic"]["validation"]
    return f" (which also {used})" if used else ""


def _pipeline(facts: dict[str, Any]) -> list[str]:
    features = ", ".join(f"{one['name']} ({one['features']:,})" for one in facts["features"])
    lines = [f"- features: {features}"]
    lines += [f"- options of {one['name']}: {one['options']}" for one in facts["features"] if one.get("options")]
    lines += [_output(one) for one in facts["outputs"]]
    fitted = "; fitted on training samples alone" if {facts["scaling"], facts["reduction"]} != {"none"} else ""
    lines += [f"- scaling: {facts['scaling']}; reduction: {facts['reduction']}{fitted}"]
    lines += [f"- probabilities: {facts['probabilities']}"]
    return [*lines, *(f"- note: {one}" for one in facts["notes"])]


def _output(one: dict[str, Any]) -> str:
    of = f" of {one['label']}" if one["label"] else ""
    options = ", ".join(f"{name}={'null' if value is None else value}" for name, value in one["options"].items())
    text = f"- classifier{of}: {options}; it takes {one['used']:,} values of {one['given']:,}"
    text += f", {one['constant']:,} being constant over the training samples" if one["constant"] else ""
    text += f"; {one['support_vectors']:,} support vectors" if one["support_vectors"] is not None else ""
    return f"{text}; fitted in {duration(one['fit_seconds'])}"


def _search(search: dict[str, Any]) -> list[str]:
    share = f"{100 * search['share']:.0f} % of the " if search["share"] < 1 else "all "
    part = "validation" if search["rows"] == "val" else "training"
    text = (
        f"Kind {search['kind']}, by {search['metric']} over {search['folds']} folds of {share}{part} samples; the "
        "winner is fitted again on all training samples. What is learnt before the classifier (words, scaling, "
        "reduction) is learnt in each fold from its own training rows"
        f"{', the words from the training part' if search['rows'] == 'val' else ''}. "
        f"Searching took {duration(search['seconds'])}. The winner's mean is "
        "the best of many and flatters; every candidate with its folds stands in "
        f"{search.get('table', 'candidates.csv')}."
    )
    parts = ["## Search", text]
    for one in search["of"]:
        head = f"**{one['label']}**: " if one["label"] else ""
        scored = f"{one['scored']:,}" + (f" of {one['planned']:,}" if search["interrupted"] else "") + " scored"
        failed = f", {one['failed']} could not be fitted" if one["failed"] else ""
        # runs of earlier versions tell of no ends
        ends = "".join(f" {end}." for end in one.get("edges", ()))
        parts.append(f"{head}{scored}{failed}; chosen: {one['winner']}.{ends}")
        rows = [["candidate", search["metric"], "sd over folds", "samples a fold", "seconds"]]
        for top in one["top"]:
            score = [f"{100 * top['mean']:.2f} %", f"{100 * top['sd']:.2f}"]
            cells = [*score, f"{top['samples']:,}", f"{top['seconds']:,}"]
            rows.append([top["options"], *cells])
        if one["top"]:
            parts.append(table(rows))
    return parts
