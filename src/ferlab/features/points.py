"""Where facial landmarks come from: dlib or MediaPipe; points that were found elsewhere are in point_table.py.

Both libraries are optional and imported when the first image is looked at; both want a model file, which neither of
them brings. A provider of your own is any class with `eyes`, `digest()` and `points(images)`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8

from ferlab.errors import FerlabError

Images = UInt8[np.ndarray, "sample height width channel"]
Points = Float32[np.ndarray, "sample point 2"]
# where each provider's options stand in the configuration
_WHERE = {"dlib": "features.landmarks.provider", "mediapipe": "features.landmarks_mediapipe.provider"}
_DLIB = "http://dlib.net/files/shape_predictor_68_face_landmarks.dat.bz2 (unpack it)"
_TASK = "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task"


@runtime_checkable
class Provider(Protocol):
    """What finds points in images."""

    @property
    def eyes(self) -> tuple[Sequence[int], Sequence[int]]:
        """Which points lie around one eye, and which around the other."""

    def digest(self) -> str:
        """Return what tells its points from those of another provider or model."""

    def points(self, images: Images) -> Points:
        """Return x and y of each point, in pixels; NaN for images in which no face is found."""


@dataclass
class Dlib:
    """68 points by dlib (Kazemi and Sullivan, doi:10.1109/CVPR.2014.241): `pip install dlib`.

    Args:
        model: shape_predictor_68_face_landmarks.dat, unpacked.
        upsample: times that an image is doubled before faces are looked for; faces below 80 pixels need 1 or more.
        whole: where no face is found, take the whole image for one: for data sets of cropped faces.

    Raises:
        FerlabError: no such file.
    """

    model: str | None = None
    upsample: int = 1
    whole: bool = False
    eyes: ClassVar[tuple[Sequence[int], Sequence[int]]] = (range(36, 42), range(42, 48))
    cores: ClassVar[str] = "processes"
    _loaded: Any = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _expect_model("Dlib", self.model, _DLIB)

    def __getstate__(self) -> dict[str, Any]:
        # a process of its own loads its own
        return {**self.__dict__, "_loaded": None}

    def digest(self) -> str:
        """Return what tells its points from others'."""
        return f"dlib {sha256(str(self.model))} {self.upsample} {self.whole}"

    def points(self, images: Images) -> Points:
        """Return 68 points of the largest face in each image.

        Raises:
            FerlabError: dlib is not installed, or cannot read its model.
        """
        if self._loaded is None:
            dlib: Any = _library("dlib", "pip install dlib")
            try:
                self._loaded = dlib.get_frontal_face_detector(), dlib.shape_predictor(self.model), dlib.rectangle
            except RuntimeError as error:
                raise FerlabError(
                    f"{_WHERE['dlib']}.model: dlib cannot read {self.model} ({error}); from {_DLIB}"
                ) from error
        find, predict, rectangle = self._loaded
        found = np.full((len(images), 68, 2), np.nan, np.float32)
        for row, image in zip(found, images, strict=True):
            pixels = np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))
            faces = list(find(pixels, self.upsample))
            if not faces and self.whole:
                faces = [rectangle(0, 0, pixels.shape[1] - 1, pixels.shape[0] - 1)]
            if faces:
                parts = predict(pixels, max(faces, key=lambda face: face.area())).parts()
                row[:] = [(part.x, part.y) for part in parts]
        return found


@dataclass
class Mediapipe:
    """478 points by MediaPipe's face landmarker (Kartynnik et al., arXiv 1907.06724): `pip install mediapipe`.

    Args:
        model: face_landmarker.task.
        size: side in pixels that smaller images are enlarged to; its face finder overlooks small faces.

    Raises:
        FerlabError: no such file.
    """

    model: str | None = None
    size: int = 256
    eyes: ClassVar[tuple[Sequence[int], Sequence[int]]] = ((33, 133, 159, 145), (362, 263, 386, 374))
    cores: ClassVar[str] = "own"
    _loaded: Any = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _expect_model("Mediapipe", self.model, _TASK)

    def digest(self) -> str:
        """Return what tells its points from others'."""
        return f"mediapipe {sha256(str(self.model))} {self.size}"

    def points(self, images: Images) -> Points:
        """Return 478 points of the first face in each image.

        Raises:
            FerlabError: mediapipe is not installed, or cannot read its model.
        """
        import cv2

        mediapipe: Any = _library("mediapipe", "pip install mediapipe")
        if self._loaded is None:
            tasks = mediapipe.tasks
            options = tasks.vision.FaceLandmarkerOptions(
                base_options=tasks.BaseOptions(model_asset_path=self.model), num_faces=1
            )
            try:
                self._loaded = tasks.vision.FaceLandmarker.create_from_options(options)
            except (RuntimeError, ValueError) as error:
                raise FerlabError(
                    f"{_WHERE['mediapipe']}.model: mediapipe cannot read {self.model} ({error}); from {_TASK}"
                ) from error
        found = np.full((len(images), 478, 2), np.nan, np.float32)
        for row, image in zip(found, images, strict=True):
            pixels = np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))
            height, width = pixels.shape[:2]
            if (factor := self.size / min(height, width)) > 1:
                larger = (round(width * factor), round(height * factor))
                pixels = cv2.resize(pixels, larger, interpolation=cv2.INTER_CUBIC)
            faces = self._loaded.detect(mediapipe.Image(mediapipe.ImageFormat.SRGB, pixels)).face_landmarks
            if faces:
                row[:] = [(part.x * width, part.y * height) for part in faces[0][:478]]
        return found


def _expect_model(name: str, model: str | None, source: str) -> None:
    if model is None or not Path(model).is_file():
        found = "found none" if model is None else f"no file {model}"
        where = _WHERE[name.lower()]
        raise FerlabError(
            f"{where}.model: {name} wants a local model file, {found}; it is to be had from {source}; cure: "
            f"{where}.model=<path>, or features=landmarks_table with points found elsewhere"
        )


def _library(name: str, cure: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise FerlabError(
            f"{_WHERE[name]}: the package {name} is not installed ({error}); cure: {cure}, or features=landmarks_table "
            "with points found elsewhere"
        ) from error


def sha256(path: str) -> str:
    """Return the first 16 digits of a file's digest."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
