import pytest

from fakes.runs import write_run
from ferlab.errors import FerlabError
from ferlab.reporting.gather import gather
from ferlab.reporting.grouping import group


def names(found):
    return [found.name(run.folder) for run in found.runs]


def test_runs_are_found_however_deep_and_each_once(tmp_path, monkeypatch):
    for place in ("runs/day/one", "runs/day/sweep/two", "runs/three"):
        write_run(tmp_path / place)
    write_run(tmp_path / "runs/three/evaluation-best")
    write_run(tmp_path / "runs/three/wandb/files")
    monkeypatch.chdir(tmp_path)
    for pattern in ("runs", "runs/**", ["runs/day", "runs/*", str(tmp_path / "runs" / "**")]):
        assert names(gather(pattern)) == ["day/one", "day/sweep/two", "three"]
    assert names(gather("runs/day/one")) == ["one"]
    assert names(gather(["runs/day/*", "runs/three"])) == ["day/one", "day/sweep/two", "three"]


def test_incomplete_and_broken_folders_are_told_without_what_lies_above(tmp_path):
    write_run(tmp_path / "runs/good")
    (write_run(tmp_path / "runs/killed") / "metrics.json").unlink()
    (write_run(tmp_path / "runs/torn") / "metrics.json").write_text('{"model": ')
    (write_run(tmp_path / "runs/empty") / "metrics.json").write_text("{}")
    (write_run(tmp_path / "runs/headless") / "config.yaml").unlink()
    found = gather(str(tmp_path / "runs"))
    assert names(found) == ["good"]
    reasons = {found.name(one.folder): one.reason for one in found.left_out}
    assert set(reasons) == {"killed", "torn", "empty", "headless"}
    assert "metrics.json" in reasons["killed"] and "cannot be read" in reasons["torn"]
    assert "missing model" in reasons["empty"] and "config.yaml" in reasons["headless"]
    assert not [reason for reason in reasons.values() if str(tmp_path) in reason]
    with pytest.raises(FerlabError):
        gather(str(tmp_path / "runs"), on_bad="stop")


def test_nothing_to_report_is_said_once(tmp_path):
    with pytest.raises(FerlabError, match="nothing is called"):
        gather(str(tmp_path / "nowhere"))
    with pytest.raises(FerlabError, match="no finished run"):
        gather(str(tmp_path))
    (write_run(tmp_path / "killed") / "metrics.json").unlink()
    with pytest.raises(FerlabError, match=r"no finished run .*left out: 1, the first because"):
        gather(str(tmp_path))
    with pytest.raises(FerlabError, match="found none"):
        gather([])
    with pytest.raises(FerlabError, match="on_bad"):
        gather(str(tmp_path), on_bad="hide")


def rows(tmp_path, **options):
    groups, replaced = group(gather(str(tmp_path)), **options)
    return [(one.name, [run.seed for run in one.runs]) for one in groups], groups, replaced


def test_runs_that_differ_in_their_seed_alone_are_one_row(tmp_path):
    for seed in (2, 0, 1):
        write_run(tmp_path / f"cnn10-s{seed}", seed=seed, figures=(), explain={"layer": None} if seed else {})
    shape, groups, _ = rows(tmp_path)
    assert shape == [("cnn10-s0", [0, 1, 2])] and groups[0].marks == []
    assert rows(tmp_path, by="run")[0] == [("cnn10-s0", [0]), ("cnn10-s1", [1]), ("cnn10-s2", [2])]


@pytest.mark.parametrize(
    "other",
    [
        {"protocol": "ffffffffffff"},
        {"n": 303},
        {"marks": ("selected on test",)},
        {"synthetic": True},
        {"training": {"interrupted": True}},
        {"data": "other"},
        {"model": "mlp"},
        {"optimizer": {"_target_": "ferlab.optim.Adam", "lr": 0.01}},
        {"callbacks": {"early_stopping": {"patience": 3}}},
        {"document": {"row": "D4", "reported": 0.5}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_must_not_be_merged_is_not(tmp_path, other):
    write_run(tmp_path / "a", seed=0)
    write_run(tmp_path / "b", seed=1, **other)
    assert len(rows(tmp_path)[0]) == 2


@pytest.mark.parametrize(
    "other",
    [{"projections": True}, {"resume": "last.ckpt"}, {"callbacks": {"gradcam": {"every": 1}}}, {"scheduler": {}}],
    ids=lambda other: next(iter(other)),
)
def test_what_does_not_change_a_model_does_not_part_its_seeds(tmp_path, other):
    write_run(tmp_path / "a", seed=0)
    write_run(tmp_path / "b", seed=1, **other)
    assert rows(tmp_path)[0] == [("a", [0, 1])]


def test_the_same_seed_twice_is_no_second_draw(tmp_path):
    write_run(tmp_path / "first", seed=0)
    write_run(tmp_path / "second", seed=0)
    shape, _, replaced = rows(tmp_path)
    assert shape == [("second", [0])]
    assert replaced[0].folder == tmp_path / "first" and "again in second" in replaced[0].reason


def test_a_mistyped_part_to_ignore_is_told(tmp_path):
    write_run(tmp_path / "a", seed=0)
    with pytest.raises(FerlabError, match=r"ignore: no configuration has optimiser; there are .*optimizer"):
        rows(tmp_path, ignore=["optimiser"])


def test_ignored_parts_merge_and_say_so(tmp_path):
    write_run(tmp_path / "a", seed=0)
    write_run(tmp_path / "b", seed=1, optimizer={"_target_": "torch.optim.Adam", "lr": 0.001})
    _, groups, _ = rows(tmp_path)
    assert [one.setting for one in groups] == ["optimizer=ferlab.optim.Adam", "optimizer=torch.optim.Adam"]
    shape, groups, _ = rows(tmp_path, ignore=["optimizer"])
    assert shape == [("a", [0, 1])] and groups[0].marks == ["runs differ in optimizer"]
    with pytest.raises(FerlabError, match="by: expected"):
        rows(tmp_path, by="model")


def test_settings_say_what_differs_and_no_more(tmp_path):
    under = {"_target_": "ferlab.data.sampling.Undersample", "margin": 750}
    write_run(tmp_path / "a", rebalance={"_target_": "ferlab.data.sampling.Keep"})
    write_run(tmp_path / "b", rebalance=under)
    write_run(tmp_path / "c", rebalance=under | {"margin": 10})
    write_run(tmp_path / "d", model="mlp", rebalance=under)
    settings = [one.setting for one in rows(tmp_path)[1]]
    assert settings == ["rebalance=Keep", "rebalance=Undersample(margin=750)", "rebalance=Undersample(margin=10)", ""]


def test_options_of_one_class_are_written_as_on_the_command_line(tmp_path):
    write_run(tmp_path / "a")
    write_run(tmp_path / "b", optimizer={"_target_": "ferlab.optim.Adam", "lr": 0.01}, batch_size=64)
    assert [one.setting for one in rows(tmp_path)[1]] == [
        "batch_size=none, optimizer.lr=0.001",
        "batch_size=64, optimizer.lr=0.01",
    ]
