import numpy as np
import pytest
import scipy.stats

from fakes.runs import NAMES, write_run
from ferlab.errors import FerlabError
from ferlab.evaluation.intervals import wilson
from ferlab.models.measure import measure
from ferlab.models.mlp import Mlp
from ferlab.reporting.choosing import choose, order
from ferlab.reporting.gather import gather
from ferlab.reporting.grouping import group
from ferlab.reporting.measures import figure
from ferlab.reporting.sizes import size_of
from ferlab.reporting.table import make_table


def table(folder, metrics=("accuracy", "recall_macro"), columns=None, **options):
    return make_table(group(gather(str(folder)), **options)[0], metrics, columns)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for seed, right in enumerate((0.60, 0.62, 0.67)):
        write_run(folder / f"cnn10-s{seed}", right, seed)
    write_run(folder / "mlp", 0.4, model="mlp", document={"row": "D1", "metric": "accuracy", "reported": 0.9})
    write_run(folder / "made", 0.5, model="convnet", data="made", synthetic=True, marks=("selected on test",))
    return folder


def test_seeds_have_their_mean_and_an_interval_over_seeds_and_samples_beside_each_runs_own(runs):
    line = table(runs).lines[0]
    found = line.figures["accuracy"]
    values = np.array([0.60, 0.62, 0.67])
    low, high = scipy.stats.t.interval(0.95, 2, values.mean(), values.std(ddof=1) / np.sqrt(3))
    own = [wilson(round(300 * value), 300) for value in values]
    down = np.hypot(values.mean() - low, np.mean([value - one[0] for value, one in zip(values, own, strict=True)]))
    up = np.hypot(high - values.mean(), np.mean([one[1] - value for value, one in zip(values, own, strict=True)]))
    expected = (values.mean(), values.mean() - down, values.mean() + up)
    assert (found.value, found.low, found.high) == pytest.approx(expected, abs=1e-5)
    assert found.sd == pytest.approx(values.std(ddof=1), abs=1e-6)
    assert [one.interval for one in found.own] == ["wilson"] * 3
    assert (found.own[2].low, found.own[2].high) == pytest.approx(wilson(201, 300), abs=1e-6)
    assert line.cells["seeds"].text == "3 (0, 1, 2)" and ", sd 3.6" in line.cells["accuracy"].text


def test_one_seed_keeps_its_own_interval(runs):
    line = next(line for line in table(runs).lines if line.cells["model"].value == "mlp")
    found = line.figures["accuracy"]
    assert (found.low, found.high) == pytest.approx(wilson(120, 300), abs=1e-6)
    assert found.sd is None and line.cells["seeds"].text == "1 (seed 0)"


def test_marks_verdicts_and_copies_are_in_the_row(runs):
    lines = {line.cells["model"].value: line for line in table(runs).lines}
    assert lines["convnet"].cells["marks"].text == "SYNTHETIC DATA; selected on test"
    assert lines["mlp"].cells["verdict"].text == "below: the reported figure lies above our interval"
    assert lines["cnn10"].cells["verdict"].text == "-" and lines["cnn10"].cells["copies"].text == "2 exact"


@pytest.mark.parametrize(("flag", "mark"), [("interrupted", "interrupted"), ("fast_dev_run", "fast_dev_run")])
def test_a_run_that_was_cut_short_says_so_even_where_its_metrics_do_not(tmp_path, flag, mark):
    write_run(tmp_path / "run", training={flag: True})
    assert mark in table(tmp_path).lines[0].cells["marks"].text
    write_run(tmp_path / "other", model="mlp", training={flag: True}, marks=(f"{flag}: said already",))
    marks = {line.cells["model"].value: line.cells["marks"].text for line in table(tmp_path).lines}
    assert marks["mlp"] == f"{flag}: said already"


def test_measures_anywhere_in_the_metrics(runs):
    run = gather(str(runs / "cnn10-s0")).runs
    for name in ("val.accuracy", "test.accuracy", "per_class.happy.recall", "test.per_class.happy.recall", "top2"):
        assert 0 < figure(run, name).value <= 1
    assert figure(run, "majority.accuracy").value == pytest.approx(1 / 3)
    assert figure(run, "calibration.test.ece") is None and figure(run, "labels") is None
    with pytest.raises(FerlabError, match=r"no run has 'acuracy'; there are accuracy, .*log_loss"):
        table(runs, ["acuracy"])


def test_what_older_runs_lack_is_a_dash(tmp_path):
    write_run(tmp_path / "old", training={"samples_per_second": None})
    write_run(tmp_path / "new", model="mlp", training={"size": {"parameters": 12345678, "multiply_adds": 2_000}})
    old, new = (line.cells for line in reversed(table(tmp_path).lines))
    assert [old[name].text for name in ("samples_per_second", "document", "verdict")] == ["-"] * 3
    assert [new[name].text for name in ("parameters", "multiply_adds")] == ["12.3 M", "2 k"]


def test_sizes_of_older_runs_are_counted_from_their_files(tmp_path):
    (run,) = gather(str(write_run(tmp_path / "run", predictions=True))).runs
    own = measure(Mlp((1, 24, 24), len(NAMES), units=[8]), (1, 24, 24))
    assert size_of(run) == {"parameters": own.total, "multiply_adds": own.multiply_adds}
    gone = {"name": "x", "net": {"_target_": "ferlab.models.mlp.Gone"}, "preprocess": {"_target_": "torch.nn.Identity"}}
    run.config["model"] = gone
    assert size_of(run) is None
    run.config["model"] = {}
    assert size_of(run) is None


def test_columns_are_chosen_and_empty_ones_left_away(runs, tmp_path):
    names = [column.name for column in table(runs).columns]
    assert names[:6] == ["model", "data", "classes", "protocol", "n", "seeds"] and "marks" in names
    assert [column.name for column in table(runs, columns=["run", "accuracy", "hash"]).columns] == [
        "run",
        "accuracy",
        "hash",
    ]
    assert [c.name for c in table(runs, columns=["run"]).columns] == ["run", "accuracy", "recall_macro"]
    with pytest.raises(FerlabError, match="no column 'modle'"):
        table(runs, columns=["modle"])
    write_run(tmp_path / "one")
    assert not {"marks", "verdict", "setting"} & {column.name for column in table(tmp_path).columns}


def models(lines):
    return [line.cells["model"].value for line in lines]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, ["cnn10", "convnet", "mlp"]),
        ("", ["cnn10", "convnet", "mlp"]),
        ("data=faces", ["cnn10", "mlp"]),
        ("data=FACES and model!=mlp", ["cnn10"]),
        (["data=faces", "model!=mlp"], ["cnn10"]),
        ("accuracy>=50%", ["cnn10", "convnet"]),
        ("accuracy<0.5", ["mlp"]),
        ("seeds=3", ["cnn10"]),
        ("model~CNN", ["cnn10"]),
        ("model!~cnn", ["convnet", "mlp"]),
        ("marks~'selected on'", ["convnet"]),
        ("verdict=below", ["mlp"]),
        ("verdict!=below", ["cnn10", "convnet"]),
        ("document>0.5", ["mlp"]),
    ],
)
def test_filters(runs, where, expected):
    assert sorted(models(choose(table(runs).lines, where))) == expected


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("accuracy", "cannot read 'accuracy'; expected conditions"),
        ("dta=faces", "no column 'dta'; there are accuracy"),
        ("data>5", "wants numbers"),
        ("data=fer2013", "no row fits .*data is one of: faces, made"),
        ("__import__('os')=1", "cannot read"),
    ],
)
def test_filters_that_make_no_sense(runs, where, message):
    with pytest.raises(FerlabError, match=message):
        choose(table(runs).lines, where)


def test_order_by_any_column_with_missing_values_last(runs):
    lines = table(runs).lines
    assert models(order(lines, "-accuracy")) == ["cnn10", "convnet", "mlp"]
    assert models(order(lines, "accuracy")) == ["mlp", "convnet", "cnn10"]
    assert models(order(lines, ["data", "accuracy"])) == ["mlp", "cnn10", "convnet"]
    assert models(order(lines, "-document"))[0] == models(order(lines, "document"))[0] == "mlp"
    assert models(order(lines, "-model")) == ["mlp", "convnet", "cnn10"]
    with pytest.raises(FerlabError, match="sort: no column 'acc'"):
        order(lines, "acc")
