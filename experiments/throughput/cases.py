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
        usual: how many times as fast as the usual way ferlab has to be; 0: compared, nothing asked; None: not compared.
        keras: the same against the document's own Keras code.
    """

    model: str
    size: int
    channels: int
    batch: int
    steps: int
    augment: str
    real: tuple[str, ...]
    synthetic: tuple[str, ...] = ()
    usual: float | None = None
    keras: float | None = None

    @property
    def images(self) -> str:
        return f"{self.size}x{self.size}x{self.channels}, batch {self.batch}"

    @property
    def name(self) -> str:
        return f"{self.model} {self.images}"

    def config(self, precision: str, images: int, device: str = "cpu") -> dict[str, Any]:
        """Compose what `python -m ferlab.train` would get for this case.

        Args:
            precision: of the trainer.
            images: how many are needed to train on; FERLAB_DATA's have more.
            device: "cpu" or "cuda".
        """
        faces = ["data=synthetic_faces", f"data.size={self.size}", f"data.grey={str(self.channels == 1).lower()}"]
        faces += [f"data.n_train={images}", "data.n_val=64", "data.n_test=64", *self.synthetic]
        data = self.real if os.environ.get("FERLAB_DATA") else faces
        recipe = [f"model={self.model}", f"augment={self.augment}", f"batch_size={self.batch}"]
        recipe += ["trainer=gpu" if device == "cuda" else "trainer=cpu", "++model.pretrained=false"]
        values: dict[str, Any] = plain(compose("train", [*recipe, *data, f"trainer.precision={precision}"]))
        return values


_AFFECTNET: dict[str, Any] = {"real": ("data=affectnet",), "synthetic": ("data.contempt=true",)}
CASES = (
    Case("cnn4", 48, 1, 64, 20, "d2", real=("data=fer2013",), usual=1.6, keras=1.4),
    Case("cnn10", 96, 3, 32, 30, "d4", **_AFFECTNET, keras=1.3),
    Case(
        "sentiment_cnn",
        64,
        3,
        32,
        150,
        "d0",
        real=("data=affectnet", "data.size=64", "data.classes=[happy,sad,anger]"),
        synthetic=("data.classes=[happy,sad,angry]",),
        usual=1.5,
        keras=1.2,
    ),
)
# where there is a GPU, these instead
CUDA = (
    Case("cnn4", 48, 1, 64, 200, "d2", real=("data=fer2013",), usual=0),
    Case("cnn10", 96, 3, 32, 200, "d4", **_AFFECTNET, usual=0),
    Case("resnet50", 96, 3, 32, 100, "d4", **_AFFECTNET, usual=0),
)
# one recipe on two kinds of images; the model is none of it
AUGMENT = (
    Case("cnn4", 48, 1, 64, 40, "d1", real=("data=fer2013",)),
    Case("cnn10", 96, 3, 32, 40, "d1", **_AFFECTNET),
)

HERE = Path(__file__).resolve().parent
