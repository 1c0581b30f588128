"""The summary entry counts a composed model without reading any data."""

import json

import pytest

from ferlab.errors import FerlabError
from ferlab.summarise import summarise
from toy import plain_summary

# documents.md: total and trainable, in the Keras convention
COUNTS = {
    "d0/sentiment_cnn": (46_563, 46_051),
    "d2/cnn4": (4_478_727, None),
    "d4/cnn10": (15_179_784, 15_179_720),
    "d4/convnet": (9_782_472, 9_781_960),
    "d4/convnet_binary": (9_775_297, None),
}


def test_networks_for_sounds_too(capsys: pytest.CaptureFixture[str]) -> None:
    shown = summarise(plain_summary("model=td_cnn_lstm", "shape=[60000]", "labels=14"))
    assert (shown["total"], shown["trainable"], shown["input"]) == (1_183_694, 1_182_926, [5, 128, 128])
    assert "5 x 128 mels x 128 frames" in capsys.readouterr().out


@pytest.mark.parametrize(("experiment", "counts"), COUNTS.items())
def test_the_documents_counts_come_out(
    experiment: str, counts: tuple[int, int | None], capsys: pytest.CaptureFixture[str]
) -> None:
    summarise(plain_summary(f"experiment={experiment}", "format=json"))
    shown = json.loads(capsys.readouterr().out)
    total, trainable = counts
    assert shown["total"] == total == shown["trainable"] + shown["non_trainable"]
    assert trainable in (None, shown["trainable"])
    assert sum(layer["params"] for layer in shown["layers"]) == total
    assert sum(layer["multiply_adds"] for layer in shown["layers"]) == shown["multiply_adds"] > 0


def test_the_table_shows_layers_and_totals(capsys: pytest.CaptureFixture[str]) -> None:
    summarise(plain_summary("experiment=d4/cnn10"))
    out = capsys.readouterr().out
    for word in ("block1.conv", "15,179,784", "15,179,720", "100,807,808", "67712"):
        assert word in out.replace(",712", "712") or word in out, word


def test_shape_and_labels_can_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    summarise(plain_summary("model=cnn10", "shape=[96,96,3]", "labels=8", "format=json"))
    assert json.loads(capsys.readouterr().out)["total"] == 15_179_784


@pytest.mark.parametrize("options", [["format=xml"], ["shape=[96,96]", "labels=8"], ["shape=[4,4,1]", "labels=8"]])
def test_mistakes_are_named(options: list[str]) -> None:
    with pytest.raises(FerlabError):
        summarise(plain_summary("model=cnn10", *options))
