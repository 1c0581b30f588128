"""A winner at the end of what was tried is told as such; natural limits, categories and ties are not."""

from collections.abc import Sequence
from typing import Any

import pytest

from classic_toy import clouds, config, recipe
from ferlab.classic.edges import edges
from ferlab.classic.scoring import Scored
from ferlab.classic.search import run_search
from ferlab.evaluation.pages.classic_words import section

LABELS = ("a", "b", "c")


def scored(**values: Sequence[Any]) -> list[Scored]:
    """Return a candidate for each value of one option, each better than the one before."""
    ((name, given),) = values.items()
    name = name.replace("__", ".")
    return [Scored({name: one}, (0.1 * place,), 0.0, 9) for place, one in enumerate(given, 1)]


def found(grid: Any = None, features: int = 500, **values: Sequence[Any]) -> list[str]:
    every = scored(**values)
    return edges(grid or {}, every, every[-1], features)


def test_the_largest_and_the_smallest_are_told() -> None:
    assert found(C=[0.1, 1, 10]) == ["C=10 is the largest that was tried; a larger one may do better"]
    assert found(C=[10, 1]) == ["C=1 is the smallest that was tried; a smaller one may do better"]
    assert found(C=[1, 10, 5]) == []
    # null and words are no numbers, but they were tried too
    assert found(gamma=["scale", 0.01, 0.1])[0].startswith("gamma=0.1 is the largest number that was tried")
    assert found(reduction__k=[50, 100])[0].startswith("reduction.k=100 is the largest that was tried")


@pytest.mark.parametrize(
    "values",
    [
        {"n_neighbors": [5, 3, 1]},
        {"min_samples_leaf": [5, 1]},
        {"max_leaf_nodes": [15, 2]},
        {"l2_regularization": [1.0, 0.0]},
        {"max_features": [0.5, 1.0]},
        {"max_depth": [None, 2, 16]},
        {"n_components": [0.9, 1.0]},
        {"reduction__k": [50, 500]},
        {"weights": ["uniform", "distance"]},
        {"with_std": [True, False]},
        {"C": [1]},
        {"max_features": ["sqrt", 0.1]},
    ],
)
def test_natural_limits_categories_and_single_values_are_no_ends(values: dict[str, Any]) -> None:
    assert found(**values) == []


def test_what_failed_was_not_tried_and_what_ties_is_no_end() -> None:
    every = [*scored(C=[0.1, 1]), Scored({"C": 10}, (), 0.0, 9, failed="no")]
    assert edges({}, every, every[1], 9) == ["C=1 is the largest that was tried; a larger one may do better"]
    level = [Scored({"C": one, "gamma": 0.1}, (0.5,), 0.0, 9) for one in (0.1, 1)]
    assert edges({}, level, level[0], 9) == []


def test_of_a_range_what_lies_next_to_its_end() -> None:
    grid = {"C": {"low": 0.01, "high": 100, "log": True}}
    assert found(grid, C=[1, 90]) == [
        "C=90 is next to the largest that could be drawn (100); a larger one may do better"
    ]
    assert found(grid, C=[90, 0.0101])[0].startswith("C=0.0101 is next to the smallest that could be drawn (0.01)")
    assert found(grid, C=[1, 20]) == [], "the largest that was drawn, but far from the end of the range"


def test_terminal_and_report_tell_it() -> None:
    search = dict(config("search=grid", "search.grid={C: [1e-9, 0.01]}", "search.folds=3")["search"])
    lines: list[str] = []
    result = run_search(search, recipe("classifier=logistic_regression"), clouds(apart=0.8), LABELS, say=lines.append)
    (end,) = result.edges
    assert end == "C=0.01 is the largest that was tried; a larger one may do better" and lines[-1] == end
    one = {"label": None, "scored": 2, "planned": 2, "failed": 0, "winner": "C=0.01", "edges": [end], "top": []}
    facts = {"kind": "grid", "metric": "accuracy", "folds": 3, "rows": "train", "share": 1.0, "seconds": 1.0}
    facts |= {"interrupted": False, "of": [one]}
    steps = {"features": [], "outputs": [], "scaling": "none", "reduction": "none", "probabilities": "", "notes": []}
    text = "\n".join(section({"classic": {**steps, "search": facts}}))
    assert f"chosen: C=0.01. {end}." in text
    del one["edges"]
    assert "chosen: C=0.01.\n" in "\n".join([*section({"classic": {**steps, "search": facts}}), ""])
