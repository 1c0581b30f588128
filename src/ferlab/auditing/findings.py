"""The findings of an audit as sentences: what is so, what it does to a number, and what helps."""

from typing import Any


def findings(result: dict[str, Any]) -> list[str]:
    """Return the findings, the weightiest first.

    Args:
        result: what stands in audit.json.
    """
    return [
        *_leaks(result),
        *([] if _only_mistakes(result) else _contradictions(result["contradictions"])),
        *_blank(result["light"]),
        *_balance(result["balance"]),
        *_votes(result["votes"]),
    ]


def _only_mistakes(result: dict[str, Any]) -> bool:
    return bool(result["data"]["synthetic"]) and not result["copies"]["pairs"]["exact"]


def _leaks(result: dict[str, Any]) -> list[str]:
    copies, lines, crossing = result["copies"], [], False
    if _only_mistakes(result):
        n, near = result["data"]["images"], copies["pairs"]["near"]
        text, pairs = "Every face of this set was drawn anew, so none is a copy", n * (n - 1) // 2
        if not near:
            return [f"{text}; the search took none of the {pairs:,} pairs for one."]
        are = "near pair is a mistake" if near == 1 else "near pairs are mistakes"
        return [f"{text}; {near:,} {are} of the search ({pairs:,} pairs), which drawn faces invite by little detail."]
    for entry in copies["between"]:
        one, other = entry["splits"]
        if one == other or not entry["exact_pairs"] + entry["near_pairs"]:
            continue
        crossing = True
        # the smaller split's share says more: its score is what the copies lift
        own = min(entry["images"], key=lambda name: entry["images"][name]["of"])
        n, elsewhere = entry["images"][own], other if own == one else one
        both = n["exact"] + n["near"]
        lines.append(
            f"**{both:,} of {n['of']:,} images of {own} ({100 * both / n['of']:.1f} %) are copies of images in "
            f"{elsewhere}**, {n['exact']:,} of them pixel for pixel."
        )
    if crossing:
        lines.append(
            "A model may know the labels of such images by heart, so scores on them are too high. Cure: "
            "`protocol=dedup` takes the copies out of training and validation and leaves the test images as they are."
        )
    else:
        lines.append("No copies across the splits.")
    inside = sum(
        entry["exact_pairs"] + entry["near_pairs"] for entry in copies["between"] if len(set(entry["splits"])) == 1
    )
    if inside:
        groups = copies["groups"]
        lines.append(
            f"{inside:,} pairs of copies within a split; the largest group holds {groups['largest']:,} images. Rows of "
            "one split are then not independent of each other. Cure for folds and hold-outs: `protocol.group=copies`."
        )
    return lines


def _contradictions(found: dict[str, Any]) -> list[str]:
    exact, every = found["exact"], found["all"]
    if not every["groups"]:
        return ["No group of copies has contradicting labels."] if every["of_groups"] else []
    return [
        f"**{every['groups']:,} of {every['of_groups']:,} groups of copies have contradicting labels** "
        f"({exact['groups']:,} of {exact['of_groups']:,} groups of exact copies), most often "
        f"{next(iter(every['confused']))}: no model can get all of these right."
    ]


def _blank(found: dict[str, Any]) -> list[str]:
    counts = found["counts"]
    lines = []
    if blank := counts["constant"] + counts["nearly_blank"]:
        lines.append(f"Blank images, or nearly so: {blank:,}.")
    if found["odd"]:
        lines.append(f"Images whose brightness or contrast is far from the rest: {found['odd']:,}.")
    if found["equalised"] > 0.5:
        lines.append(
            f"{100 * found['equalised']:.0f} % of the images have the mean and contrast of an equalised histogram: "
            "probably they were equalised before they came here, and a model trained on them expects that of new ones."
        )
    return lines


def _balance(found: dict[str, Any]) -> list[str]:
    lines = []
    first = next(iter(found["counts"]))
    counts = found["counts"][first]
    if (ratio := found["ratio"][first]) is not None and ratio >= 2:
        large, small = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        lines.append(
            f"{large} has {ratio:.1f} times as many images as {small} in {first}: read macro recall beside accuracy; "
            "`rebalance=` offers cures."
        )
    test = found["test"]
    if test and test["p"] < 0.05:
        lines.append(
            f"The splits differ in their class distribution (chi-square {test['chi_square']:.1f}, {test['degrees']} "
            f"degrees of freedom, Cramer's V {test['cramers_v']:.3f}): accuracies on them are not quite comparable."
        )
    return lines


def _votes(found: dict[str, Any]) -> list[str]:
    if "none" in found:
        return []
    counts, clear = found["counts"], found["clear_majority"]
    share = {name: f"{count:,} ({100 * count / found['images']:.1f} %)" for name, count in counts.items()}
    return [
        f"Of ten people's votes (FER+): {counts['not_a_face']:,} images are no face, {counts['unknown']:,} unknown, on "
        f"{share['disagreement']} no answer has {clear} votes, and {share['contradicted']} carry another label than "
        f"{clear} or more of the ten would give. Cure: `data.votes=soft` trains on the votes."
    ]
