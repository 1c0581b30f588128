"""Leak: differences between protocols against naive bootstraps, over the same, overlapping and other test samples."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from ferlab.errors import FerlabError
from ferlab.evaluation.leak import leaks
from ferlab.evaluation.pages.leak_report import report, sentences
from ferlab.evaluation.paired import accuracy_difference
from ferlab.evaluation.rows import Rows
from ferlab.evaluation.run_folder import Run

HEAD = {"model": "net", "data": "set", "synthetic": False, "command": "python -m x", "figure": "leakage.png"}


class Made(Run):
    """A run whose rows are given instead of read."""

    rows: Rows = None  # type: ignore[assignment]


def run(protocol: str, ids: np.ndarray, right: np.ndarray, seed: int = 0, **facts: Any) -> Made:
    """A run of three classes (the id modulo 3) that is right where it is said to be."""
    labels = (ids % 3).astype(np.int64)
    preds = np.where(right, labels, (labels + 1) % 3)
    p = (0.2 + 0.4 * np.eye(3)[preds]).astype(np.float32)
    known = {"name": protocol, "marks": [], "selection": "val", "counts": {"train": 9, "val": 9, "test": len(ids)}}
    known |= {"hash": "0", "copies": {"test in train": 4}, "near_copies": {"test in train": 2}} | facts
    rows = Rows(ids.astype(str), np.full(len(ids), "test"), labels, preds, p, ("a", "b", "c"), {"protocol": known})
    made = Made(Path(protocol), {"seed": seed}, {"protocol": known}, {})
    object.__setattr__(made, "rows", rows)
    return made


def flips(n: int, chance: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(n) < chance


def test_over_the_same_samples_it_is_the_paired_bootstrap() -> None:
    ids, one = np.arange(600), flips(600, 0.6, 1)
    other = one | flips(600, 0.1, 2)
    study = leaks({"official": [run("official", ids, one)], "legacy": [run("legacy", ids[::-1], other[::-1])]})
    found = study["differences"]["legacy"]
    exact = accuracy_difference(*(run("x", ids, right).rows for right in (other, one)))
    assert found["shared"] == found["union"] == 600
    assert found["accuracy"]["interval"] == "paired bootstrap"
    assert found["accuracy"]["value"] == exact["value"]
    assert found["accuracy"]["low"] == pytest.approx(exact["low"], abs=0.002)
    assert found["accuracy"]["high"] == pytest.approx(exact["high"], abs=0.002)


def test_over_other_samples_it_is_that_of_two_proportions() -> None:
    ids, one, other = np.arange(1200), flips(500, 0.6, 3), flips(700, 0.7, 4)
    study = leaks({"a": [run("a", ids[:500], one)], "b": [run("b", ids[500:], other)]})
    found = study["differences"]["b"]["accuracy"]
    p, q = one.mean(), other.mean()
    half = norm.ppf(0.975) * np.sqrt(p * (1 - p) / 500 + q * (1 - q) / 700)
    assert study["differences"]["b"]["shared"] == 0
    assert found["value"] == pytest.approx(q - p, abs=1e-6)
    assert (found["low"], found["high"]) == pytest.approx((q - p - half, q - p + half), abs=0.005)


def test_shared_samples_among_others_narrow_the_interval() -> None:
    ids, right = np.arange(900), flips(900, 0.6, 5)
    half_shared = leaks({"a": [run("a", ids[:600], right[:600])], "b": [run("b", ids[300:], right[300:])]})
    apart = leaks({"a": [run("a", ids[:600], right[:600])], "b": [run("b", ids[300:] + 900, right[300:])]})
    widths = [one["differences"]["b"]["accuracy"] for one in (half_shared, apart)]
    assert half_shared["differences"]["b"]["shared"] == 300
    shared, unshared = (one["high"] - one["low"] for one in widths)
    # var(mean A - mean B) with half of each shared is half of that of disjoint sets
    assert shared / unshared == pytest.approx(np.sqrt(0.5), abs=0.05)


def test_several_seeds_are_averaged_and_their_spread_is_told() -> None:
    ids = np.arange(300)
    one = [run("a", ids, flips(300, 0.5, s), s) for s in range(3)]
    other = [run("b", ids, flips(300, 0.6, 10 + s), s) for s in range(3)]
    study = leaks({"a": one, "b": other})
    gaps = [
        (b.rows.preds == b.rows.labels).mean() - (a.rows.preds == a.rows.labels).mean()
        for a, b in zip(one, other, strict=True)
    ]
    found = study["differences"]["b"]["accuracy"]
    assert found["value"] == pytest.approx(np.mean(gaps), abs=1e-6) and found["seeds"]["n"] == 3
    assert found["seeds"]["sd"] == pytest.approx(np.std(gaps, ddof=1), abs=1e-5)
    rows, seeds = found["test_samples"], found["seeds"]
    assert found["interval"] == "seeds and test samples" and rows["interval"] == "paired bootstrap"
    half = seeds["high"] - seeds["mean"]
    assert found["high"] - found["value"] == pytest.approx(np.hypot(rows["high"] - found["value"], half), abs=1e-5)
    assert found["value"] - found["low"] == pytest.approx(np.hypot(found["value"] - rows["low"], half), abs=1e-5)
    text = report(study, HEAD)
    assert "means over 3 seeds" in text and "## Seeds" in text and "over seeds and test samples at once" in text


def test_clusters_are_drawn_where_a_protocol_knows_of_groups() -> None:
    ids, wide = np.arange(600), {}
    for group in (None, "person"):
        pair = [run(name, ids, np.repeat(flips(20, 0.5, k), 30), group=group) for k, name in enumerate("ab")]
        for one in pair:
            one.rows.columns["person"] = np.repeat(np.arange(20), 30)
        found = leaks({"a": pair[:1], "b": pair[1:]})["differences"]["b"]["accuracy"]
        wide[group] = found["high"] - found["low"]
    assert wide["person"] > 3 * wide[None]


def test_one_person_tells_nothing_of_others() -> None:
    ids = np.arange(200)
    pair = [run(name, ids, flips(200, chance, 1), group="person") for name, chance in (("a", 0.4), ("b", 0.8))]
    for one in pair:
        one.rows.columns["person"] = np.repeat("p", 200)
    study = leaks({"a": pair[:1], "b": pair[1:]})
    found, alone = study["differences"]["b"]["accuracy"], study["protocols"]["b"]["accuracy"]
    assert (found["low"], found["high"]) == (-1, 1) and (alone["low"], alone["high"]) == (0, 1)
    assert sentences(study)[0].startswith("no evidence")


@pytest.mark.parametrize(
    ("gain", "told"),
    [
        (0.15, r"old (selected on test) reports 1"),
        (0.0, "no evidence that old (selected on test) reports another accuracy than official: +0.0 points"),
        (-0.15, "less than official (95 % interval -"),
    ],
)
def test_sentences(gain: float, told: str) -> None:
    ids, one = np.arange(1000), np.arange(1000) % 2 == 0
    other = one | flips(1000, 2 * gain, 1) if gain > 0 else one & ~flips(1000, -2 * gain, 1)
    marked = run("old", ids, other, marks=["selected on test"], selection="test")
    study = leaks({"official": [run("official", ids, one)], "old": [marked]})
    (text,) = sentences(study)
    assert told in text and ("the share of the number that is leak" in text) == (gain > 0)
    page = report(study, HEAD)
    assert f"- **{text}**" in page and "selected on test" in page and "1,000 of 1,000" in page


def test_other_training_samples_are_named_as_another_reason() -> None:
    ids, one = np.arange(400), np.arange(400) % 2 == 0
    more = run("more", ids, one | flips(400, 0.5, 1), counts={"train": 18, "val": 9, "test": 400})
    study = leaks({"official": [run("official", ids, one)], "more": [more]})
    assert sentences(study)[0].endswith("or of its other training samples (18 against 9)")


def test_other_test_samples_are_named_as_another_reason() -> None:
    one = np.arange(400) % 2 == 0
    moved = run("moved", np.arange(200, 600), one | flips(400, 0.5, 1))
    study = leaks({"official": [run("official", np.arange(400), one)], "moved": [moved]})
    assert sentences(study)[0].endswith("or of its other test samples (200 of 600 are shared)")


def test_what_does_not_go_together() -> None:
    ids, right = np.arange(30), np.ones(30, bool)
    clean = run("a", ids, right)
    with pytest.raises(FerlabError, match="protocol b: expected the same test samples under every seed"):
        leaks({"a": [clean, clean], "b": [run("b", ids, right), run("b", ids + 3, right)]})
    other = run("b", ids, right)
    object.__setattr__(other.rows, "labels", (other.rows.labels + 1) % 3)
    with pytest.raises(FerlabError, match="another label under another protocol"):
        leaks({"a": [clean], "b": [other]})
    with pytest.raises(FerlabError, match="no metric 'acuracy'; did you mean 'accuracy'"):
        leaks({"a": [clean], "b": [clean]}, ["acuracy"])
