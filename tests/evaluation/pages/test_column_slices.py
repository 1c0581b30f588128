"""Standard slices: which columns are worth one, how speech is measured, and what the report says."""

import json
from typing import Any

import numpy as np

from ferlab.evaluation.pages.column_slices import column_slices, section
from ferlab.evaluation.rows import Rows

ACTORS, EACH = 12, 24


def rows(right: dict[str, float] | None = None, modality: str = "audio", **more: Any) -> Rows:
    """Test rows of twelve actors, women and men in turn, right by gender as often as `right` says."""
    n, rng = ACTORS * EACH, np.random.default_rng(0)
    actor, labels = np.repeat(np.arange(1, ACTORS + 1), EACH), np.arange(n) % 3
    gender = np.where(actor % 2, "male", "female")
    chance = np.array([(right or {"female": 0.6, "male": 0.6})[g] for g in gender])
    said = np.where(rng.random(n) < chance, labels, (labels + 1) % 3)
    p = np.eye(3, dtype=np.float32)[said] * 0.7 + 0.1
    columns = {
        "actor": actor,
        "gender": gender,
        "emotion": np.array(["a", "b", "c"])[labels],
        "take": np.arange(n),
        "room": np.full(n, "one"),
        "loudness": rng.random(n),
        "copies": actor,
        **more,
    }
    meta = {"people": ["actor"], "spec": {"modality": modality}}
    return Rows(np.arange(n).astype(str), np.full(n, "test"), labels, p.argmax(1), p, ("a", "b", "c"), meta, columns)


def test_columns_that_tell_something_are_taken_and_no_others() -> None:
    found = column_slices(rows(), resamples=200)
    assert list(found["columns"]) == ["actor", "gender"]
    json.dumps(found, allow_nan=False)
    assert [one["value"] for one in found["columns"]["actor"]["slices"]][:3] == ["01", "02", "03"]
    assert found["columns"]["gender"]["intervals"]["column"] == "actor"


def test_speech_is_measured_by_its_recall_and_images_by_their_accuracy() -> None:
    assert column_slices(rows(), resamples=200)["columns"]["gender"]["metric"] == "recall_macro"
    assert column_slices(rows(modality="image"), resamples=200)["columns"]["gender"]["metric"] == "accuracy"


def test_a_difference_between_genders_is_found_and_none_is_not() -> None:
    unlike = column_slices(rows({"female": 0.9, "male": 0.4}), resamples=500)["columns"]["gender"]
    assert unlike["test"]["p"] < 0.001 and "differs by gender" in unlike["sentence"]
    alike = column_slices(rows(), resamples=500)["columns"]["gender"]
    assert alike["test"]["p"] > 0.05 and alike["sentence"].startswith("no evidence that recall")


def test_the_report_has_a_line_a_part_and_the_ends_of_many() -> None:
    found = column_slices(rows(), resamples=200)
    text = "\n\n".join(section({"slices": found}))
    assert "## Who and what, on test: recall, macro (UAR)" in text
    assert "| gender | female | 144 |" in text and "| actor |" not in text
    assert "Of 12 values of actor the lowest is " in text and "clusters by actor" in text
    assert "\n- No evidence that recall, macro (UAR) differs by gender" in text


def test_nothing_of_rows_that_know_nothing() -> None:
    plain = Rows(
        *(getattr(rows(), name) for name in ("ids", "splits", "labels", "preds", "probabilities", "names")), {}
    )
    assert column_slices(plain) == {} and section({"slices": {}}) == [] and section({}) == []
