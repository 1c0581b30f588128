import copy
import json
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from ferlab.evaluation.looking.causal import causal_overlap
from ferlab.evaluation.measure import measure
from ferlab.evaluation.pages.report import print_summary, write_report
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.verdict import compare

NAMES = ("happy", "sad", "angry")
TRAINING = {
    "command": "python -m ferlab.train model=cnn10",
    "epochs": 7,
    "max_epochs": 10,
    "chosen_epoch": 5,
    "monitor": "val/accuracy",
    "monitored_value": 0.61,
    "seconds": 75.2,
    "samples_per_second": 1234.5,
    "precision": "bf16-mixed",
    "precision_reason": "the processor has AMX",
    "device": "cpu",
    "threads": 2,
    "peak_memory_mb": 1500,
}


@pytest.fixture(scope="module")
def metrics():
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 3
    preds = np.where(rng.random(400) < 0.6, labels, (labels + 1) % 3)
    p = np.full((400, 3), 0.2, dtype=np.float32)
    p[np.arange(400), preds] = 0.6
    splits = np.where(np.arange(400) % 2, "val", "test")
    rows = Rows(np.arange(400).astype(str), splits, labels, preds, p, NAMES, {})
    return {
        "model": "cnn10",
        "seed": 3,
        "data": {
            "name": "faces",
            "synthetic": False,
            "labels": list(NAMES),
            "class_counts": {
                "train": [10, 20, 30],
                "val": [1, 2, 3],
                "test": [4, 5, 6],
                "train after rebalancing": [10, 11, 12],
            },
            "class_weights": None,
            "notes": ["2 entries skipped as broken"],
        },
        "protocol": {"name": "official", "hash": "a1b2c3d4e5f6", "selection": "val", "marks": []},
        "checkpoint": {"chosen_epoch": 5},
        "document": None,
        "val": measure(rows, "val", resamples=100),
        "test": measure(rows, "test", resamples=100),
    }


def changed(metrics, **changes):
    out = copy.deepcopy(metrics)
    for path, value in changes.items():
        *groups, last = path.split("__")
        place = out
        for group in groups:
            place = place[group]
        place[last] = value
    return out


def document(metrics, reported, **more):
    return changed(metrics, document={"row": "D2 cnn4", "metric": "accuracy", "reported": reported, **more})


def test_the_page_says_what_a_reader_needs(metrics, tmp_path):
    figures = [tmp_path / "figures" / "confusion.png"]
    text = write_report(tmp_path, metrics, TRAINING, figures).read_text()
    best = metrics["test"]["accuracy"]
    headline = f"**Test accuracy {100 * best['value']:.1f} % ({100 * best['low']:.1f} to {100 * best['high']:.1f})"
    for part in (
        "# cnn10 on faces, seed 3",
        headline,
        "n = 200",
        "Always answering *",
        "| class | n | predicted | precision | recall | F1 | AUROC |",
        "train after rebalancing",
        "| happy | 10 | 10 | 1 | 4 |",
        "| **all** | 60 | 33 | 6 | 15 |",
        "2 entries skipped as broken",
        "hash `a1b2c3d4e5f6`; the epoch was chosen on val.",
        "7 of at most 10",
        "epoch 5, val/accuracy 0.6100",
        "1 min 15 s",
        "1,234 images/s",
        "bf16-mixed (the processor has AMX)",
        "![confusion](figures/confusion.png)",
        TRAINING["command"],
    ):
        assert part in text, part
    assert "SYNTHETIC" not in text and "Read with care" not in text and "None" not in text


def test_synthetic_data_and_marks_stand_on_top(metrics, tmp_path):
    marked = changed(metrics, data__synthetic=True, protocol__marks=["selected on test"], protocol__selection="test")
    text = write_report(tmp_path, marked, {}).read_text()
    assert text.index("SYNTHETIC DATA") < text.index("Read with care:** selected on test") < text.index("Test accuracy")
    assert "The test samples chose the epoch" in text and "Not recorded." in text
    out = printed(marked, tmp_path)
    assert "SYNTHETIC" in out and "! selected on test" in out


def test_class_weights_have_a_column(metrics, tmp_path):
    weighted = changed(metrics, data__class_weights=[1.5, 1.0, 0.5])
    assert "| sad | 20 | 11 | 2 | 5 | 1.000 |" in write_report(tmp_path, weighted, {}).read_text()


@pytest.mark.parametrize(("reported", "verdict"), [(0.9, "below"), (0.1, "above"), (None, "reproduced")])
def test_verdict_against_the_interval(metrics, tmp_path, reported, verdict):
    reported = metrics["test"]["accuracy"]["value"] if reported is None else reported
    against = document(metrics, reported, n=200, caveat="its test set chose the epoch")
    found = compare(against)
    assert found["verdict"] == verdict
    gap = found["difference"]
    assert gap["low"] < gap["value"] < gap["high"]
    assert (gap["low"] < 0 < gap["high"]) == (verdict == "reproduced")
    text = write_report(tmp_path, against, {}).read_text()
    assert f"**{verdict}**" in text and "its test set chose the epoch" in text and "at its n = 200" in text


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data__synthetic": True}, "synthetic"),
        ({"document__comparable": False}, "not a test figure"),
        ({"document__data": "fer2013"}, "fer2013, this run used faces"),
        ({"protocol__marks": ["fast_dev_run: one batch, no result"]}, "fast_dev_run"),
        ({"document__metric": "top9"}, "no such figure"),
    ],
)
def test_not_comparable_says_why(metrics, tmp_path, changes, reason):
    against = changed(document(metrics, 0.5, n=200), **changes)
    found = compare(against)
    assert found["verdict"] == "not comparable" and reason in found["reason"] and "difference" not in found
    assert reason in write_report(tmp_path, against, {}).read_text()


def test_no_document_no_verdict(metrics):
    assert compare(metrics) is None
    assert compare(changed(metrics, document={"row": "D1", "reported": None})) is None


def printed(metrics, folder):
    console = Console(file=StringIO(), width=80)
    print_summary(metrics, folder, console)
    return console.file.getvalue()


def test_the_summary_ends_with_a_path_in_one_piece(metrics, tmp_path):
    folder = tmp_path / ("long" * 30)
    out = printed(document(metrics, 0.9, n=200), folder)
    assert out.rstrip().endswith(str(folder))
    best = metrics["test"]["accuracy"]
    assert f"{100 * best['value']:.1f} % ({100 * best['low']:.1f} to" in out and "D2 cnn4 reports 90.0 %" in out


def test_undefined_figures_are_words(metrics, tmp_path):
    lacking = changed(metrics, test__auroc_macro=None, test__per_class__sad__f1=None)
    assert "undefined" in write_report(tmp_path, lacking, {}).read_text()
    assert "undefined" in printed(lacking, tmp_path)
    json.dumps(lacking, allow_nan=False)


def test_causes_are_told_in_a_sentence(metrics, tmp_path):
    rng = np.random.default_rng(0)
    masks = np.zeros((9, 8, 8), dtype=np.uint8)
    masks[:, :4] = 1
    causes = causal_overlap(rng.random((9, 8, 8)), masks)
    found = {"methods": ["gradcam"], "left_out": [], "causes": {"gradcam": causes}}
    text = write_report(tmp_path, metrics, {}, explanations=found).read_text()
    assert "Grad-CAM heat of 9 test images" in text and "cover 50.0 % of the image" in text


def test_copies_across_the_roles_are_told(metrics, tmp_path):
    counted = changed(metrics, protocol__copies={"val in train": 73, "test in train": 1028})
    text = write_report(tmp_path, counted, TRAINING).read_text()
    assert "73 val in train, 1,028 test in train" in text
    assert "identical" not in write_report(tmp_path, metrics, TRAINING).read_text()
