"""The documents' networks and input pipelines in Keras, timed; runs in an environment of its own, without ferlab.

Each line on standard input is a request, {"model": ..., "folder": ..., "batch": ..., "warm": ..., "steps": ...}, and is
answered by one line, {"ms": milliseconds a step, "parameters": ...}. `folder` holds a folder of JPEG files a class, in
the network's size.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf
from PIL import Image

layers = tf.keras.layers
Generator = tf.keras.preprocessing.image.ImageDataGenerator

# Keras' counts as the documents print them: trainable parameters and BatchNorm's moving averages
PARAMETERS = {"cnn4": 4_478_727, "sentiment_cnn": 46_563, "cnn10": 15_179_784}


def cnn4() -> list[Any]:
    """D2's base model: pixels 0..255."""
    stack: list[Any] = [layers.Input((48, 48, 1))]
    for filters, side in ((64, 3), (128, 5), (512, 3), (512, 3)):
        stack += [layers.Conv2D(filters, side, padding="same"), layers.BatchNormalization(), layers.ReLU()]
        stack += [layers.MaxPooling2D(2), layers.Dropout(0.25)]
    stack.append(layers.Flatten())
    for units in (256, 512):
        stack += [layers.Dense(units), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.25)]
    return [*stack, layers.Dense(7, activation="softmax")]


def sentiment_cnn() -> list[Any]:
    """D0's network, with its sigmoid outputs."""
    stack: list[Any] = [layers.Input((64, 64, 3))]
    for _ in range(4):
        stack += [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(2)]
        stack += [layers.BatchNormalization(), layers.Dropout(0.25)]
    stack += [layers.Flatten(), layers.Dense(128, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.5)]
    return [*stack, layers.Dense(3, activation="sigmoid")]


def cnn10() -> list[Any]:
    """D4's CNN-10."""
    stack: list[Any] = [layers.Input((96, 96, 3)), *(layers.Conv2D(32, 3, activation="relu") for _ in range(2))]
    stack += [layers.LeakyReLU(0.5), layers.BatchNormalization(), layers.MaxPooling2D(2), layers.Dropout(0.1)]
    stack += [layers.Flatten(), layers.Dense(224, activation="relu"), layers.Dropout(0.2)]
    return [*stack, layers.Dense(8, activation="softmax")]


def batches(model: str, folder: Path, batch: int) -> Iterator[Any]:
    """Return the document's own pipeline: D0 and D2 read files as they train, D4 holds them in memory."""
    if model == "cnn10":
        pixels, labels = in_memory(folder)
        generator = Generator(horizontal_flip=True, rotation_range=5, zoom_range=0.1, shear_range=0.1)
        return generator.flow(pixels, labels, batch)
    options: dict[str, Any] = {"batch_size": batch, "class_mode": "categorical"}
    if model == "cnn4":
        generator = Generator(horizontal_flip=True)
        return generator.flow_from_directory(folder, target_size=(48, 48), color_mode="grayscale", **options)
    generator = Generator(rescale=1 / 255, shear_range=0.2, zoom_range=0.2, horizontal_flip=True)
    return generator.flow_from_directory(folder, target_size=(64, 64), **options)


def in_memory(folder: Path) -> tuple[Any, Any]:
    classes = sorted(path.name for path in folder.iterdir())
    files = [(path, classes.index(path.parent.name)) for path in sorted(folder.glob("*/*.jpg"))]
    pixels = np.stack([np.asarray(Image.open(path).convert("RGB"), "float32") / 255 for path, _ in files])
    return pixels, tf.keras.utils.to_categorical([label for _, label in files], len(classes))


class Clock(tf.keras.callbacks.Callback):
    """Times `steps` whole steps behind `warm`."""

    def __init__(self, warm: int, steps: int) -> None:
        super().__init__()
        self.warm, self.steps, self.begun, self.seconds = warm, steps, 0.0, 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 (Keras gives it)
        if batch + 1 == self.warm:
            self.begun = time.perf_counter()
        elif batch + 1 == self.warm + self.steps:
            self.seconds = time.perf_counter() - self.begun


def train(model: str, folder: str, batch: int, warm: int, steps: int) -> dict[str, float]:
    tf.keras.backend.clear_session()
    nets: dict[str, Callable[[], list[Any]]] = {"cnn4": cnn4, "sentiment_cnn": sentiment_cnn, "cnn10": cnn10}
    losses = {"cnn4": "binary_crossentropy"}
    net = tf.keras.Sequential(nets[model]())
    parameters = net.count_params()
    assert parameters == PARAMETERS[model], f"{model}: expected {PARAMETERS[model]:,} parameters, found {parameters:,}"
    net.compile("adam", losses.get(model, "categorical_crossentropy"), metrics=["accuracy"])
    clock = Clock(warm, steps)
    net.fit(batches(model, Path(folder), batch), steps_per_epoch=warm + steps, epochs=1, verbose=0, callbacks=[clock])
    assert clock.seconds, f"{model}: fewer than {warm + steps} batches of images"
    return {"ms": 1000 * clock.seconds / steps, "parameters": parameters}


if __name__ == "__main__":
    # what Keras prints of the files that it finds is no answer
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        print(json.dumps(train(**json.loads(line))), file=answers, flush=True)
