"""audit.md of a set of texts: findings, copies, balance, lengths, odd characters; no text of the set stands in it."""

from typing import Any

from ferlab.auditing.texts import RUN, SHARED
from ferlab.evaluation.words import table


def text_findings(result: dict[str, Any]) -> list[str]:
    """Return what an audit of texts found as sentences, the weightiest first.

    Args:
        result: what stands in audit.json.
    """
    copies, contrary, balance = result["copies"], result["contradictions"], result["balance"]
    lines = []
    whole = copies["exact"] + copies["same_but_for_case_and_space"]
    if whole or copies["reused"]:
        lines.append(
            f"**{whole:,} pairs of texts are the same and {copies['reused']:,} share half or more of their wording**, "
            f"{copies['across_splits']:,} of these pairs in different splits. Parts drawn at random would let them "
            "cross: `protocol.group=copies` keeps those that are the same together; audit.json names the others."
        )
    else:
        lines.append("No text is a copy of another, and none shares half of another's wording.")
    if contrary["pairs"]:
        most = max(contrary["by_label"], key=contrary["by_label"].__getitem__)
        lines.append(
            f"**{contrary['pairs']:,} of {contrary['of_pairs']:,} pairs of the same text have different labels**, most "
            f"often in {most}: no model can get both right."
        )
    share = {name: count / balance["texts"] for name, count in balance["with"].items()}
    if (rare := min(share, key=share.__getitem__)) and share[rare] < 0.5 / max(2, len(share) if _one_of(result) else 2):
        lines.append(
            f"{rare} is true of {100 * share[rare]:.1f} % of the texts: read balanced accuracy beside accuracy."
        )
    told = [name for name, one in result["lengths"]["tells"].items() if one["p"] * len(share) < 0.05]
    if told:
        areas = ", ".join(f"{name} {result['lengths']['tells'][name]['auroc']:.3f}" for name in told)
        lines.append(
            f"The number of words alone tells {areas} (AUROC; .5 is chance): a model that cuts or counts words may "
            "profit from it."
        )
    tied = {pair: phi for pair, phi in balance["phi"].items() if abs(phi) > 0.2}
    if tied:
        lines.append(
            "Labels that go together: " + ", ".join(f"{pair} (phi {phi:+.2f})" for pair, phi in tied.items()) + "."
        )
    if odd := {name: count for name, count in result["odd"].items() if count}:
        lines.append(
            "Texts with odd characters: " + ", ".join(f"{name} {count:,}" for name, count in odd.items()) + "."
        )
    return lines


def text_page(result: dict[str, Any], cost: str) -> str:
    """Return audit.md.

    Args:
        result: what stands in audit.json.
        cost: the last paragraph.
    """
    data, balance, lengths, copies = (result[key] for key in ("data", "balance", "lengths", "copies"))
    splits = ", ".join(f"{name} {count:,}" for name, count in data["splits"].items())
    made_up = " SYNTHETIC DATA." if data["synthetic"] else ""
    labels = [["label", "texts with it", "share"]]
    labels += [[n, f"{count:,}", f"{100 * count / balance['texts']:.1f} %"] for n, count in balance["with"].items()]
    told = [["label", "median words with it", "without", "AUROC of the number of words", "p, Mann-Whitney"]]
    told += [
        [
            name,
            f"{one['median_with']:,.0f}",
            f"{one['median_without']:,.0f}",
            f"{one['auroc']:.3f}",
            "below 0.0001" if one["p"] < 0.0001 else f"{one['p']:.4f}",
        ]
        for name, one in lengths["tells"].items()
    ]
    patterns = balance["patterns"]
    phi = [["labels", "phi"], *([pair, f"{value:+.3f}"] for pair, value in balance["phi"].items())]
    authors = [
        f"{one['number']:,} values of {name}, none with more than {one['most_texts']:,} of the texts."
        for name, one in result["authors"].items()
    ]
    parts = [
        f"# Audit of {data['name']}",
        f"{balance['texts']:,} texts, {lengths['words']:,} words; {splits}.{made_up}",
        *[f"- {note}" for note in data["notes"]],
        "## What was found\n\n" + "\n".join(f"- {line}" for line in text_findings(result)),
        "## Copies",
        f"{copies['exact']:,} pairs are the same to the last character, {copies['same_but_for_case_and_space']:,} but "
        f"for case and white space; {copies['reused']:,} pairs share {100 * SHARED:.0f} % or more of the runs of {RUN} "
        f"words that the shorter text has. {copies['groups']:,} groups hold {copies['texts']:,} texts, the largest "
        f"{copies['largest']:,}.",
        *authors,
        "## Labels",
        table(labels),
        f"{patterns['number']:,} patterns of labels, the rarest of {patterns['rarest']:,} texts, the commonest of "
        f"{patterns['commonest']:,}.",
        *([table(phi)] if len(phi) > 1 else []),
        "## Lengths",
        f"Words: shortest {lengths['shortest']:,.0f}, quartiles {lengths['lower_quartile']:,.0f}, "
        f"{lengths['median']:,.0f} and {lengths['upper_quartile']:,.0f}, longest {lengths['longest']:,.0f}.",
        *([table(told)] if len(told) > 1 else []),
        "## Characters",
        table([["texts with", "number"], *([name, f"{count:,}"] for name, count in result["odd"].items())]),
        cost,
    ]
    return "\n\n".join(parts) + "\n"


def _one_of(result: dict[str, Any]) -> bool:
    """Tell whether each text has exactly one of the labels: classes."""
    return sum(result["balance"]["with"].values()) == result["balance"]["texts"] and not result["balance"]["phi"]
