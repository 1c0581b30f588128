"""Risk and coverage by hand, and whether the promised error rates hold in simulation."""

import numpy as np
import pytest
from scipy.stats import binomtest

from ferlab.errors import FerlabError
from ferlab.evaluation.calibrated import for_wish
from ferlab.evaluation.clusters import Units
from ferlab.evaluation.selective import areas, check_wishes, guaranteed, kept, plain, risk_coverage, upper_bound
from ferlab.evaluation.temperature import fit


def answers(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences, each right as often as it says."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.4, 1, n)
    return confidence, rng.random(n) > confidence


def test_the_curve_by_hand() -> None:
    confidence, wrong = np.array([0.9, 0.5, 0.7, 0.7]), np.array([False, True, True, False])
    thresholds, coverage, risk = risk_coverage(confidence, wrong)
    np.testing.assert_allclose(thresholds, [0.9, 0.7, 0.5])
    np.testing.assert_allclose(coverage, [0.25, 0.75, 1])
    np.testing.assert_allclose(risk, [0, 1 / 3, 1 / 2])
    found = areas(confidence, wrong, resamples=200)
    area = (0 + 1 / 3 + 1 / 3 + 1 / 2) / 4
    assert found["aurc"]["value"] == pytest.approx(area, abs=1e-6)
    # the best order: right, right, wrong, wrong
    assert found["aurc_excess"]["value"] == pytest.approx(area - (1 / 3 + 2 / 4) / 4, abs=1e-6)


def test_the_best_order_exceeds_nothing() -> None:
    wrong = np.arange(100) >= 70
    assert areas(1 - np.arange(100) / 200, wrong, resamples=50)["aurc_excess"]["value"] == pytest.approx(0, abs=1e-6)


def test_the_area_covers_and_knows_clusters() -> None:
    many = areas(*answers(200_000, 1), resamples=2)["aurc"]["value"]
    inside = []
    for seed in range(80):
        found = areas(*answers(300, seed), resamples=200)["aurc"]
        inside.append(found["low"] <= many <= found["high"])
    assert np.mean(inside) > 0.87
    confidence, wrong = answers(60, 0)
    rows = areas(np.repeat(confidence, 9), np.repeat(wrong, 9), 300)["aurc"]
    units = Units(540, "actor", np.repeat(np.arange(60), 9), 60)
    people = areas(np.repeat(confidence, 9), np.repeat(wrong, 9), 300, units=units)["aurc"]
    assert people["value"] == rows["value"]
    assert people["high"] - people["low"] > 2 * (rows["high"] - rows["low"])


@pytest.mark.parametrize(("errors", "n"), [(0, 30), (3, 40), (40, 40)])
def test_the_bound_is_clopper_and_pearsons(errors: int, n: int) -> None:
    theirs = binomtest(errors, n, alternative="less").proportion_ci(0.95, method="exact")
    assert upper_bound(errors, n, 0.95) == pytest.approx(theirs.high)


@pytest.mark.parametrize("wish", [0.1, 0.2])
def test_the_promise_holds(wish: float) -> None:
    everyone = answers(200_000, 12345)
    held, coverages = [], []
    for seed in range(150):
        threshold, bound = guaranteed(*answers(800, seed), wish)
        if threshold is None:
            held.append(True)  # nothing was promised
            continue
        assert bound <= wish
        true = kept(*everyone, threshold)
        held.append(true["error"]["value"] <= wish)
        coverages.append(true["coverage"]["value"])
    assert np.mean(held) >= 0.95
    assert np.mean(coverages) > 0.1  # and it is not held by answering nothing
    broken = [kept(*everyone, plain(*answers(800, s), wish))["error"]["value"] > wish for s in range(100)]
    assert np.mean(broken) > 0.2  # a test that the other rule would fail


def test_what_cannot_be_promised_is_not() -> None:
    confidence, wrong = answers(20, 0)
    threshold, bound = guaranteed(confidence, wrong, 0.01)
    assert threshold is None and bound > 0.01
    assert plain(np.array([0.9, 0.8]), np.array([True, True]), 0.1) is None
    assert kept(confidence, wrong, 1.5) == {
        "n": 0,
        "coverage": {"value": 0.0, "low": 0.0, "high": pytest.approx(0.161125, abs=1e-5), "interval": "wilson"},
        "error": None,
    }


@pytest.mark.parametrize("wishes", [[0], [1.0], [0.1, 0.1], [True]])
def test_wishes_are_error_rates(wishes: list[object]) -> None:
    with pytest.raises(FerlabError, match="wished_errors: expected different error rates between 0 and 1"):
        check_wishes(wishes)  # type: ignore[arg-type]


def test_rows_of_one_person_tell_nothing_of_others() -> None:
    one = Units(40, "actor", np.zeros(40, np.int64), 1)
    found = areas(np.linspace(0.2, 1, 40), np.arange(40) % 3 == 0, 100, units=one)
    assert all((found[name]["low"], found[name]["high"]) == (0, 1) for name in found)
    p = np.random.default_rng(0).dirichlet(np.ones(3), 40)
    fitted = fit(p, np.arange(40) % 3, 100, units=one)
    assert fitted["note"] is None and fitted["low"] is None


def test_what_is_rounded_is_what_the_promise_is_made_of() -> None:
    # half of the answers are all but certain and right, half a little less so, and wrong as often as not
    confidence = np.repeat([1 - 1e-9, 1 - 5e-7], 2000)
    wrong = np.append(np.zeros(2000, dtype=bool), np.arange(2000) % 2 == 0)
    found = for_wish((confidence, wrong), (confidence, wrong), 0.05)
    # six decimals cannot part them
    assert found["guaranteed"]["threshold"] is None and found["plain"]["threshold"] is None
    found = for_wish((confidence, wrong), (confidence, wrong), 0.3)["guaranteed"]
    assert found["val"]["error"]["value"] == 0.25 and found["bound"] < 0.3
