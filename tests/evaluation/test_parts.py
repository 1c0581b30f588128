"""Columns are cut into parts: one a value, of many numbers one a quantile bin, what is missing apart."""

import numpy as np

from ferlab.evaluation.parts import parts_of


def test_numbers_are_cut_into_bins_of_equal_mass():
    values = np.random.default_rng(0).normal(size=400)
    names, index = parts_of(values, "x", 4)
    assert np.bincount(index).tolist() == [100] * 4
    assert all((values[index == i].max() <= values[index == i + 1].min()) for i in range(3))
    assert names[0].startswith(f"{values.min():.4g} to ")
    names, index = parts_of(np.tile([3, 1, 2], 5), "x")
    assert names == ["1", "2", "3"] and index[:3].tolist() == [2, 0, 1]
    names, index = parts_of(np.append(values, np.nan), "x", 2)
    assert len(names) == 3 and names[-1] == "(none)" and index[-1] == 2 and (index == 2).sum() == 1
    names, index = parts_of(np.array([1, 2, np.nan, np.nan]), "x")
    assert names == ["1", "2", "(none)"] and index.tolist() == [0, 1, 2, 2]
    assert parts_of(np.array(["b", "", "a"]), "x")[0] == ["(none)", "a", "b"]
    # where most rows share a value, they are a bin of their own
    for values, sizes in (
        (np.append(np.zeros(90), np.arange(1, 21)), [90, 20]),
        (np.append(np.full(90, 99), np.arange(20)), [20, 90]),
    ):
        names, index = parts_of(values, "x", 4)
        assert np.bincount(index).tolist() == sizes and len(names) == 2
