"""audit.md: what was found, what it means, and what helps; and the few lines that the terminal shows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape

from ferlab.auditing.findings import findings
from ferlab.evaluation.words import duration, estimate, table

_TITLES = {
    "contradicting": "Exact copies with different labels",
    "near_copies": "Near copies in different splits",
    "above_threshold": "Pairs just above the threshold: taken",
    "below_threshold": "Pairs just below the threshold: not taken",
    "largest_groups": "Largest groups: each should show one picture",
    "blank": "Blank images",
    "light": "Unusual light",
    "votes_not_a_face": "FER+: not a face",
    "votes_unknown": "FER+: unknown",
    "votes_contradicted": "FER+: another emotion than the label",
}


def page(result: dict[str, Any], sheets: Sequence[Path] = ()) -> str:
    """Return audit.md.

    Args:
        result: what stands in audit.json.
        sheets: the picture sheets, relative to the page.
    """
    data = result["data"]
    splits = ", ".join(f"{name} {count:,}" for name, count in data["splits"].items())
    shape = " x ".join(map(str, data["shape"]))
    made_up = " SYNTHETIC DATA." if data["synthetic"] else ""
    parts = [
        f"# Audit of {data['name']}",
        f"{data['images']:,} images of {shape}; {splits}.{made_up}",
        *[f"- {note}" for note in data["notes"]],
        "## What was found\n\n" + "\n".join(f"- {line}" for line in findings(result)),
        *_copies(result["copies"]),
        *_contradictions(result["contradictions"]),
        *_recall(result),
        *_balance(result["balance"]),
        *_light(result["light"]),
        *_votes(result["votes"]),
        *_pictures(sheets),
        cost(result),
    ]
    return "\n\n".join(parts) + "\n"


def print_summary(result: dict[str, Any], folder: Path, console: Console, found: Sequence[str] | None = None) -> None:
    """Print the findings, those of images unless others are given, and where the files lie."""
    console.print(f"[bold]Audit of {escape(result['data']['name'])}[/bold]")
    console.print(Markdown("\n".join(f"- {line}" for line in found or findings(result))))
    console.print(cost(result).splitlines()[0], markup=False, highlight=False)
    console.print(f"{folder / 'audit.md'}", markup=False, highlight=False, soft_wrap=True)


def _copies(found: dict[str, Any]) -> list[str]:
    rows = [["splits", "exact pairs", "near pairs", "images with an exact copy there", "with a near copy only"]]
    for entry in found["between"]:
        one, other = entry["splits"]
        exact, near = (
            "; ".join(
                f"{own} {_share(n[kind], n['of'])}" if one != other else _share(n[kind], n["of"])
                for own, n in entry["images"].items()
            )
            for kind in ("exact", "near")
        )
        where = f"within {one}" if one == other else f"{one} and {other}"
        rows.append([where, f"{entry['exact_pairs']:,}", f"{entry['near_pairs']:,}", exact, near])
    classes = [["class", "images", "with an exact copy", "with a near copy only", "with a copy in another split"]]
    for name, n in found["by_class"].items():
        parts = [_share(n[kind], n["images"]) for kind in ("exact", "near", "in_another_split")]
        classes.append([name, f"{n['images']:,}", *parts])
    pairs, groups = found["pairs"], found["groups"]
    return [
        "## Copies",
        f"Exact copies have the same decoded pixels. Near copies are one picture mirrored, shifted, re-encoded or "
        f"otherwise slightly changed: their fine structure correlates by {found['threshold']} or more, over shifts of "
        f"up to 4 pixels of 48. {pairs['exact']:,} exact pairs, {pairs['near']:,} near pairs ({pairs['mirrored']:,} of "
        f"all in a mirror); {groups['number']:,} groups hold {groups['images']:,} images, the largest "
        f"{groups['largest']:,}.",
        table(rows),
        table(classes),
    ]


def _contradictions(found: dict[str, Any]) -> list[str]:
    rows = [["copies", "groups of two or more", "with contradicting labels", "images in these", "contradicting pairs"]]
    for name, title in (("exact", "exact"), ("all", "exact and near")):
        n = found[name]
        pairs = _share(n["pairs"], n["of_pairs"])
        rows.append([title, f"{n['of_groups']:,}", _share(n["groups"], n["of_groups"]), f"{n['images']:,}", pairs])
    parts = [
        "## Contradicting labels",
        "One picture, two labels: at least one of them is wrong. Blank images are left out.",
        table(rows),
    ]
    if found["all"]["confused"]:
        confused = [["confused classes", "pairs of exact copies", "pairs of all copies"]]
        confused += [
            [name, f"{found['exact']['confused'].get(name, 0):,}", f"{count:,}"]
            for name, count in found["all"]["confused"].items()
        ]
        parts.append(table(confused))
    return parts


def _recall(result: dict[str, Any]) -> list[str]:
    rows = [["made copy", "found (95 % interval, Wilson)", "n"]]
    rows += [[kind, estimate(found, "recall"), f"{found['n']:,}"] for kind, found in result["recall"].items()]
    if len(rows) == 1:
        return []
    return [
        "## How well near copies are found",
        "Images of this data set were changed in known ways; so many of the changed ones are found again. Pixels are "
        "those of an image of 48 x 48. Whether what is found is right, the sheets just above and below the threshold "
        "show.",
        table(rows),
    ]


def _balance(found: dict[str, Any]) -> list[str]:
    names = list(found["counts"])
    rows = [["class", *names]]
    totals = {name: max(1, sum(counts.values())) for name, counts in found["counts"].items()}
    rows += [
        [label, *(_share(found["counts"][name][label], totals[name]) for name in names)]
        for label in found["counts"][names[0]]
    ]
    ratios = ["largest / smallest"]
    ratios += ["a class is missing" if (r := found["ratio"][name]) is None else f"{r:.1f}" for name in names]
    parts = ["## Class balance", table([*rows, ratios])]
    if test := found["test"]:
        p = "below 0.0001" if test["p"] < 0.0001 else f"{test['p']:.4f}"
        parts.append(
            f"Do the splits differ in their class distribution? Chi-square {test['chi_square']:.1f} with "
            f"{test['degrees']} degrees of freedom, p {p}; Cramer's V {test['cramers_v']:.3f} (0 alike, 1 wholly "
            "different)." + (" Some classes are too small for an exact p." if test["smallest_expected"] < 5 else "")
        )
    return parts


def _light(found: dict[str, Any]) -> list[str]:
    rows = [["of every image, grey levels", *(name for name in found["mean"])]]
    rows += [
        [title, *(f"{v:.1f}" for v in found[key].values())] for key, title in (("mean", "mean"), ("contrast", "sd"))
    ]
    counts = found["counts"]
    return [
        "## Blank and unusual images",
        f"{counts['constant']:,} images have one grey level throughout, {counts['nearly_blank']:,} more a standard "
        f"deviation below {found['nearly_blank_below']:g}. Robust z beyond {found['outlier_from']:g}: "
        f"{counts['dark']:,} dark, {counts['bright']:,} bright, {counts['flat']:,} flat, {counts['harsh']:,} harsh "
        f"ones. {100 * found['equalised']:.1f} % have the mean and deviation of an equalised histogram.",
        table(rows),
    ]


def _votes(found: Mapping[str, Any]) -> list[str]:
    if "none" in found:
        return ["## FER+ votes", f"None: {found['none']}"]
    kinds = {
        "not_a_face": "not a face",
        "unknown": "unknown",
        "removed": "removed by FER+",
        "disagreement": f"no candidate with {found['clear_majority']} votes",
        "contradicted": f"{found['clear_majority']} votes or more for another emotion",
    }
    rows = [["class", *kinds.values()]]
    rows += [[name, *(f"{n[kind]:,}" for kind in kinds)] for name, n in found["by_class"].items()]
    rows.append(["all", *(_share(found["counts"][kind], found["images"]) for kind in kinds)])
    often = [
        ["label -> most votes", "images"],
        *([k, f"{n:,}"] for k, n in list(found["contradicted_as"].items())[:12]),
    ]
    return ["## FER+ votes", table(rows), *([table(often)] if len(often) > 1 else [])]


def _pictures(sheets: Sequence[Path]) -> list[str]:
    if not sheets:
        return []
    return ["## Pictures", *(f"![{_TITLES[path.stem]}]({path.as_posix()})" for path in sheets)]


def cost(result: dict[str, Any]) -> str:
    """Return how long an audit took, what it needed, and the command that repeats it."""
    used = result["cost"]
    steps = ", ".join(f"{step} {duration(s)}" for step, s in used["seconds"].items() if step != "all")
    return (
        f"{duration(used['seconds']['all'])} ({steps}), {duration(used['processor_seconds'])} of processor time; "
        f"at most {used['peak_memory_mb']:,} MiB of memory.\n\n"
        f"    {result['command']}"
    )


def _share(count: int, of: int) -> str:
    return f"{count:,} ({100 * count / of:.1f} %)" if count and of else f"{count:,}"
