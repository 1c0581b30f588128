"""What is trained: three models of the documents, at their sizes and batches, with their augmentation."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferlab.config import compose, plain


@dataclass(frozen=True)
class Case:
    """One model under one recipe.

    Attributes:
        model: name in conf/model.
        size: side of the images, in pixels.
        channels: 1 grey, 3 RGB.
        batch: images a training step.
        steps: steps that one measurement takes.
        augment: name in conf/augment.
        real: overrides that choose the data where FERLAB_DATA is set.
        synthetic: overrides that choose it elsewhere, besides size and colour.
        least: how many times as fast as the usual way ferlab has to be; None: not compared.
    """

    model: str
    size: int
    channels: int
    batch: int
    steps: int
    augment: str
    real: tuple[str, ...]
    synthetic: tuple[str, ...] = ()
    least: float | None = None

    @property
    def name(self) -> str:
        return f"{self.model} {self.size}x{self.size}x{self.channels}, batch {self.batch}"

    def config(self, precision: str, images: int) -> dict[str, Any]:
        """Compose what `python -m ferlab.train` would get for this case.

        Args:
            precision: of the trainer.
            images: how many are needed to train on; FERLAB_DATA's have more.
        """
        faces = ["data=synthetic_faces", f"data.size={self.size}", f"data.grey={str(self.channels == 1).lower()}"]
        faces += [f"data.n_train={images}", "data.n_val=64", "data.n_test=64", *self.synthetic]
        data = self.real if os.environ.get("FERLAB_DATA") else faces
        recipe = [f"model={self.model}", f"augment={self.augment}", f"batch_size={self.batch}"]
        values: dict[str, Any] = plain(compose("train", [*recipe, *data, f"trainer.precision={precision}"]))
        return values


CASES = (
    Case("cnn4", 48, 1, 64, 20, "d2", real=("data=fer2013",), least=1.6),
    Case("cnn10", 96, 3, 32, 30, "d4", real=("data=affectnet",), synthetic=("data.contempt=true",)),
    Case(
        "sentiment_cnn",
        64,
        3,
        32,
        150,
        "d0",
        real=("data=affectnet", "data.size=64", "data.classes=[happy,sad,anger]"),
        synthetic=("data.classes=[happy,sad,angry]",),
        least=1.5,
    ),
)

HERE = Path(__file__).resolve().parent
