"""All figures of a run, from its rows, its metrics and its chosen model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ferlab.evaluation.figures import explanations, galleries
from ferlab.evaluation.figures.attention_sheet import attention_sheet
from ferlab.evaluation.figures.row_figures import draw_rows
from ferlab.evaluation.figures.style import Caption, caption_of, save
from ferlab.evaluation.looking.evidence import in_turn
from ferlab.evaluation.looking.explaining import Options, draw_explanations
from ferlab.evaluation.looking.pictures import Pictures
from ferlab.evaluation.looking.text_draw import draw_text_figures, explain_texts
from ferlab.evaluation.multilabel_rows import is_multilabel
from ferlab.evaluation.rows import Rows
from ferlab.explain.attention import attention, has_attention
from ferlab.explain.feature_maps import feature_maps
from ferlab.explain.layers import conv_layers
from ferlab.transforms.text import Text

WATCHED = 12


def draw(
    folder: Path,
    metrics: dict[str, Any],
    rows: Rows,
    pictures: Pictures,
    curves: Path | None = None,
    explain: Mapping[str, Any] | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> tuple[list[Path], dict[str, Any] | None]:
    """Draw every figure of a run.

    Args:
        folder: where the PNG files go.
        metrics: what stands in metrics.json: model, seed, data, protocol, checkpoint, document, test.
        rows: the run's predictions; the test rows are drawn.
        pictures: images and model.
        curves: the run's metrics.csv; without it there are no learning curves.
        explain: what to explain and how, as in conf/train.yaml; what is left out stands as there.
        say: told what is being computed where it takes a while.

    Raises:
        FerlabError: an option under `explain` that has no meaning for this net and these classes.

    Returns:
        The files in the order of a report, and what the explanations say (`explaining.draw_explanations`).
    """
    test, caption = rows.split("test"), caption_of(metrics)
    done = draw_rows(folder, metrics, rows, curves)

    def keep(name: str, figure: Any) -> None:
        done.append(save(figure, folder / f"{name}.png"))

    if isinstance(pictures.preprocess, Text):
        draw_text_figures(pictures, tuple(rows.meta["spec"]["labels"]), caption, keep)
        found = explain_texts(folder, pictures, test, caption, keep, Options(**(explain or {})), say)
        return done, found
    if is_multilabel(rows.meta):
        # the sheets of pictures show one class a sample
        return done, None
    lens = pictures.lens
    for name, figure in lens.examples(pictures.examples(test.names), caption).items():
        keep(name, figure)
    wrong = galleries.confident_errors(test)
    shown = lens.look(pictures.x[pictures.test[wrong]])
    total = int((test.preds != test.labels).sum())
    keep("misclassified", galleries.misclassified(shown, test.take(wrong), total, caption, lens.scale))
    if conv_layers(pictures.net):
        keep("feature_maps", _feature_maps(pictures, test, caption))
    if has_attention(pictures.net) and lens.scale is not None:
        keep("attention", _attention(pictures, test, caption))
    return done, draw_explanations(pictures, test, caption, keep, Options(**(explain or {})), say)


def _feature_maps(pictures: Pictures, test: Rows, caption: Caption) -> Any:
    best = int(np.argmax(np.where(test.preds == test.labels, test.probabilities.max(1), -1)))
    raw, lens = pictures.x[pictures.test[[best]]], pictures.lens
    maps = feature_maps(lens.net, lens.input(raw))
    values = {name: lens.upright(value[0]) for name, value in maps.items()}
    return explanations.feature_map_sheet(lens.look(raw)[0], values, caption, test.names[test.labels[best]])


def _attention(pictures: Pictures, test: Rows, caption: Caption) -> Any:
    raw, lens = pictures.x[pictures.test[in_turn(test.labels, len(test.names), WATCHED)]], pictures.lens
    few = test.take(in_turn(test.labels, len(test.names), WATCHED))
    return attention_sheet(lens.look(raw), attention(lens.net, lens.input(raw)).cpu().numpy(), few, lens.scale, caption)
