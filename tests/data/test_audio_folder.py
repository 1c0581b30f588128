"""Clips of one's own: class folders, split folders, a CSV with speakers, and each way they can be wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes.ravdess import encode, hum
from fakes.zips import write_folder, write_zip
from ferlab.data.audio import NO_SOUND, decode
from ferlab.data.audio_folder import AudioFolder
from ferlab.data.protocol import Protocol
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

KINDS = {"wav": ("WAV", "PCM_16"), "flac": ("FLAC", "PCM_16"), "ogg": ("OGG", "VORBIS")}


def sound(number: int, kind: str) -> bytes:
    return encode(hum(number, 0.1 + 0.01 * number, 22_050), KINDS[kind][1], KINDS[kind][0], 22_050)


PLAIN = {
    f"{label}/{number}.{kind}": sound(number, kind)
    for number, (label, kind) in enumerate(
        [("sad", "wav"), ("happy", "flac"), ("angry", "ogg"), ("sad", "flac"), ("happy", "wav"), ("angry", "wav")]
    )
}
SPLIT = {f"{'val' if number % 2 else 'train'}/{name}": data for number, (name, data) in enumerate(PLAIN.items())}
CSV = "path,label,split,speaker\nsad/0.wav,sad,train,ann\nhappy/1.flac,happy,test,bob\nsad/3.flac,sad,test,bob\n"


@pytest.fixture(autouse=True)
def fresh(own_cache: Path) -> None:
    pass


def load(root: Path, **options: Any) -> Samples:
    return AudioFolder(str(root), **options).load()


@pytest.mark.parametrize("files", [PLAIN, SPLIT], ids=["classes", "splits"])
@pytest.mark.parametrize("form", ["folder", "zip", "wrapped"])
def test_folders(tmp_path: Path, files: dict[str, bytes], form: str) -> None:
    if form == "wrapped":
        root = write_zip(tmp_path / "own.zip", {f"clips/{name}": data for name, data in files.items()})
    else:
        root = write_zip(tmp_path / "own.zip", files) if form == "zip" else write_folder(tmp_path / "own", files)
    for _ in range(2):
        samples = load(root)
        assert samples.spec.labels == ("angry", "happy", "sad") and samples.spec.modality == "audio"
        assert samples.name == "audio_folder" and samples.people == () and samples.notes == ()
        assert sorted(samples.ids.tolist()) == sorted(files) and isinstance(samples.x, np.memmap)
        for clip, label, name, split in zip(samples.x, samples.labels, samples.ids, samples.splits, strict=True):
            np.testing.assert_array_equal(clip[clip != NO_SOUND], decode(files[str(name)]))
            assert samples.spec.labels[label] == str(name).split("/")[-2]
            assert split == ("all" if files is PLAIN else str(name).split("/")[0])


def test_csv_with_speakers(tmp_path: Path) -> None:
    write_folder(tmp_path, PLAIN | {"set.csv": CSV.encode()})
    samples = load(tmp_path / "set.csv")
    assert samples.ids.tolist() == ["sad/0.wav", "happy/1.flac", "sad/3.flac"]
    assert samples.splits.tolist() == ["train", "test", "test"] and samples.labels.tolist() == [1, 0, 1]
    assert samples.spec.kind == "binary" and samples.people == ("speaker",)
    assert samples.columns["speaker"].tolist() == ["ann", "bob", "bob"]
    assert load(tmp_path / "set.csv", people=[]).people == ()
    assert load(tmp_path / "set.csv", classes=["sad", "happy"]).labels.tolist() == [0, 1, 0]


def test_a_speaker_in_two_roles_stops_the_protocol(tmp_path: Path) -> None:
    write_folder(tmp_path, PLAIN | {"set.csv": CSV.replace("test,bob", "train,bob", 1).encode()})
    samples = load(tmp_path / "set.csv")
    with pytest.raises(FerlabError, match=r"values of speaker stand in .*bob"):
        Protocol("official", train=["train"], val=["test"], test=["test"], selection="test").assign(samples)


def test_other_people(tmp_path: Path) -> None:
    write_folder(tmp_path, PLAIN | {"set.csv": CSV.replace("speaker", "person").encode()})
    assert load(tmp_path / "set.csv").people == ()
    assert load(tmp_path / "set.csv", people=["person"]).people == ("person",)
    with pytest.raises(FerlabError, match=r"data\.people names the column 'speaker'; .*set\.csv has person besides"):
        load(tmp_path / "set.csv", people=["speaker"])


def test_rate_and_length(tmp_path: Path) -> None:
    write_folder(tmp_path, PLAIN)
    assert load(tmp_path).spec.shape == (2400,) and load(tmp_path, rate=8000).spec.shape == (1200,)
    with pytest.raises(FerlabError, match=r"lasts 0\.12 s; expected at most data\.max_seconds=0\.115"):
        load(tmp_path, max_seconds=0.115)
    assert len(load(tmp_path, max_seconds=0.115, on_bad="skip")) == 2


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "found 0 clips in no folder"),
        ({"a.wav": b""}, "found 1 clips in no folder"),
        (SPLIT | PLAIN, "split folders .* stand beside"),
        (PLAIN | {"sad/a.mp3": b"x" * 99}, r"sad/a\.mp3: is no sound file"),
        (PLAIN | {"sad/a.wav": PLAIN["sad/0.wav"][:2000]}, r"sad/a\.wav: is a truncated sound file: it declares 4,"),
        (PLAIN | {"sad/a.wav": encode(np.zeros(99))}, r"sad/a\.wav: is silent"),
    ],
)
def test_wrong_folders(tmp_path: Path, files: dict[str, bytes], why: str) -> None:
    root = tmp_path / "data"
    root.mkdir()
    with pytest.raises(FerlabError, match=why):
        load(write_folder(root, files))


@pytest.mark.parametrize("root", [None, "absent"])
def test_wrong_roots(tmp_path: Path, root: str | None) -> None:
    with pytest.raises(FerlabError, match=r"data\.root.*<class>/<clip>"):
        AudioFolder(root and str(tmp_path / root)).load()
