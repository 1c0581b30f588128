"""Run folders compared and sliced from the command line: names, groups, files, and what is said of bad ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.evaluation.measure import measure
from ferlab.evaluation.pages.comparing import compare, name_runs, over_configurations
from ferlab.evaluation.pages.slicing import slices
from ferlab.evaluation.rows import write_rows
from ferlab.evaluation.run_folder import read_run
from made_rows import make


def finished(
    folder: Path, seed=0, skill=1.2, model="cnn4", protocol="official", marks=(), order=None, **config
) -> Path:
    """Write a run folder as a finished run leaves it."""
    rows = make(300, seed=seed, skill=skill, columns={"light": np.tile(["day", "night", "day"], 100)})
    if order is not None:
        rows = rows.take(order)
    meta = rows.meta | {"data": "faces", "protocol": {"name": protocol, "hash": "abc123", "marks": list(marks)}}
    folder.mkdir(parents=True)
    write_rows(
        folder / "predictions.parquet", rows.ids, rows.splits, rows.labels, rows.probabilities, meta, rows.columns
    )
    (folder / "config.yaml").write_text(yaml.safe_dump({"seed": seed, "model": {"name": model}, **config}))
    found = measure(rows, "test", resamples=10)
    metrics = {"model": model, "seed": seed, "data": {"name": "faces"}, "protocol": meta["protocol"]}
    (folder / "metrics.json").write_text(json.dumps(metrics | {"val": found, "test": found}))
    return folder


def made(folder: Path, entry: str, *overrides: str) -> dict[str, Any]:
    values = plain(compose(entry, [f"output={folder}", "resamples=300", *overrides]))
    return (compare if entry == "compare" else slices)(**values)


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    """Weak and strong runs over the same labels: made with one seed of the labels, they differ in skill alone."""
    monkeypatch.chdir(tmp_path)
    shuffled = np.random.default_rng(0).permutation(300)
    finished(tmp_path / "runs" / "weak", skill=0.4, model="cnn4")
    finished(tmp_path / "runs" / "strong", skill=2.5, model="cnn10", order=shuffled)
    return tmp_path / "runs"


def test_compare_writes_and_says(runs, capsys, tmp_path):
    found = made(tmp_path / "out", "compare", "runs=[runs/weak,runs/strong]")
    assert found["pairs"][0]["sentence"].startswith("cnn10 beats cnn4: accuracy +")
    printed = capsys.readouterr().out
    assert "cnn10 beats cnn4" in printed and "McNemar" in printed
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "comparison.json",
        "comparison.md",
        "comparison.png",
    ]
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == found
    page = (tmp_path / "out" / "comparison.md").read_text()
    assert found["pairs"][0]["sentence"] in page and "official abc123" in page and "exact, mid-p" in page


def test_marks_and_other_protocols_are_shown(runs, capsys, tmp_path):
    finished(runs / "leaky", skill=2.5, model="cnn10", protocol="legacy", marks=["selected on test"])
    found = made(tmp_path / "out", "compare", "runs=runs/*", "metric=f1_macro")
    assert len(found["pairs"]) == 3
    assert "cnn10 legacy: selected on test" in found["notes"]
    assert any(note.startswith("other protocols over the same rows (") for note in found["notes"])
    page = (tmp_path / "out" / "comparison.md").read_text()
    assert "**Read with care:** cnn10 legacy: selected on test." in page and "McNemar" not in page
    assert "! cnn10 legacy: selected on test" in capsys.readouterr().out


def test_names_are_the_shortest_that_tell_runs_apart(tmp_path):
    def names(*folders):
        return list(name_runs([read_run(folder) for folder in folders]))

    one = finished(tmp_path / "a-s0", seed=0)
    two = finished(tmp_path / "a-s1", seed=1)
    three = finished(tmp_path / "b", model="cnn10")
    four = finished(tmp_path / "c", protocol="dedup")
    again = finished(tmp_path / "again" / "c", protocol="dedup")
    assert names(one, three) == ["cnn4", "cnn10"]
    assert names(one, two) == ["cnn4 s0", "cnn4 s1"]
    assert names(one, four) == ["cnn4 official", "cnn4 dedup"]
    assert names(one, two, four) == ["cnn4 official s0", "cnn4 official s1", "cnn4 dedup s0"]
    assert names(one, two, three, again, finished(tmp_path / "d")) == ["a-s0", "a-s1", "b", "c", "d"]
    assert names(four, again) == [str(four), str(again)]
    with pytest.raises(FerlabError, match="stands twice"):
        names(one, one)


def test_seeds_of_one_configuration_are_one_group(tmp_path):
    folders = [finished(tmp_path / f"{loss}-s{seed}", seed=seed, loss=loss) for loss in "ab" for seed in (0, 1, 10)]
    named = name_runs([read_run(folder) for folder in folders])
    assert over_configurations(named) == {
        f"cnn4 loss={g}": [f"cnn4 loss={g} s{seed}" for seed in (0, 1, 10)] for g in "ab"
    }
    (tmp_path / "again").mkdir()
    named["x"] = read_run(finished(tmp_path / "again" / "a-s0", loss="a"))
    with pytest.raises(FerlabError, match=r"a repeated|a run repeated with its seed"):
        over_configurations(named)


def test_runs_of_another_learning_rate_are_no_seeds_of_it(tmp_path):
    def made_with(name, seed, lr, **further):
        return read_run(
            finished(tmp_path / name, seed=seed, optimizer={"_target_": "torch.optim.Adam", "lr": lr}, **further)
        )

    one, two = made_with("a", 0, 0.01), made_with("b", 1, 0.02)
    assert list(name_runs([one, two])) == ["cnn4 optimizer.lr=0.01", "cnn4 optimizer.lr=0.02"]
    assert over_configurations(name_runs([one, two])) == {name: [name] for name in name_runs([one, two])}
    # another machine, folder or logger trains the same model
    three = made_with("c", 2, 0.02, trainer={"accelerator": "cuda"}, logger={"x": 1}, figures=False)
    assert over_configurations(name_runs([one, two, three])) == {
        "cnn4 optimizer.lr=0.01": ["cnn4 optimizer.lr=0.01 s0"],
        "cnn4 optimizer.lr=0.02": ["cnn4 optimizer.lr=0.02 s1", "cnn4 optimizer.lr=0.02 s2"],
    }


def test_groups_of_seeds_from_folders(runs, tmp_path):
    with pytest.raises(FerlabError, match=r"rows have another label|ids are shared"):
        made(tmp_path / "out", "compare", f"runs=[runs/weak,{finished(runs / 'other', seed=5)}]")
    with pytest.raises(FerlabError, match="all 1 runs are seeds of one"):
        made(tmp_path / "out", "compare", "runs=[runs/weak]", "groups=seeds")
    found = made(tmp_path / "out", "compare", "runs=[runs/weak,runs/strong]", "groups=seeds")
    assert found["groups"]["cnn4"]["n"] == 1 and "## Configurations" in (tmp_path / "out" / "comparison.md").read_text()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["runs=[runs/weak]"], "expected two runs or more, found 1"),
        (["runs=[runs/weak,runs/srong]"], "no such folder.*did you mean runs/strong"),
        (["runs=runs/*", "metric=acuracy"], "did you mean 'accuracy'"),
        (["runs=runs/*", "split=train"], "split: expected val or test"),
        (["runs=runs/*", "split=val"], "no row of split 'val'"),
        (["runs=runs/*", "groups=models"], "groups: expected one of runs, seeds"),
        (["runs=runs/*", "resamples=5"], "resamples: expected 100 or more"),
    ],
)
def test_bad_comparisons(runs, tmp_path, overrides, message):
    with pytest.raises(FerlabError, match=message):
        made(tmp_path / "out", "compare", *overrides)
    assert not (tmp_path / "out").exists()


def test_broken_predictions_are_named(runs, tmp_path):
    (runs / "weak" / "predictions.parquet").write_bytes(b"text")
    with pytest.raises(FerlabError, match=r"weak/predictions\.parquet: not a readable parquet"):
        made(tmp_path / "out", "compare", "runs=runs/*")


def test_slices_by_a_column_and_by_what_is_made(runs, capsys):
    found = slices(**plain(compose("slices", ["run=runs/strong", "by=light", "resamples=200"])))
    assert [(one["value"], one["n"]) for one in found["slices"]] == [("day", 200), ("night", 100)]
    files = sorted(path.name for path in (runs / "strong" / "slices" / "light").iterdir())
    assert files == ["slices.json", "slices.md", "slices.png"]
    assert found["sentence"] in (runs / "strong" / "slices" / "light" / "slices.md").read_text()
    assert "accuracy by light, test, n = 300" in capsys.readouterr().out
    by_class = slices(**plain(compose("slices", ["run=runs/strong", "by=label", "resamples=200"])))
    recalls = read_run("runs/strong").metrics["test"]["per_class"]
    for one in by_class["slices"]:
        assert one["estimate"]["value"] == recalls[one["value"]]["recall"]["value"]
    sure = slices(**plain(compose("slices", ["run=runs/strong", "by=confidence", "bins=3", "resamples=200"])))
    assert [one["n"] for one in sure["slices"]] == [100] * 3


def test_slices_by_a_joined_table(runs, tmp_path, capsys):
    lines = [f"{i},{i % 2},{'' if i % 7 else i}" for i in range(290)]
    (tmp_path / "facts.csv").write_text("\n".join(["id,odd,seventh", *lines, "999,1,3"]), encoding="utf-8-sig")
    found = made(tmp_path / "out", "slices", "run=runs/weak", "by=odd", "table=facts.csv")
    assert found["n"] == 290 and found["unmatched"] == 10
    assert found["notes"] == ["10 of 300 test rows are not in facts.csv and left out"]
    assert [(one["value"], one["n"]) for one in found["slices"]] == [("0", 145), ("1", 145)]
    assert "! 10 of 300 test rows are not in facts.csv" in capsys.readouterr().out
    found = made(tmp_path / "out", "slices", "run=runs/weak", "by=seventh", "table=facts.csv", "bins=2")
    assert found["slices"][-1]["value"] == "(none)" and found["slices"][-1]["n"] == 290 - 42


@pytest.mark.parametrize(
    ("text", "by", "message"),
    [
        ("name,x\na,1\n", "x", "expected a column id.*found \\['name', 'x'\\]"),
        ("", "x", "expected a column id.*found \\[\\]"),
        ("id,light\n0,1\n", "ligth", "no column 'ligth'; did you mean 'light'"),
        ("id,x\n0,1\n0,2\n", "x", "line 3: the id '0' stands twice"),
        ("id,x\n0,1,2\n", "x", "line 2: expected 2 cells, found 3"),
        ("id,x\nz,1\n", "x", "none of its 1 ids is an id of the rows; it has 'z', the rows '0'"),
        ("id,x\n0,1\n1,1\n", "x", "by=x: every row is '1'"),
    ],
)
def test_bad_tables(runs, tmp_path, text, by, message):
    (tmp_path / "facts.csv").write_text(text)
    with pytest.raises(FerlabError, match=message):
        made(tmp_path / "out", "slices", "run=runs/weak", f"by={by}", "table=facts.csv")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["by=ligth"], "no such column .*did you mean 'light'\\?\nwhat exists: label, pred, confidence, light"),
        (["by=light", "table=none.csv"], "table: no such file: none.csv"),
        (["by=light", "split=train"], "split: expected val or test"),
        (["by=light", "metric=f1"], "no metric 'f1'"),
        (["by=light", "predictions=x.parquet"], "x.parquet: no such file"),
        (["by=light", "resamples=1"], "resamples: expected 100 or more"),
    ],
)
def test_bad_slices(runs, tmp_path, overrides, message):
    with pytest.raises(FerlabError, match=message):
        made(tmp_path / "out", "slices", "run=runs/weak", *overrides[:1], *list(overrides[1:]))
