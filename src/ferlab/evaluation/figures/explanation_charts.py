"""Curves that check methods of explanation: insertion, deletion, random weights. No image is shown."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ferlab.evaluation.figures.style import GREY, Caption, colour, sheet
from ferlab.explain.methods import WORDS

GAMES = {
    "deletion": "Deletion: hottest pixels taken out first\n(lower is better)",
    "insertion": "Insertion: hottest pixels put in first\n(higher is better)",
}


def insertion_deletion(found: dict[str, Any], caption: Caption) -> Figure:
    """Draw the mean probability of the predicted class along `sanity.insertion_deletion`'s curves, with intervals."""
    share = 100 * np.asarray(found["share"])
    facts = (f"n = {found['n']:,} {caption.noun}", f"bands: 95 % intervals over {caption.noun}", "AUC in the legend")
    with sheet(10.0, 5.2, "Does the class need the pixels that the heat names?", caption.line(*facts)) as figure:
        for i, (game, title) in enumerate(GAMES.items()):
            axes = figure.add_subplot(1, 2, i + 1)
            random = found["random"][game]
            _band(axes, share, random["curve"], GREY, ":", f"pixels in random order {random['auc']['value']:.3f}")
            for j, (name, games) in enumerate(found["methods"].items()):
                one = games[game]
                _band(axes, share, one["curve"], *colour(j), f"{WORDS.get(name, name)} {one['auc']['value']:.3f}")
            axes.set(title=title, xlabel="% of the pixels replaced", xlim=(0, 100), ylim=(0, 1.02))
            if i == 0:
                axes.set_ylabel("probability of the predicted class")
            axes.grid(True)
            axes.legend(loc="upper left", bbox_to_anchor=(0, -0.17), ncols=2, fontsize=8.5)
    return figure


def randomisation(found: dict[str, Any], caption: Caption) -> Figure:
    """Draw how alike heat stays to the trained net's while ever more layers are random (`sanity.randomisation`)."""
    places = np.arange(len(found["layers"]))
    names = ["trained", *(f"{n}: {last}" for n, last in zip(found["layers"][1:], found["last"][1:], strict=True))]
    facts = (f"n = {found['n']:,} {caption.noun}", f"bars: 95 % intervals over {caption.noun}")
    title = "Does the heat depend on the weights? Layers made random, from the last to the first"
    with sheet(10.0, 4.9, title, caption.line(*facts)) as figure:
        for i, (key, label) in enumerate({"spearman": "rank correlation", "ssim": "SSIM"}.items()):
            axes = figure.add_subplot(1, 2, i + 1)
            for j, (name, one) in enumerate(found["methods"].items()):
                there = [k for k, value in enumerate(one[key]) if value is not None]
                if not there:
                    continue
                value, low, high = (np.array([one[key][k][part] for k in there]) for part in ("value", "low", "high"))
                shade, line = colour(j)
                # side by side: bars on one spot hide each other
                x = places[there] + 0.06 * (j - (len(found["methods"]) - 1) / 2)
                error = np.maximum([value - low, high - value], 0)
                axes.errorbar(x, value, error, color=shade, ls=line, marker="o", ms=4, capsize=2, label=WORDS.get(name))
            axes.axhline(0, color=GREY, lw=0.8)
            axes.set_xticks(places, names, rotation=35, ha="right", fontsize=8.5)
            axes.set(title=f"{label} with the trained net's heat", ylim=(-0.4, 1.05))
            axes.grid(True, axis="y")
            if i == 0:
                axes.set_xlabel("random layers: the one drawn last")
                axes.legend(fontsize=8.5)
    return figure


def _band(axes: Axes, x: Any, curve: list[dict[str, Any]], shade: str, line: str, label: str) -> None:
    value, low, high = (np.array([one[part] for one in curve]) for part in ("value", "low", "high"))
    axes.plot(x, value, color=shade, ls=line, label=label)
    axes.fill_between(x, low, high, color=shade, alpha=0.15, lw=0)
