"""Texts on the whole road: a vocabulary of the training part alone, and a checkpoint that reads raw texts."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ferlab import checkpoint, run
from ferlab.build import build
from ferlab.checkpoint import Predictor
from ferlab.data.datamodule import DataModule
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError
from ferlab.prediction import predict_files
from ferlab.pretrained import start_from
from ferlab.spec import TaskSpec
from ferlab.task import Task
from toy import config

SMALL = [
    "model=text_cnn_lstm",
    "augment=none",
    "protocol=official",
    "model.net.features=8",
    "model.net.filters=[4,4,4]",
    "model.net.units=[4]",
    "model.net.hidden=4",
    "model.preprocess.tokens=16",
    "model.word2vec.epochs=1",
    "batch_size=8",
]


class Tiny:
    """Texts whose words tell which split they stand in."""

    def load(self) -> Samples:
        rng = np.random.default_rng(0)
        splits = np.repeat(["train", "val", "test"], [24, 8, 8])
        labels = np.array([[i % 2, i // 2 % 2] for i in range(40)], np.int64)
        x = np.empty(40, object)
        for i, split in enumerate(splits):
            moods = ["happy" if labels[i, 0] else "gloomy", "tidy" if labels[i, 1] else "messy"]
            x[i] = " ".join([*rng.permutation(moods * 2), f"only{split}", f"{split}{i}x", "weather"])
        spec = TaskSpec("multilabel", ("HAPPY", "TIDY"), "text", ())
        return Samples("tiny", spec, x, labels, np.array([f"t{i}" for i in range(40)]), splits, synthetic=True)


def values(*overrides: str) -> dict[str, Any]:
    return config("data=synthetic_essays", *SMALL, *overrides)


def made(*overrides: str) -> tuple[Task, DataModule, dict[str, Any]]:
    wish = values(*overrides)
    protocol = {**wish["protocol"], "train": ["train"], "val": ["val"], "test": ["test"]}
    data = DataModule(Tiny(), build(protocol), batch_size=wish["batch_size"])
    return run.make_task(wish, data), data, wish


def save(task: Task, path: Path) -> Path:
    state = {"state_dict": task.state_dict(), "hyper_parameters": dict(task.hparams)}
    torch.save({**state, "epoch": 0, "global_step": 0}, path)
    return path


def test_the_vocabulary_never_sees_validation_or_test() -> None:
    task, data, wish = made()
    vocabulary = task.preprocess.vocabulary
    assert isinstance(vocabulary, list) and "onlytrain" in vocabulary
    assert not [word for word in vocabulary if "val" in word or "test" in word]
    assert task.preprocess.texts == 24 and wish["model"]["preprocess"]["vocabulary"] is None
    assert task.preprocess.documents[vocabulary.index("weather")] == 24
    # and what they alone hold is unknown to the network
    ids = next(iter(data.batches("test")))["x"]
    assert task.preprocess.words(ids[0].numpy()).count("?") == 2


def test_word_vectors_are_trained_on_the_training_part_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from ferlab.data import encoding

    task, data, wish = made()
    seen: list[str] = []
    real = encoding.vectors

    def spy(texts: list[list[str]], *rest: Any) -> Any:
        seen.extend(word for text in texts for word in text)
        return real(texts, *rest)

    monkeypatch.setattr(encoding, "vectors", spy)
    first = task.net.embedding.weight.detach().clone()
    roles = data.assignment.indices
    facts = run.begin_with_vectors(task.net, task.preprocess, data.samples, roles, wish["model"]["word2vec"])
    assert facts is not None and "onlytrain" in seen
    assert not [word for word in seen if "val" in word or "test" in word]
    after = task.net.embedding.weight.detach()
    assert torch.equal(after[:2], first[:2]) and not torch.isclose(after[2:], first[2:]).all(1).any()
    assert facts["coverage"]["train"]["with_vector"] == 1 and facts["coverage"]["test"]["in_vocabulary"] < 1
    assert facts["words_with_vector"] == facts["words"] == len(task.preprocess.vocabulary)
    plain = run.begin_with_vectors(task.net, task.preprocess, data.samples, roles, None)
    assert plain is not None and plain["source"] == "random"
    assert torch.equal(task.net.embedding.weight.detach(), after)


def test_batches_hold_numbers_and_the_task_keeps_them_whole() -> None:
    task, data, _ = made()
    batch = next(iter(data.train_dataloader()))
    assert batch["x"].dtype == torch.int32 and batch["x"].shape == (8, 16) and batch["y"].shape == (8, 2)
    seen: list[torch.dtype] = []
    task.net.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].dtype))
    assert task.bfloat16()(batch["x"]).shape == (8, 2) and seen == [torch.int64]
    size = run.size(task.float().net, task.preprocess)
    assert size["parameters"] > 8 * len(task.preprocess.vocabulary)
    bare = DataModule(Tiny(), data.protocol)
    with pytest.raises(RuntimeError, match="encode"):
        bare.batches("val")


def test_a_checkpoint_reads_raw_texts_as_in_training(tmp_path: Path) -> None:
    task, data, _ = made()
    index, expected = Predictor(task).rows(data.batches("test"))
    raw = data.samples.x[index].tolist()
    again = Predictor(checkpoint.load(save(task, tmp_path / "best.ckpt")))
    np.testing.assert_array_equal(again.texts(raw), expected)
    np.testing.assert_allclose(again.texts(raw, batch_size=3), expected, atol=1e-6)


def test_models_and_data_of_different_kinds_are_told_apart() -> None:
    _, data, wish = made()
    faces = config()
    with pytest.raises(
        FerlabError, match="this one is for images or sounds, but the modality of data set tiny is text"
    ):
        run.make_task({**wish, "model": faces["model"]}, data)
    with pytest.raises(
        FerlabError, match="this one is for texts, but the modality of data set synthetic_faces is image"
    ):
        run.make_task({**faces, "model": wish["model"]}, run.load_data(faces))
    with pytest.raises(FerlabError, match="Identity has no word vectors"):
        task, _, _ = made()
        roles = data.assignment.indices
        run.begin_with_vectors(nn.Identity(), task.preprocess, data.samples, roles, wish["model"]["word2vec"])


def test_words_keep_their_vectors_in_another_vocabulary(tmp_path: Path) -> None:
    first, _, _ = made()
    path = save(first, tmp_path / "first.ckpt")
    second, _, _ = made("model.preprocess.max_words=6")
    before = second.net.embedding.weight.detach().clone()
    facts = start_from(second, str(path))
    assert facts is not None and "6 of 6 words" in facts["source"]
    for i, word in enumerate(second.preprocess.vocabulary, 2):
        row = first.preprocess.vocabulary.index(word) + 2
        assert torch.equal(second.net.embedding.weight[i], first.net.embedding.weight[row])
    larger, _, _ = made()
    larger.preprocess.vocabulary[3] = "unheard"
    own = larger.net.embedding.weight[5].detach().clone()
    assert start_from(larger, str(save(second, tmp_path / "second.ckpt"))) is not None
    assert torch.equal(larger.net.embedding.weight[5], own) and not torch.equal(before, second.net.embedding.weight)


@pytest.fixture
def trained(tmp_path: Path) -> str:
    task, _, _ = made()
    return str(save(task, tmp_path / "best.ckpt"))


def test_files_folders_and_tables_are_predicted(
    trained: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = tmp_path / "texts"
    inside.mkdir()
    (inside / "a.txt").write_text("happy tidy weather")
    (inside / "b.txt").write_text("the of and")
    (inside / "c.txt").write_text("weather " * 100_000)
    (inside / "d.txt").write_text("\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440 \U0001f600")
    (inside / "e.csv").write_text('id,text\n1,happy weather\n2,"tidy\nweather"\n')
    (inside / "f.txt").write_bytes("happy caf\u00e9".encode("cp1252"))
    files, p = predict_files(trained, texts=str(inside), output=str(tmp_path / "out.csv"))
    assert [file.name for file in files][:4] == ["a.txt", "b.txt", "c.txt", "d.txt"]
    assert [file.name for file in files][4:] == ["e.csv, line 2", "e.csv, lines 3 to 4", "f.txt"]
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    np.testing.assert_allclose([[float(row[f"p_{n}"]) for n in ("HAPPY", "TIDY")] for row in rows], p, atol=1e-6)
    said = [[row[f"pred_{n}"] == "yes" for n in ("HAPPY", "TIDY")] for row in rows]
    assert said == (p >= 0.5).tolist()
    # long paths are folded anywhere
    printed = "".join(capsys.readouterr().out.split())
    assert "readsthefirst16words" in printed and "upto100,000" in printed
    assert "leavesnowordof" in printed and "b.txt:theanswercomesfrompaddingalone" in printed
    assert "anotherlanguageorscript?" in printed and "f.txt:decodedasWesterntext" in printed
    assert "yesfromaprobabilityof:HAPPY0.500,TIDY0.500" in printed


def test_thresholds_of_the_checkpoint_decide(trained: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("happy tidy weather")
    _, p = predict_files(trained, texts=str(tmp_path / "a.txt"))
    known = {"HAPPY": float(p[0, 0]) + 0.01, "TIDY": float(p[0, 1]) - 0.01}
    checkpoint.amend(Path(trained), {"thresholds": known})
    predict_files(trained, texts=str(tmp_path / "a.txt"), output=str(tmp_path / "out.csv"))
    (row,) = csv.DictReader((tmp_path / "out.csv").read_text().splitlines())
    assert (row["pred_HAPPY"], row["pred_TIDY"]) == ("no", "yes")


def test_mistakes_are_named_by_file_and_row(trained: str, tmp_path: Path) -> None:
    def fails(name: str, content: bytes, message: str, **options: Any) -> None:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FerlabError, match=message):
            predict_files(trained, texts=str(tmp_path / name), **options)

    fails("empty.txt", b"", r"empty\.txt has no text")
    fails("binary.txt", b"\0\1\2", r"binary\.txt holds NUL characters")
    fails("signs.txt", b"12 !?", r"signs\.txt has a text without any letter")
    fails("row.csv", b"id,text\n1,good\n2,\n", r"row\.csv, line 3 has no text")
    fails("column.csv", b"id,words\n1,good\n", r"column\.csv: no column 'text', found id, words; cure: column=")
    fails("short.csv", b"id,text\n1\n", r"short\.csv: line 2: expected 2 columns, found 1$")
    fails("none.csv", b"id,text\n", "no row below the column names")
    fails("latin.txt", b"caf\xe9", r"expected utf-8, found .* at byte 3; cure: encoding=null", encoding="utf-8")
    fails("latin.txt", b"caf\xe9", r"encoding=klingon: no such encoding", encoding="klingon")
    fails("a.txt", b"happy", "max_error is for models that give one answer", max_error=0.1)
    with pytest.raises(FerlabError, match=r"images=\.\.\., but this checkpoint was trained on texts; cure: texts=PATH"):
        predict_files(trained, images="a.jpg")
    with pytest.raises(FerlabError, match="no such file or folder: nowhere"):
        predict_files(trained, texts="nowhere")
