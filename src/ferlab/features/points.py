"""Where facial landmarks come from: dlib or MediaPipe; points that were found elsewhere are in point_table.py.

Both libraries are optional and imported when the first image is looked at; both want a model file, which neither of
them brings. A provider of your own is any class with `eyes`, `digest()` and `points(images)`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from ferlab.errors import FerlabError, expect_whole

Images = UInt8[np.ndarray, "sample height width channel"]
Points = Float32[np.ndarray, "sample point 2"]
# where each provider's options stand in the configuration
_WHERE = {"dlib": "features.landmarks.provider", "mediapipe": "features.landmarks_mediapipe.provider"}
_DLIB = (
    "it is to be had from http://dlib.net/files/shape_predictor_68_face_landmarks.dat.bz2 (unpack it), and lies in "
    "face_recognition_models/models/ of the package face_recognition_models on PyPI; it was trained on iBUG 300-W, "
    "whose licence excludes commercial use"
)
_TASK = (
    "it is to be had from https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/"
    "face_landmarker.task"
)


@runtime_checkable
class Provider(Protocol):
    """What finds points in images."""

    @property
    def eyes(self) -> tuple[Sequence[int], Sequence[int]]:
        """Which points lie around one eye, and which around the other."""

    def digest(self) -> str:
        """Return what tells its points from those of another provider or model."""

    def points(self, images: Images) -> Points:
        """Return x and y of each point, in pixels; NaN for images in which no face is found.

        A provider that has points for such images nevertheless has `placed(images)` too, which tells them apart.
        """


@dataclass
class Dlib:
    """68 points by dlib (Kazemi and Sullivan, doi:10.1109/CVPR.2014.241): `pip install dlib-bin`.

    Args:
        model: shape_predictor_68_face_landmarks.dat, unpacked.
        upsample: times that an image is doubled before faces are looked for; faces below 80 pixels need 1 or more.
        size: side in pixels that smaller images are enlarged to before points are placed: dlib places them on whole
            pixels, which of a face 40 pixels wide are a fortieth of it.
        search: look for faces; False: each image's face is its `box`.
        box: where the face of a cropped image lies: left, top, right and bottom as shares of its sides; taken where
            none is found. None: an image without a found face has no points.

    Raises:
        FerlabError: no such file, or an option has no meaning.
    """

    model: str | None = None
    upsample: int = 1
    size: int = 384
    search: bool = True
    box: Sequence[int | float] | None = None
    eyes: ClassVar[tuple[Sequence[int], Sequence[int]]] = (range(36, 42), range(42, 48))
    cores: ClassVar[str] = "processes"

    def __post_init__(self) -> None:
        where = _WHERE["dlib"]
        _expect_model("Dlib", self.model, _DLIB)
        expect_whole(**{f"{where}.upsample": self.upsample, f"{where}.size": self.size})
        if self.upsample < 0 or self.size < 1:
            raise FerlabError(
                f"{where}: expected upsample of 0 or more and size of 1 or more, found {self.upsample}, {self.size}"
            )
        if self.box is not None:
            self.box = [float(side) for side in self.box]
            left, top, right, bottom = self.box if len(self.box) == 4 else [0.0] * 4
            if not (left < right and top < bottom):
                raise FerlabError(
                    f"{where}.box: expected [left, top, right, bottom], shares of the image's sides, left below right "
                    f"and top below bottom; found {self.box}"
                )
        elif not self.search:
            raise FerlabError(f"{where}.search=false: expected a {where}.box then, [0.18, 0.26, 0.83, 0.91] say")

    def digest(self) -> str:
        """Return what tells its points from others'."""
        return f"dlib {sha256(str(self.model))} {self.upsample} {self.size} {self.search} {self.box}"

    def points(self, images: Images) -> Points:
        """Return 68 points of the largest face in each image.

        Raises:
            FerlabError: dlib is not installed, or cannot read its model.
        """
        return self.placed(images)[0]

    def placed(self, images: Images) -> tuple[Points, Bool[np.ndarray, "sample"]]:
        """Return the points, and for which images no face was found, so that they are those of the box.

        Raises:
            FerlabError: dlib is not installed, or cannot read its model.
        """
        import cv2

        find, predict, rectangle = _dlib(str(self.model))
        found, boxed = np.full((len(images), 68, 2), np.nan, np.float32), np.zeros(len(images), dtype=bool)
        for i, (row, image) in enumerate(zip(found, images, strict=True)):
            pixels = np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))
            height, width = pixels.shape[:2]
            faces = list(find(pixels, self.upsample)) if self.search else []
            if faces:
                face = max(faces, key=lambda one: one.area())
                sides = np.array([face.left(), face.top(), face.right() + 1, face.bottom() + 1])
            elif self.box is not None:
                sides, boxed[i] = np.array(self.box) * (width, height, width, height), self.search
            else:
                continue
            factor = max(1, self.size / min(height, width))
            if factor > 1:
                larger = (round(width * factor), round(height * factor))
                pixels = cv2.resize(pixels, larger, interpolation=cv2.INTER_CUBIC)
            left, top, right, bottom = np.rint(sides * factor).astype(int).tolist()
            parts = predict(pixels, rectangle(left, top, right - 1, bottom - 1)).parts()
            # the middle of a pixel is at a half
            row[:] = (np.array([(part.x, part.y) for part in parts]) + 0.5) / factor - 0.5
        return found, boxed


@lru_cache(1)
def _dlib(model: str) -> tuple[Any, Any, Any]:
    """Return what finds faces, what places points, and the class of a face's sides; read once in a process."""
    dlib: Any = _library("dlib", "pip install dlib-bin")
    try:
        return dlib.get_frontal_face_detector(), dlib.shape_predictor(model), dlib.rectangle
    except RuntimeError as error:
        raise FerlabError(f"{_WHERE['dlib']}.model: dlib cannot read {model} ({error}); {_DLIB}") from error


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
                    f"{_WHERE['mediapipe']}.model: mediapipe cannot read {self.model} ({error}); {_TASK}"
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
            f"{where}.model: {name} wants a local model file, {found}; {source}; cure: "
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
