"""RAVDESS: every form of the archive, the names, the label schemes, and each way it can be wrong."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import ravdess as fake
from fakes.zips import write_folder, write_zip
from ferlab.data.audio import NO_SOUND, decode
from ferlab.data.broken import BadEntryError
from ferlab.data.ravdess import Ravdess
from ferlab.data.ravdess_labels import SCHEMES
from ferlab.data.ravdess_names import EMOTIONS, every_name, name_of, parse
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError

NAMES = every_name(2)
MADE = fake.entries(names=NAMES)
FIRST = "Actor_01/03-01-01-01-01-01-01.wav"


def load(root: Path, **options: Any) -> Samples:
    return Ravdess(str(root), **({"check_counts": False} | options)).load()


def length(clip: np.ndarray) -> int:
    return int((clip != NO_SOUND).sum())


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize(
    "kind",
    [
        "Audio_Speech_Actors_01-24.zip",
        "archive.zip",
        "ravdess/Audio_Speech_Actors_01-24.zip",
        ".",
        "Audio_Speech_Actors_01-24/",
        "audio_speech_actors_01-24/",
    ],
)
def test_every_form_gives_the_same(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "data"
    (root / kind).parent.mkdir(parents=True, exist_ok=True)
    if kind.endswith(".zip"):
        write_zip(root / kind, MADE)
    else:
        write_folder(root / kind, MADE)
    monkeypatch.setenv("FERLAB_DATA", str(root))
    for _ in range(2):
        samples = Ravdess(check_counts=False).load()
        assert samples.ids.tolist() == NAMES and set(samples.splits) == {"all"} and samples.notes == ()
        assert (
            samples.spec.labels == EMOTIONS and samples.spec.modality == "audio" and samples.spec.kind == "multiclass"
        )
        assert isinstance(samples.x, np.memmap) and samples.x.shape[1:] == samples.spec.shape == (944,)
        for number, clip in enumerate(samples.x):
            np.testing.assert_array_equal(clip[: length(clip)], decode(fake.clip(number)))
            # 40 ms and a thousandth for each number, at 16 kHz
            assert length(clip) == 640 + 16 * (number % 20)


def test_the_fake_holds_stereo_and_other_depths() -> None:
    heads = {MADE[name][20:22] + MADE[name][34:36] + MADE[name][22:24] for name in MADE}
    # format, bits, channels
    assert {b"\x01\0\x10\0\x01\0", b"\x01\0\x10\0\x02\0", b"\x01\0\x18\0\x01\0", b"\x01\0\x08\0\x01\0"} <= heads
    assert b"\x03\0\x20\0\x01\0" in heads


def test_columns_say_what_the_names_say(tmp_path: Path) -> None:
    samples = load(write_zip(tmp_path / "a.zip", MADE))
    assert list(samples.columns) == ["actor", "gender", "intensity", "statement", "repetition", "emotion"]
    assert samples.people == ("actor",)
    for row, name in enumerate(NAMES):
        emotion, intensity, statement, repetition, actor = map(int, name.split("-")[2:])
        here = {column: values[row] for column, values in samples.columns.items()}
        assert here == {
            "actor": actor,
            "gender": "male" if actor % 2 else "female",
            "intensity": ["normal", "strong"][intensity - 1],
            "statement": statement,
            "repetition": repetition,
            "emotion": EMOTIONS[emotion - 1],
        }
        assert samples.labels[row] == emotion - 1
    assert all(samples.columns[name].dtype.kind == "i" for name in ("actor", "statement", "repetition"))


def counts(samples: Samples) -> dict[str, int]:
    return Counter(samples.spec.labels[k] for k in samples.labels)


def test_label_schemes_of_two_actors(tmp_path: Path) -> None:
    root = write_zip(tmp_path / "a.zip", MADE)
    others = {"happy": 16, "sad": 16, "angry": 16, "disgust": 16}
    assert counts(load(root)) == others | {"neutral": 8, "calm": 16, "fearful": 16, "surprised": 16}
    seven = load(root, labels="emotion7")
    assert counts(seven) == others | {"neutral": 24, "fearful": 16, "surprised": 16}
    assert seven.notes == ("labels emotion7: calm counts as neutral",)
    ancestor = load(root, labels="ancestor7")
    assert counts(ancestor) == others | {"neutral": 16, "fear": 16, "surprise": 16}
    assert set(ancestor.columns["emotion"][ancestor.labels == 0]) == {"calm"} and len(ancestor.x) == 112
    assert "calm is taken for neutral and neutral is left out" in ancestor.notes[0]
    both = load(root, labels="gender_emotion14")
    assert len(both.spec.labels) == 14 and set(counts(both).values()) == {8, 12}
    assert {n for n, k in counts(both).items() if k == 12} == {"male_neutral", "female_neutral"}
    for label, gender, emotion in zip(both.labels, both.columns["gender"], both.columns["emotion"], strict=True):
        word = {"calm": "neutral", "fearful": "fear", "surprised": "surprise"}.get(emotion, emotion)
        assert both.spec.labels[label] == f"{gender}_{word}"


def test_classes(tmp_path: Path) -> None:
    root = write_zip(tmp_path / "a.zip", MADE)
    two = load(root, classes=["sad", "happy"])
    assert two.spec.kind == "binary" and two.spec.labels == ("sad", "happy") and len(two) == len(two.x) == 32
    assert [parse(str(name)).emotion for name in two.ids] == [("sad", "happy")[k] for k in two.labels]
    assert two.columns["actor"].tolist() == [1] * 16 + [2] * 16 and two.spec.modality == "audio"
    some = load(root, labels="ancestor7", classes=["neutral", "fear", "sad"])
    assert counts(some) == {"neutral": 16, "fear": 16, "sad": 16}
    with pytest.raises(FerlabError, match=r"unknown \['left out'\]; its classes are \['neutral', 'happy'"):
        load(root, labels="ancestor7", classes=["left out", "fear"])
    with pytest.raises(FerlabError, match=r"data\.labels: expected one of emotion8, .*, found 'emotion9'"):
        load(root, labels="emotion9")


def test_another_rate(tmp_path: Path) -> None:
    root = write_zip(tmp_path / "a.zip", MADE)
    assert load(root, rate=8000).spec.shape == (472,) and load(root).spec.shape == (944,)
    with pytest.raises(FerlabError, match=r"data\.rate: expected samples a second"):
        Ravdess(rate=16)
    with pytest.raises(FerlabError, match=r"data\.max_seconds: expected more than 0"):
        Ravdess(max_seconds=0)


def test_kaggles_double_copy_counts_once(tmp_path: Path) -> None:
    twice = MADE | {f"audio_speech_actors_01-24/{name}": data for name, data in MADE.items()}
    for root in (write_zip(tmp_path / "archive.zip", twice), write_folder(tmp_path / "folder", twice)):
        samples = load(root)
        assert samples.ids.tolist() == NAMES
        assert samples.notes == ("left out: 120 recordings of speech that is there twice",)


def test_song_and_video_are_left_out_and_counted(tmp_path: Path) -> None:
    more = {
        "Actor_01/03-02-01-01-01-01-01.wav": b"song",
        "Actor_02/03-02-06-02-02-02-02.wav": b"song",
        "Actor_01/01-01-01-01-01-01-01.mp4": b"video",
        "Actor_01/02-02-01-01-01-01-01.mp4": b"video",
        "Actor_01/read me.txt": b"",
    }
    root = write_folder(tmp_path, MADE | more | {"Audio_Song_Actors_01-24.zip": b""})
    for _ in range(2):
        samples = load(root)
        assert samples.ids.tolist() == NAMES
        assert samples.notes == (
            "left out: 2 recordings of song (audio alone)",
            "left out: 1 recordings of song (video alone)",
            "left out: 1 recordings of speech (audio and video)",
            "Audio_Song_Actors_01-24.zip beside the archive left out: song, not speech",
        )


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_songs_alone_are_no_speech(tmp_path: Path, kind: str) -> None:
    songs = {"Actor_01/03-02-01-01-01-01-01.wav": b"", "Actor_01/03-02-02-01-01-01-01.wav": b""}
    if kind == "folder":
        said = "expected spoken recordings without video, found left out: 2 recordings of song"
        write_folder(tmp_path, songs)
    else:
        said = "which holds the songs alone .*Get it from https://zenodo.org/records/1188976.*data=synthetic_speech"
        write_zip(tmp_path / "Audio_Song_Actors_01-24.zip", songs)
    with pytest.raises(FerlabError, match=said):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Actor_01/03-01-01-01-01-01.wav", "has a wrong name: expected seven two-digit parts .*as in 03-01-06"),
        ("Actor_01/hello.flac", "has a wrong name: .*found 'hello'"),
        ("Actor_01/04-01-01-01-01-01-01.wav", "unknown modality: expected 01 to 03, found 04"),
        ("Actor_01/03-03-01-01-01-01-01.wav", "unknown vocal channel: expected 01 to 02, found 03"),
        ("Actor_01/03-01-09-01-01-01-01.wav", "unknown emotion: expected 01 to 08, found 09"),
        ("Actor_01/03-02-07-01-01-01-01.wav", "unknown emotion: expected 01 to 06, found 07"),
        ("Actor_01/03-01-01-02-01-01-01.wav", "unknown intensity: expected 01 to 01; neutral has no strong one"),
        ("Actor_01/03-01-02-03-01-01-01.wav", "unknown intensity: expected 01 to 02"),
        ("Actor_01/03-01-02-01-03-01-01.wav", "unknown statement: expected 01 to 02, found 03"),
        ("Actor_01/03-01-02-01-01-00-01.wav", "unknown repetition: expected 01 to 02, found 00"),
        ("Actor_25/03-01-02-01-01-01-25.wav", "unknown actor: expected 01 to 24, found 25"),
        ("Actor_03/03-01-02-01-01-01-02.wav", r"lies in the folder of another actor than its name says \(02\)"),
        ("Actor_01/03-01-01-01-01-01-01.txt", r"is no sound file: expected one of \.wav, .*found '\.txt'"),
        ("Actor_03/03-01-01-01-01-01-03.wav", "is an empty file"),
    ],
)
def test_one_bad_entry(tmp_path: Path, name: str, why: str) -> None:
    root = write_zip(tmp_path / "a.zip", MADE | {name: b""})
    with pytest.raises(FerlabError, match=f"ravdess: broken entry in .*a.zip: {name.rpartition('.')[0]}.*({why})"):
        load(root)
    samples = load(root, on_bad="skip")
    assert samples.ids.tolist() == NAMES and samples.notes[0].startswith("1 broken entry of a.zip skipped: Actor_")


def test_two_files_of_one_name(tmp_path: Path) -> None:
    again = {FIRST.replace(".wav", ".flac"): fake.encode(fake.hum(0), kind="FLAC")}
    root = write_folder(tmp_path, MADE | again)
    with pytest.raises(
        FerlabError, match=rf"{FIRST}: repeats the name of 03-01-01-01-01-01-01\.flac; expected each once"
    ):
        load(root)
    samples = load(root, on_bad="skip")
    assert samples.ids.tolist() == NAMES and len(samples.notes) == 1


def test_a_silent_clip_is_refused_or_skipped_and_counted(tmp_path: Path) -> None:
    silent = {"Actor_03/03-01-01-01-01-01-03.wav": fake.encode(np.zeros(4800))}
    root = write_zip(tmp_path / "a.zip", MADE | silent)
    with pytest.raises(FerlabError, match=r"Actor_03/03-01-01-01-01-01-03\.wav: is silent.*data\.on_bad=skip"):
        load(root)
    assert len(load(root, on_bad="skip")) == 120


def test_a_clip_of_ten_minutes_names_the_option(tmp_path: Path) -> None:
    long = {"Actor_03/03-01-01-01-01-01-03.wav": fake.encode(np.zeros(600_000), "PCM_U8", rate=1000)}
    with pytest.raises(FerlabError, match=r"lasts 600\.00 s; expected at most data\.max_seconds=30"):
        load(write_zip(tmp_path / "a.zip", MADE | long))


@pytest.mark.usefixtures("own_cache")
def test_counts_are_insisted_on(tmp_path: Path) -> None:
    whole = dict.fromkeys((f"Actor_{name[-2:]}/{name}.wav" for name in every_name()), fake.encode(fake.hum(1, 0.01)))
    assert len(whole) == 1440
    assert len(load(write_zip(tmp_path / "whole.zip", whole), check_counts=True)) == 1440
    part = {name: data for name, data in whole.items() if "Actor_07" not in name and not name.endswith("02-02-12.wav")}
    root = write_zip(tmp_path / "part.zip", part)
    said = r"1,440 in all, found 1,365; incomplete: actor 07 \(0 of 60 clips\), actor 12 \(45 of 60 clips\)\..*_counts"
    with pytest.raises(FerlabError, match=said):
        load(root, check_counts=True)
    assert len(load(root)) == 1365
    # what was skipped as broken is no missing clip
    spoilt = write_zip(tmp_path / "spoilt.zip", whole | {FIRST: b"x"})
    assert len(load(spoilt, check_counts=True, on_bad="skip")) == 1439


@pytest.mark.parametrize("root", ["empty", "absent"])
def test_nothing_there(tmp_path: Path, root: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FerlabError, match=r"ravdess: no archive found.*Audio_Speech_Actors_01-24\.zip.*zenodo"):
        load(tmp_path / root)


def test_another_archive_zip_is_left_alone(tmp_path: Path) -> None:
    write_zip(tmp_path / "archive.zip", {"train/happy/Training_1.jpg": b""})
    with pytest.raises(FerlabError, match="ravdess: no archive found"):
        load(tmp_path)


@given(st.text(max_size=25) | st.from_regex(r"\A0[0-3](-0[0-9]){5}-[0-3][0-9]\Z"))
def test_any_name_is_parsed_or_refused(text: str) -> None:
    try:
        parse(text)
    except BadEntryError as error:
        assert "expected" in str(error)
    else:
        assert len(text) == 20


def test_names_are_all_there_are() -> None:
    names = every_name()
    assert len(set(names)) == 1440 and set(Counter(name[-2:] for name in names).values()) == {60}
    for name in names:
        recording = parse(name)
        facts = (recording.emotion, recording.intensity, recording.statement, recording.repetition, recording.actor)
        assert name_of(*facts) == name and recording.spoken_alone


@pytest.mark.slow
@pytest.mark.realdata
def test_the_real_archive() -> None:
    root = os.environ["FERLAB_DATA"]
    samples = Ravdess(root).load()
    assert sorted(samples.ids.tolist()) == sorted(every_name()) and samples.notes == ()
    assert counts(samples) == {name: 96 if name == "neutral" else 192 for name in EMOTIONS}
    assert counts(Ravdess(root, labels="emotion7").load())["neutral"] == 288
    for label, count in counts(Ravdess(root, labels="gender_emotion14").load()).items():
        assert count == (144 if label.endswith("_neutral") else 96)
    assert counts(Ravdess(root, labels="ancestor7").load()) == dict.fromkeys(SCHEMES["ancestor7"].labels, 192)
    assert {
        name: int(n) for name, n in zip(*np.unique(samples.columns["gender"], return_counts=True), strict=True)
    } == {
        "female": 720,
        "male": 720,
    }
    sounding = samples.x != NO_SOUND
    seconds = sounding.sum(1) / 16_000
    # Livingstone and Russo: clips of about 3.7 s
    assert 2.9 < seconds.min() < 3.0 and 5.2 < seconds.max() < 5.3 and abs(seconds.mean() - 3.7) < 0.05
    # sound first, then none: nowhere in between
    assert not (sounding[:, 1:] & ~sounding[:, :-1]).any() and sounding[:, 0].all()
