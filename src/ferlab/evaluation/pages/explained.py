"""Explanations in words: what their checks found."""

from typing import Any

from ferlab.evaluation.pages import explained_words
from ferlab.evaluation.words import estimate, noun, number, table
from ferlab.explain.methods import WORDS


def section(found: dict[str, Any] | None, modality: str | None = None) -> list[str]:
    """Return the report's sections on explanations; nothing where neither causes nor checks are at hand.

    Args:
        found: what stands in figures/explanations.json (`explaining.draw_explanations`).
        modality: of the data; None: images.
    """
    if not found:
        return []
    parts = explained_words.section(found)
    if parts:
        return parts
    causes = found.get("causes", {})
    if causes:
        parts.append("## Does it look at the causes?")
        parts += [_causes(*one) for one in causes.items()] if len(causes) == 1 else _causes_of(causes)
    if "insertion_deletion" in found:
        parts += ["## Are the explanations worth a look?", *_checks(found, modality)]
    if parts and found["left_out"]:
        names = ", ".join(WORDS[name] for name in found["left_out"])
        parts.append(f"Left out, for the network has no 2-D convolution: {names}.")
    return parts


def _causes(method: str, causes: dict[str, Any]) -> str:
    share, area = number(causes["share"]["value"], ""), number(causes["area"]["value"], "")
    return (
        f"Of the {WORDS[method]} heat of {causes['n']:,} test images, {share} lies inside the regions that cause the "
        f"label, which cover {area} of the image: {_times(causes, 'ratio_area')} as much as by chance, and "
        f"{_times(causes, 'ratio_elsewhere')} as much as lies inside the regions of other images. The hottest place "
        f"lies inside for {estimate(causes['pointing'], '')}."
    )


def _times(causes: dict[str, Any], name: str) -> str:
    return f"{causes[name]['value']:.2f} times ({causes[name]['low']:.2f} to {causes[name]['high']:.2f})"


def _causes_of(causes: dict[str, dict[str, Any]]) -> list[str]:
    rows = [["method", "n", "heat inside the causes", "against their area", "against other images'", "hottest inside"]]
    for name, one in causes.items():
        ratios = (_times(one, key) for key in ("ratio_area", "ratio_elsewhere"))
        rows.append([WORDS[name], f"{one['n']:,}", estimate(one["share"], ""), *ratios, estimate(one["pointing"], "")])
    area = number(next(iter(causes.values()))["area"]["value"], "")
    note = (
        f"The regions that cause the label cover {area} of the image. Heat that lies anywhere puts 1.00 times their "
        "area into them; heat that knows faces, but not this one, 1.00 times what other images' regions get."
    )
    return [table(rows), note]


def _checks(found: dict[str, Any], modality: str | None) -> list[str]:
    games, weights = found["insertion_deletion"], found["randomisation"]
    parts = []
    for game, better in (("deletion", "lower"), ("insertion", "higher")):
        chance = games["random"][game]["auc"]["value"]
        rows = [[f"{game} AUC, {better} is better", "AUC", f"less random pixels ({chance:.3f})", "less the map moved"]]
        for name, one in games["methods"].items():
            gaps = (_gap(one[game][key]) for key in ("to_random", "to_moved"))
            rows.append([WORDS[name], estimate(one[game]["auc"], "auroc"), *gaps])
        parts.append(table(rows))
    samples = noun(modality)
    image, pixels, mean = "image", "pixels", "mean colour"
    if modality == "audio":
        image, pixels, mean = "spectrogram", "its places in time and pitch", "mean level"
    parts.append(
        f"The probability of the predicted class, n = {games['n']:,} test {samples}, while {pixels} are replaced in "
        f"the order of the heat: by the {image}'s {mean} (deletion), or by the {image} in its blurred self "
        f"(insertion). Differences are paired by {image}. Chance is asked twice, for places strewn at random "
        "destroy it faster than one spot of the same area: pixels in random order, and the same maps mirrored and "
        "moved by lot."
    )
    rows = [["heat of", "rank correlation with the trained net's, all layers random", "SSIM", "verdict"]]
    for name, one in weights["methods"].items():
        alike = (_gap(one[key][-1]) if one[key][-1] else "undefined" for key in ("spearman", "ssim"))
        rows.append([WORDS[name], *alike, one["verdict"]])
    note = f"Layers made random from the last to the first, n = {weights['n']:,} test {samples}."
    return [*parts, table(rows), note]


def _gap(one: dict[str, Any]) -> str:
    return f"{one['value']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"
