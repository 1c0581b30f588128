import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.runs import write_run
from ferlab.reporting.forest import NARROW, WIDE, _scale, forest
from ferlab.reporting.gather import gather
from ferlab.reporting.grouping import group
from ferlab.reporting.table import make_table


@pytest.fixture
def lines(tmp_path):
    write_run(tmp_path / "a", 0.6, 0, document={"row": "D", "reported": 0.7})
    write_run(tmp_path / "b", 0.64, 1, document={"row": "D", "reported": 0.7})
    write_run(tmp_path / "c", 0.4, model="mlp")
    return make_table(group(gather(str(tmp_path)))[0], ["accuracy", "log_loss"]).lines


@pytest.mark.parametrize("shape", [WIDE, NARROW])
def test_places_follow_the_numbers(lines, shape):
    plot = forest(lines, "accuracy", shape)
    seeds, alone = plot.bars
    assert alone.low < alone.x < alone.high < seeds.x < seeds.theirs and alone.theirs is None
    assert seeds.own[0] < seeds.x < seeds.own[1] and alone.own == ()
    assert seeds.x - alone.x == pytest.approx(0.22 * _per(plot), abs=0.5)
    assert plot.documents and plot.seeds and "D: 70.0 %" in seeds.theirs_text
    inside = [x for bar in plot.bars for x in (bar.x, bar.low, bar.high, *bar.own)]
    assert shape.left <= min(inside) and max(inside) <= shape.right


def _per(plot):
    (first, low), (last, high) = plot.ticks[0], plot.ticks[-1]
    return (last - first) / (float(high.split()[0]) - float(low.split()[0])) * 100


def test_a_mark_stands_below_the_name_of_its_row(tmp_path):
    write_run(tmp_path / "a", 0.6, marks=("speakers in both halves",))
    write_run(tmp_path / "b", 0.6, model="mlp")
    plot = forest(make_table(group(gather(str(tmp_path)))[0], ["accuracy"]).lines, "accuracy")
    assert {bar.label.split()[0]: bar.detail for bar in plot.bars} == {"cnn10": "speakers in both halves", "mlp": ""}


def test_no_figure_no_plot(lines):
    assert forest(lines, "recall_macro") is None
    assert forest(lines, "log_loss").ticks[0][1].startswith("0.")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_scales_are_round_and_hold_every_value(values):
    low, high, step = _scale(values, bounded=True)
    assert low <= min(values) + 1e-9 and high >= max(values) - 1e-9
    assert 1 <= round((high - low) / step) <= 10
    assert f"{step:.0e}"[0] in "125"


def test_a_wide_interval_does_not_leave_the_percent_scale():
    assert _scale([-0.4, 0.5, 1.3], bounded=True)[:2] == (0.0, 1.0)
    assert _scale([-0.4, 1.3], bounded=False)[0] < 0
