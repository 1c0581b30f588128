"""A leakage study in words: leakage.md, and what is printed."""

from typing import Any

from rich.console import Console
from rich.table import Table

from ferlab.evaluation.figures.dots import dots
from ferlab.evaluation.figures.style import SYNTHETIC
from ferlab.evaluation.leak import METRICS
from ferlab.evaluation.words import estimate, table


def sentences(study: dict[str, Any]) -> list[str]:
    """Return what each protocol's number owes to leak, a sentence a protocol; accuracy alone.

    Args:
        study: `leaks`' result.
    """
    return [_sentence(study, name) for name in study["differences"]]


def report(study: dict[str, Any], head: dict[str, Any]) -> str:
    """Return leakage.md.

    Args:
        study: `leaks`' result.
        head: "model", "data", "synthetic", "command" and "figure" (a file's name, or None).
    """
    seeds, protocols = study["seeds"], study["protocols"]
    parts = [f"# How much of the number is leak: {head['model']} on {head['data']}"]
    if head["synthetic"]:
        parts.append(f"> **{SYNTHETIC}.** Every sample was made by a program. No figure here speaks of real people.")
    parts.append("\n".join(f"- **{one}**" for one in sentences(study)))
    parts.append("## What each protocol reports")
    rows = [["protocol", "marks", "chosen on", "train", "val", "test", *(study["labels"][m] for m in METRICS)]]
    for name, one in protocols.items():
        counts = (f"{one['counts'][role]:,}" for role in ("train", "val", "test"))
        rows.append(
            [
                named(name, one),
                "; ".join(one["marks"]),
                one["selection"],
                *counts,
                *(estimate(one[m], m) for m in METRICS),
            ]
        )
    parts += [table(rows), "## Copies of test samples", _copies(protocols)]
    parts.append(f"## Less {study['reference']}, in points")
    rows = [["protocol", "test samples shared", *(study["labels"][m] for m in METRICS)]]
    for name, one in study["differences"].items():
        shared = f"{one['shared']:,} of {one['union']:,}"
        rows.append([name, shared, *(points(one[m]) for m in METRICS)])
    parts += [table(rows), _how(study)]
    if len(seeds) > 1:
        parts += ["## Seeds", _seeds(study)]
    if head["figure"]:
        parts.append(f"![leakage]({head['figure']})")
    return "\n\n".join([*parts, "## Repeat it", f"```sh\n{head['command']}\n```"]) + "\n"


def show(study: dict[str, Any], console: Console | None = None) -> None:
    """Print the study: a line a protocol, and the sentences."""
    console = console or Console()
    grid = Table(title="How much of the number is leak", title_justify="left", caption="95 % intervals")
    for column in ("protocol", "test n", *(study["labels"][m] for m in METRICS), f"accuracy less {study['reference']}"):
        grid.add_column(column, justify="left" if column == "protocol" else "right")
    for name, one in study["protocols"].items():
        gap = study["differences"].get(name)
        cells = (estimate(one[m], m) for m in METRICS)
        grid.add_row(named(name, one), f"{one['n']:,}", *cells, "" if gap is None else points(gap["accuracy"]))
    console.print(grid)
    for name, one in study["protocols"].items():
        for mark in one["marks"]:
            console.print(f"! {name}: {mark}", style="yellow", highlight=False)
    for one in sentences(study):
        console.print(one, style="bold", highlight=False, soft_wrap=True)


def figure(study: dict[str, Any], head: dict[str, Any]) -> Any:
    """Draw every protocol's figures, and the differences to the first one."""
    panels: dict[str, dict[str, Any]] = {
        study["labels"][m]: {_marked(name, one): one[m] for name, one in study["protocols"].items()} for m in METRICS
    }
    less = f"accuracy less {study['reference']}"
    gaps = {_marked(name, study["protocols"][name]): one["accuracy"] for name, one in study["differences"].items()}
    seeds = ", ".join(map(str, study["seeds"]))
    several = len(study["seeds"]) > 1
    spoken = "means over seeds, intervals over seeds and test samples" if several else "intervals over test samples"
    footer = f"{head['data']}  ·  {head['model']}  ·  seed{'s' * several} {seeds}  ·  {spoken}"
    marked = [f"* {name}: {', '.join(one['marks'])}" for name, one in study["protocols"].items() if one["marks"]]
    footer = "  ·  ".join([*([SYNTHETIC] if head["synthetic"] else []), footer, *marked])
    return dots({**panels, less: gaps}, "How much of the number is leak", footer, zero=less)


def named(name: str, one: dict[str, Any]) -> str:
    """Return a protocol as the tables call it: with its fold, or how many were pooled."""
    if one.get("pooled_folds"):
        return f"{name}, {one['pooled_folds']} folds pooled"
    return f"{name}, fold {one['fold']['index']} of {one['fold']['of']}" if one.get("fold") else name


def points(found: dict[str, Any]) -> str:
    """Return a difference of proportions, "+1.2 (0.3 to 2.1)", in points."""
    return f"{100 * found['value']:+.1f} ({100 * found['low']:+.1f} to {100 * found['high']:+.1f})"


def _marked(name: str, one: dict[str, Any]) -> str:
    return f"{named(name, one)} *" if one["marks"] else named(name, one)


def _sentence(study: dict[str, Any], name: str) -> str:
    gap, protocol, reference = study["differences"][name], study["protocols"][name], study["reference"]
    found = gap["accuracy"]
    low, high = 100 * found["low"], 100 * found["high"]
    interval = f"95 % interval {low:+.1f} to {high:+.1f}"
    mark = f" ({'; '.join(protocol['marks'])})" if protocol["marks"] else ""
    size = f"{abs(100 * found['value']):.1f} points"
    if found["low"] > 0:
        text = f"{name}{mark} reports {size} more than {reference} ({interval}): the share of the number that is leak"
    elif found["high"] < 0:
        text = f"{name}{mark} reports {size} less than {reference} ({interval}): no leak that flatters"
    else:
        value = f"{100 * found['value']:+.1f} points"
        text = f"no evidence that {name}{mark} reports another accuracy than {reference}: {value} ({interval})"
    if found["low"] > 0 and gap["shared"] < gap["union"]:
        text += f", or of its other test samples ({gap['shared']:,} of {gap['union']:,} are shared)"
    trained = [study["protocols"][one]["counts"]["train"] for one in (name, reference)]
    if found["low"] > 0 and trained[0] != trained[1]:
        text += f", or of its other training samples ({trained[0]:,} against {trained[1]:,})"
    return text


def _copies(protocols: dict[str, Any]) -> str:
    rows = [["protocol", "exact, in train", "near, in train", "exact, in val", "near, in val"]]
    for name, one in protocols.items():
        cells = []
        for seen in ("train", "val"):
            same = seen == "val" and one["selection"] == "test"
            counts = [(one[kind] or {}).get(f"test in {seen}") for kind in ("copies", "near_copies")]
            cells += ["the same samples" if same else "" if count is None else f"{count:,}" for count in counts]
        rows.append([name, *cells])
    return table(rows)


def _how(study: dict[str, Any]) -> str:
    how, count = study["intervals"], len(study["seeds"])
    kinds = sorted({one["accuracy"]["test_samples"]["interval"] for one in study["differences"].values()})
    drawn = f"{' and '.join(kinds)}, {how['resamples']:,} resamples, seed {how['seed']}"
    if count > 1:
        return (
            f"Figures are means over {count} seeds. In brackets: 95 % intervals over seeds and test samples at once. "
            "They join two errors, Student's of the mean over training runs and that over test samples "
            f"({drawn}), as the root of the sum of their squares; each alone stands below."
        )
    return f"In brackets: 95 % intervals over test samples, {drawn}; they say nothing of other training runs."


def _seeds(study: dict[str, Any]) -> str:
    head = ["accuracy less " + study["reference"], "mean", "sd", "over training runs alone", "over test samples alone"]
    rows = [head]
    for name, one in study["differences"].items():
        found, drawn = one["accuracy"]["seeds"], one["accuracy"]["test_samples"]
        ends = (f"{100 * side['low']:+.1f} to {100 * side['high']:+.1f}" for side in (found, drawn))
        rows.append([name, f"{100 * found['mean']:+.1f}", f"{100 * found['sd']:.1f}", *ends])
    return (
        f"{table(rows)}\n\nRuns of one seed under two protocols begin alike, so the difference is taken seed by seed; "
        f"Student's interval from {len(study['seeds'])} seeds."
    )
