"""A run on texts in W&B: the page of coloured words goes up where pictures of the samples may."""

from pathlib import Path

import pytest

from toy import train
from wandb_log import read

SMALL = (
    "data=synthetic_essays",
    "data.n=64",
    "data.words=20",
    "model=word_bags",
    "model.preprocess.tokens=30",
    "augment=none",
    "protocol=holdout",
    "trainer.max_epochs=1",
    "logger=wandb_offline",
)


@pytest.mark.slow
@pytest.mark.parametrize("images", ["null", "false"])
def test_the_page_of_words_goes_up_where_samples_may(tmp_path: Path, images: str) -> None:
    train(tmp_path / "run", *SMALL, f"logger.wandb.images={images}")
    (log,) = read(tmp_path)
    shown = log.series("test/texts")
    assert (tmp_path / "run" / "figures" / "texts.html").is_file()
    if images == "false":
        assert not shown and not log.series("figures/words") and log.series("figures/text_lengths")
    else:
        (page,) = shown
        assert page["_type"] == "html-file"
        text = (log.files / page["path"]).read_text(encoding="utf-8")
        assert "Words that word_bags goes by" in text and "<script" not in text
