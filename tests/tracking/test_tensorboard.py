"""TensorBoard beside metrics.csv: the same curves, the report and its figures; read back from its own files."""

import csv
from importlib.util import find_spec
from pathlib import Path

import pytest

from ferlab.errors import FerlabError
from toy import train


def test_it_holds_the_curves_the_report_and_the_figures(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="an extra of its own")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = tmp_path / "run"
    train(folder, "logger=tensorboard", "trainer.max_epochs=2")
    events = EventAccumulator(str(folder / "tensorboard"), size_guidance={"scalars": 0}).Reload()
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    for name in ("train/loss", "val/loss", "val/accuracy"):
        ours = [float(row[name]) for row in rows if row[name]]
        assert [event.value for event in events.Scalars(name)] == pytest.approx(ours)
    (text,) = events.Tensors("report/text_summary")
    assert text.tensor_proto.string_val[0].decode() == (folder / "report.md").read_text()
    pictures = {f"figures/{path.stem}" for path in (folder / "figures").glob("*.png")}
    assert "figures/confusion" in pictures and pictures == set(events.Tags()["images"])
    (picture,) = events.Images("figures/confusion")
    assert picture.step == 6 and picture.width > 600


def test_without_the_package_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(name: str) -> object:
        return None if name.startswith("tensorboard") else find_spec(name)

    monkeypatch.setattr("ferlab.tracking.tensorboard.find_spec", hidden)
    with pytest.raises(FerlabError, match=r"ferlab\[tensorboard\]"):
        train(tmp_path / "run", "logger=tensorboard", "trainer.max_epochs=1")
    assert not (tmp_path / "run").exists()


def test_csv_tensorboard_and_wandb_stand_together(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="an extra of its own")
    from wandb_log import read

    short = ("trainer.max_epochs=1", "figures=false", "model=mlp")
    train(tmp_path / "run", "logger=all", "logger.wandb.offline=true", *short)
    assert (tmp_path / "run" / "metrics.csv").is_file() and list((tmp_path / "run" / "tensorboard").glob("events.*"))
    (log,) = read(tmp_path)
    assert log.series("val/accuracy") and log.summary["test/n"] == 48
