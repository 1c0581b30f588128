"""Sounds from the first step to report, prediction and evaluation: what is theirs, and what is refused."""

import csv
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from fakes.tones import Tones
from ferlab import checkpoint, run
from ferlab.data.datamodule import DataModule
from ferlab.errors import FerlabError
from ferlab.evaluation.figures.plain_figures import PLAIN_FIGURES
from ferlab.prediction import predict_files
from ferlab.repeat import evaluate
from test_checkpoint import save, task
from test_speech_road import SMALL
from toy import config

SPEECH = ["data=synthetic_speech", "data.speakers=6", "data.repetitions=1"]
SPEECH += ["protocol=holdout", "protocol.group=actor", "protocol.test=0.4"]
BRIEF = ["trainer.max_epochs=1", "batch_size=16", "logger=none"]


def wish(model: str, *more: str) -> dict[str, Any]:
    return config(*SPEECH, f"model={model}", *SMALL[model], *BRIEF, *more)


def go(folder: Path, model: str, *more: str) -> dict[str, Any]:
    return run.train(wish(model, *more), folder, "python -m ferlab.train")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "td"
    drawn = ("callbacks=[gradcam,feature_maps]", "projections=true", "wished_errors=[0.99]")
    methods = ("explain.methods=[gradcam,occlusion]", "explain.patch=16", "explain.stride=16")
    checks = ("explain.checks=true", "explain.images=4")
    go(folder, "td_cnn_lstm", "augment=noise", "data.labels=gender_emotion14", *drawn, *methods, *checks)
    return folder


def names(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "figures").glob("*.png")}


def test_every_figure_is_drawn_and_none_that_shows_a_voice_is_plain(finished: Path) -> None:
    private = {"sounds", "augmented_sounds", "misclassified", "feature_maps", "gradcam", "explanations"}
    plain = {"confusion", "class_counts", "roc", "projections", "insertion_deletion", "randomisation", "reliability"}
    assert private | plain <= names(finished) and "samples" not in names(finished)
    assert not private & set(PLAIN_FIGURES) and plain <= set(PLAIN_FIGURES) and "attention" not in PLAIN_FIGURES
    assert {path.name for path in (finished / "figures" / "training").glob("*.png")} == {
        "gradcam-epoch001.png",
        "feature_maps-epoch001.png",
    }


def test_the_report_puts_the_average_recall_first_and_tells_gender_and_actor(finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    report = (finished / "report.md").read_text()
    uar = metrics["test"]["recall_macro"]["value"]
    assert f"**Test recall, macro (UAR) {100 * uar:.1f} %" in report
    assert report.index("| recall, macro (UAR)") < report.index("| accuracy |")
    assert metrics["test"]["intervals"]["column"] == "actor" and "clusters by actor" in report
    assert " clips/s" in report and "images" not in report.replace("images/s", "")
    found = metrics["slices"]["columns"]
    assert {"actor", "intensity", "statement"} <= set(found) and found["actor"]["metric"] == "recall_macro"
    assert "## Who and what, on test: recall, macro (UAR)" in report and "by actor" in report


def test_evaluation_reproduces_it_and_says_so(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(str(finished), figures=False)
    assert "reproduced exactly" in capsys.readouterr().out
    with pytest.raises(FerlabError, match=r"tta: Flip is for image data, but .* modality is audio; cure: tta=none"):
        evaluate(str(finished), figures=False, tta={"_target_": "ferlab.transforms.views.Flip"})


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """The same tone at several rates, formats and widths, one of them long."""
    folder = tmp_path / "clips"
    (folder / "more").mkdir(parents=True)
    for name, rate, seconds in (("a.wav", 16_000, 1.5), ("b.flac", 44_100, 1.5), ("more/long.ogg", 48_000, 9)):
        time = np.arange(round(rate * seconds)) / rate
        tone = 0.3 * np.sin(2 * np.pi * 440 * time)
        soundfile.write(folder / name, np.stack([tone, tone], 1) if name == "b.flac" else tone, rate)
    (folder / "notes.txt").write_text("no sound")
    return folder


def test_sounds_of_any_rate_are_predicted(finished: Path, clips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    best = str(finished / "checkpoints" / "best.ckpt")
    files, p = predict_files(best, sounds=str(clips), output=str(clips / "out.csv"), max_error=0.99)
    assert [path.name for path in files] == ["a.wav", "b.flac", "long.ogg"]
    np.testing.assert_allclose(p[1], p[0], atol=0.01)
    rows = list(csv.DictReader((clips / "out.csv").read_text().splitlines()))
    assert len(rows) == 3 and {row["sure"] for row in rows} <= {"yes", "no"}
    assert len([key for key in rows[0] if key.startswith("p_")]) == 14
    out = capsys.readouterr().out
    assert "calibrated: temperature" in out and "SYNTHETIC" in out
    assert "hears each clip from 0.00 to 0.96 s; 3 of 3 are longer" in " ".join(out.split())
    _, again = predict_files(best, files=[str(clips / "b.flac")])
    np.testing.assert_array_equal(again[0], p[1])


def test_what_is_no_sound_is_named(finished: Path, clips: Path) -> None:
    best = str(finished / "checkpoints" / "best.ckpt")
    with pytest.raises(FerlabError, match=r"predict: .*notes\.txt is no sound file: expected WAV"):
        predict_files(best, sounds=str(clips / "notes.txt"))
    with pytest.raises(
        FerlabError, match=r"images=\.\.\., but this checkpoint was trained on clips; cure: sounds=PATH"
    ):
        predict_files(best, str(clips))
    with pytest.raises(
        FerlabError, match=r"expected one of images=PATH, sounds=PATH, texts=PATH, files=PATH, found none"
    ):
        predict_files(best)
    with pytest.raises(FerlabError, match="found images and sounds"):
        predict_files(best, str(clips), sounds=str(clips))
    (clips / "empty").mkdir()
    with pytest.raises(FerlabError, match="no sound in folder"):
        predict_files(best, sounds=str(clips / "empty"))


def test_a_model_of_images_takes_no_sounds_and_a_short_clip_has_nothing_to_hear(tmp_path: Path, clips: Path) -> None:
    with pytest.raises(FerlabError, match=r"sounds=\.\.\., but this checkpoint was trained on images"):
        predict_files(str(save(tmp_path / "image.ckpt", task())), sounds=str(clips))
    values = wish("td_cnn_lstm", "model.preprocess.skip=0.5", "augment=none")
    sound = run.make_task(values, DataModule(Tones(length=30_000), run.build(values["protocol"])))
    path = save(tmp_path / "sound.ckpt", sound)
    soundfile.write(clips / "short.wav", 0.1 * np.ones(6000), 16_000)
    with pytest.raises(FerlabError, match=r"short\.wav lasts 0\.38 s, and the model listens from 0\.5 s on"):
        predict_files(str(path), sounds=str(clips / "short.wav"))
    assert checkpoint.load(path).spec.modality == "audio"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["tta=flip"], "tta: Flip is for image data, but .* cure: tta=none"),
        (["augment=flip"], r"augment: \w+ is for image data.*cure: augment=none, or one for sounds: augment=speech"),
        (["rebalance=d1", "augment=none"], "rebalance: images are made of images.*rebalance=oversample"),
        (["model.preprocess.rate=8000", "augment=speech"], r"augment\.steps\.shift\.rate: .*rate=8000, found 16000"),
    ],
)
def test_what_makes_no_sense_of_sounds_is_refused_before_training(
    options: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(FerlabError, match=message):
        go(tmp_path / "run", "td_cnn_lstm", *options)
    assert not (tmp_path / "run").exists()


def test_rates_that_differ_are_refused() -> None:
    values = wish("td_cnn_lstm", "augment=none")
    values["data"]["rate"] = 44_100
    with pytest.raises(FerlabError, match=r"data\.rate: expected the front end's model\.preprocess\.rate=16000, found"):
        run.make_task(values, DataModule(Tones(), run.build(values["protocol"])))


def test_attention_is_drawn_and_clips_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="ferlab"):
        result = go(tmp_path / "run", "res_lstm_attention", "augment=none", "callbacks=throughput")
    # no augmentation of waveforms, but masks over the spectrograms
    assert {"attention", "augmented_sounds"} <= names(tmp_path / "run") and not caplog.records
    gender = result["slices"]["columns"]["gender"]
    assert [one["value"] for one in gender["slices"]] == ["female", "male"] and "emotion" not in result["slices"][
        "columns"
    ]
