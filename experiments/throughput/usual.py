"""The usual way: ImageFolder over files, albumentations image by image, DataLoader workers, Lightning in fp32.

Where the usual ways differ, the quicker one stands here: no progress bar, no logger, no checkpoints, no metrics, files
already at the network's size, grey files read as grey.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

# albumentations asks the network for newer versions of itself when it is imported
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations as A
import cv2
import numpy as np
import pytorch_lightning as pl
import torch
from albumentations.pytorch import ToTensorV2
from cases import Case
from PIL import Image
from stopwatch import timed_fit
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import models
from torchvision.datasets import ImageFolder


def transform(case: Case) -> Callable[[Image.Image], Tensor]:
    """Return the recipe of conf/augment in albumentations."""
    # D0: shear .2 degrees, zoom .2 for x and y independently
    affine = A.Affine(
        scale={"x": (0.8, 1.2), "y": (0.8, 1.2)},
        shear={"x": (-0.2, 0.2), "y": (0.0, 0.0)},
        border_mode=cv2.BORDER_REPLICATE,
        p=1.0,
    )
    d4 = A.Affine(
        scale={"x": (0.9, 1.1), "y": (0.9, 1.1)},
        shear={"x": (-0.1, 0.1), "y": (0.0, 0.0)},
        rotate=(-5, 5),
        border_mode=cv2.BORDER_REPLICATE,
        p=1.0,
    )
    recipes = {"d2": [], "d0": [affine], "d4": [d4]}
    chain = A.Compose([*recipes[case.augment], A.HorizontalFlip(p=0.5), A.ToFloat(255.0), ToTensorV2()])
    return partial(apply, chain)


def apply(chain: A.Compose, image: Image.Image) -> Tensor:
    result: Tensor = chain(image=np.asarray(image))["image"]
    return result


def read(mode: str, path: str) -> Image.Image:
    with Image.open(path) as image:
        return image.convert(mode)


class Module(pl.LightningModule):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net, self.loss = net, nn.CrossEntropyLoss()

    def training_step(self, batch: list[Tensor]) -> Tensor:
        x, y = batch
        loss: Tensor = self.loss(self.net(x), y)
        self.log("loss", loss)
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=1e-3)


def usual(case: Case, folder: Path, workers: int, steps: int, device: str = "cpu") -> float:
    """Return milliseconds a step."""
    pl.seed_everything(0, verbose=False)
    mode = "L" if case.channels == 1 else "RGB"
    data = ImageFolder(str(folder), transform(case), loader=partial(read, mode), allow_empty=True)
    # a process that was itself spawned would spawn its workers, which is no usual way on Linux
    start = "fork" if workers and sys.platform == "linux" else None
    reading: dict[str, Any] = {"num_workers": workers, "multiprocessing_context": start, "pin_memory": device == "cuda"}
    loader = DataLoader(data, batch_size=case.batch, shuffle=True, drop_last=True, **reading)
    options: dict[str, Any] = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = pl.Trainer(accelerator=device, devices=1, max_epochs=1, enable_model_summary=False, **options)
    nets = {"cnn4": cnn4, "sentiment_cnn": sentiment_cnn, "cnn10": cnn10, "resnet50": resnet50}
    net = nets[case.model](case.channels, len(data.classes))
    return timed_fit(trainer, Module(net), steps, train_dataloaders=loader)


def cnn4(channels: int, classes: int) -> nn.Module:
    blocks: list[nn.Module] = []
    for inputs, outputs, side in ((channels, 64, 3), (64, 128, 5), (128, 512, 3), (512, 512, 3)):
        conv = nn.Conv2d(inputs, outputs, side, padding="same")
        blocks += [conv, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)]
    blocks.append(nn.Flatten())
    for inputs, outputs in ((512 * 9, 256), (256, 512)):
        blocks += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(), nn.Dropout(0.25)]
    return nn.Sequential(*blocks, nn.Linear(512, classes))


def sentiment_cnn(channels: int, classes: int) -> nn.Module:
    blocks: list[nn.Module] = []
    for inputs in (channels, 32, 32, 32):
        blocks += [nn.Conv2d(inputs, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.BatchNorm2d(32), nn.Dropout(0.25)]
    dense = [nn.Linear(128, 128), nn.ReLU(), nn.BatchNorm1d(128), nn.Dropout(0.5)]
    return nn.Sequential(*blocks, nn.Flatten(), *dense, nn.Linear(128, classes))


def cnn10(channels: int, classes: int) -> nn.Module:
    conv = [nn.Conv2d(channels, 32, 3), nn.ReLU(), nn.Conv2d(32, 32, 3), nn.LeakyReLU(0.5)]
    pool = [nn.BatchNorm2d(32), nn.MaxPool2d(2), nn.Dropout(0.1), nn.Flatten()]
    return nn.Sequential(
        *conv, *pool, nn.Linear(32 * 46 * 46, 224), nn.ReLU(), nn.Dropout(0.2), nn.Linear(224, classes)
    )


def resnet50(channels: int, classes: int) -> nn.Module:
    assert channels == 3
    net = models.resnet50()
    net.fc = nn.Sequential(nn.Linear(2048, 512), nn.ReLU(), nn.Dropout(0.4), nn.Linear(512, classes))
    return net
