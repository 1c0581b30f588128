import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from ferlab.errors import FerlabError
from ferlab.evaluation.calibrated import calibrated
from ferlab.evaluation.figures import calibration_figures, explanations, figures, galleries
from ferlab.evaluation.figures.history import learning_curves, read_history
from ferlab.evaluation.figures.style import SYNTHETIC, Caption, save
from ferlab.evaluation.looking.draw import Pictures, draw
from ferlab.evaluation.measure import measure
from ferlab.evaluation.rows import Rows

CAPTION = Caption("faces", "cnn10", 3, {"name": "official", "hash": "a1b2c3", "marks": ["selected on test"]}, True)
LONG = tuple(f"{who} {what}" for who in ("female", "male") for what in ("sad", "angry", "surprise"))


def make(names, n=60):
    rng = np.random.default_rng(0)
    k = len(names)
    labels = np.arange(n) % k
    p = rng.dirichlet(np.ones(k), n).astype(np.float32)
    return Rows(np.arange(n).astype(str), np.full(n, "test"), labels, p.argmax(1), p, tuple(names), {})


def texts(figure):
    return [text.get_text() for text in figure.findobj(match=lambda a: hasattr(a, "get_text")) if text.get_text()]


def said(figure):
    return "\n".join(texts(figure))


@pytest.mark.parametrize("names", [("happy", "sad"), LONG])
def test_every_figure_of_rows_says_where_it_comes_from(names):
    rows = make(names)
    measures = measure(rows, "test", resamples=50)
    counts = {role: dict.fromkeys(names, 5) for role in ("train", "val", "test")}
    drawn = [
        figures.confusion(measures, CAPTION),
        figures.roc(rows, measures, CAPTION),
        figures.top_k(measures, CAPTION, [0.5, 0.7]),
        figures.predictions(rows, measures, CAPTION),
        figures.class_counts(counts, CAPTION, dict.fromkeys(names, 2)),
        learning_curves({"val/loss": {1: 2.0, 2: 1.0}, "lr": {1: 0.1, 2: 0.1}}, CAPTION, 2),
    ]
    for figure in drawn:
        footer = next(text for text in texts(figure) if "seed 3" in text).replace("\n", " ")
        for part in (SYNTHETIC, "faces", "cnn10", "protocol official a1b2c3", "selected on test"):
            assert part in footer
        assert texts(figure).count(SYNTHETIC) == 1
    assert all(name in said(figure) for figure in (drawn[0], drawn[3], drawn[4]) for name in names)


def test_real_data_carry_no_synthetic_mark():
    figure = figures.confusion(measure(make(LONG), "test", resamples=50), Caption("fer2013", "cnn4", 0))
    assert "SYNTHETIC" not in said(figure) and "test n = 60" in said(figure)


def test_confusion_shows_counts_and_rates_and_a_dash_for_an_absent_class():
    rows = make(("a", "b", "c"))
    rows.labels[:] = np.where(rows.labels == 2, 1, rows.labels)
    figure = figures.confusion(measure(rows, "test", resamples=50), CAPTION)
    counts, rates = ([t.get_text() for t in axes.texts] for axes in figure.axes)
    assert sum(map(int, counts)) == 60
    assert rates[6:] == ["-"] * 3 and sum(map(int, rates[:3])) == pytest.approx(100, abs=2)


def test_history_takes_the_last_value_of_an_epoch(tmp_path):
    file = tmp_path / "metrics.csv"
    file.write_text("epoch,step,train/loss,val/loss,lr\n0,9,2.5,,\n0,9,,2.0,0.1\n1,19,1.5,,\n1,19,1.25,,0.1\n")
    assert read_history(file) == {"train/loss": {1: 2.5, 2: 1.25}, "val/loss": {1: 2.0}, "lr": {1: 0.1, 2: 0.1}}
    file.write_text("loss\n1\n")
    with pytest.raises(FerlabError, match="column 'epoch'"):
        read_history(file)
    with pytest.raises(FerlabError, match="no such file"):
        read_history(tmp_path / "none.csv")


def test_learning_curves_of_one_epoch_and_of_none():
    assert "1 epoch " in said(learning_curves({"train/loss": {1: 2.0}}, CAPTION)).replace("\n", " ")
    learning_curves({}, CAPTION)


def test_the_most_confident_errors_come_first():
    rows = make(("a", "b", "c"))
    wrong = galleries.confident_errors(rows, 10)
    sure = rows.probabilities.max(1)
    assert len(wrong) == 10 and (rows.preds[wrong] != rows.labels[wrong]).all()
    assert (np.diff(sure[wrong]) <= 0).all()
    assert sure[wrong].min() >= np.sort(sure[rows.preds != rows.labels])[-10]


def test_galleries_name_what_they_show():
    images = np.zeros((5, 8, 6, 3), dtype=np.uint8)
    assert "female surprise" in said(galleries.sample_grid(images, ["female surprise"] * 5, CAPTION))
    rows = make(LONG)
    wrong = galleries.confident_errors(rows, 5)
    words = said(galleries.misclassified(images, rows.take(wrong), 40, CAPTION))
    label = f"{LONG[rows.preds[wrong[0]]]} {rows.probabilities[wrong[0]].max():.2f}"
    assert "5 of 40" in words and label in words


def test_no_errors_to_show():
    rows = make(("a", "b")).take(np.zeros(0, dtype=np.int64))
    assert "none" in said(galleries.misclassified(np.zeros((0, 8, 8, 1), dtype=np.uint8), rows, 0, CAPTION))


def test_overlay_leaves_cold_places_alone():
    image = np.full((8, 8, 1), 100, dtype=np.uint8)
    heat = np.zeros((4, 4))
    heat[0, 0] = 1
    out = explanations.overlay(image, heat)
    assert out.shape == (8, 8, 3) and (out[6:, 6:] == 100).all() and (out[0, 0] != 100).any()


def test_saved_figures_are_the_same_bytes(tmp_path):
    files = [
        save(galleries.sample_grid(np.zeros((2, 8, 8, 1), np.uint8), ["a", "b"], CAPTION), tmp_path / f"{n}.png")
        for n in "ab"
    ]
    assert files[0].read_bytes() == files[1].read_bytes()
    with Image.open(io.BytesIO(files[0].read_bytes())) as image:
        assert image.format == "PNG" and image.width > 500


@pytest.fixture
def run(tmp_path: Path):
    """Draw a small run on images whose pixels are noise."""
    rows, rng = make(("a", "b", "c")), np.random.default_rng(0)
    x = rng.integers(0, 256, (100, 12, 12, 1)).astype(np.uint8)
    x.flags.writeable = False
    data = {"name": "faces", "synthetic": True, "labels": ["a", "b", "c"]}
    data["class_counts"] = {r: [3, 2, 1] for r in ("train", "val", "test", "train after rebalancing")}
    metrics = {"model": "m", "seed": 0, "data": data, "protocol": {"name": "official"}, "document": None}
    metrics["test"] = measure(rows, "test", resamples=50)
    curves = tmp_path / "metrics.csv"
    curves.write_text("epoch,step,train/loss\n0,9,2.5\n")

    def go(net, **more):
        labels = np.concatenate([rows.labels, np.zeros(40, dtype=np.int64)])
        pictures = Pictures(x, labels, np.arange(60, 100), np.arange(60), lambda t: t.float() / 255, net, **more)
        return draw(tmp_path / "figures", metrics, rows, pictures, curves)

    return go


def conv():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 3))


NAMES = ["learning_curves", "confusion", "roc", "top_k", "predictions", "class_counts", "samples", "misclassified"]


def test_a_run_has_all_its_figures(run):
    masks = np.zeros((100, 12, 12), dtype=np.uint8)
    masks[:, 3:6] = 1
    net, state = conv(), torch.random.get_rng_state()
    files, overlap = run(net, masks=masks, augment=lambda t: t.float() + torch.randn(t.shape))
    assert [file.stem for file in files] == [*NAMES, "feature_maps", "gradcam", "causes"]
    assert all(file.stat().st_size > 5_000 for file in files)
    assert overlap is not None and overlap["causes"]["gradcam"]["area"]["value"] == 0.25
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_net_without_convolutions_has_no_maps(run):
    files, overlap = run(nn.Sequential(nn.Flatten(), nn.Linear(144, 3)))
    assert [file.stem for file in files] == NAMES and overlap is None


@pytest.mark.parametrize("names", [("happy", "sad"), LONG])
def test_calibration_is_drawn_with_its_bins_and_thresholds(names):
    test = make(names, 90)
    rows = Rows(
        *(np.concatenate([getattr(test, part)] * 2) for part in ("ids",)),
        np.repeat(["val", "test"], 90),
        *(np.concatenate([getattr(test, part)] * 2) for part in ("labels", "preds", "probabilities")),
        names,
        {},
    )
    found = calibrated(rows, (0.01, 0.9), resamples=50)
    diagram = calibration_figures.reliability(test, found, CAPTION)
    assert "as trained: ECE" in said(diagram) and "test n = 90" in said(diagram) and SYNTHETIC in said(diagram)
    counts = [int(text.get_text()) for axes in diagram.axes[2:] for text in axes.texts if text.get_text()]
    assert sum(counts) == 2 * 90
    curve = calibration_figures.risk_coverage(test, found, CAPTION)
    assert "1 %, promised → none holds" in said(curve) and "90 %, no promise →" in said(curve)
