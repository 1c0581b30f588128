"""Landmarks by a made provider: geometry, missing faces, caching; what is said where a library or model is missing."""

import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from ferlab.build import build
from ferlab.classic.inputs import read_inputs
from ferlab.config import compose, plain
from ferlab.data.samples import Samples
from ferlab.errors import FerlabError
from ferlab.features import points
from ferlab.features.extract import extract
from ferlab.features.landmarks import Landmarks, normalised
from ferlab.features.point_table import Table
from ferlab.features.points import Dlib, Mediapipe
from ferlab.spec import TaskSpec

FACE = np.array([[10, 10], [12, 10], [20, 10], [22, 10], [16, 16], [13, 20], [19, 20]], np.float32)
EYES = ((0, 1), (2, 3))


class Corners:
    """Finds in each image the face that its first pixel asks for; none where that is 0."""

    eyes = EYES

    def __init__(self):
        self.looked = 0

    def digest(self):
        return "corners"

    def points(self, images):
        self.looked += len(images)
        size = images[:, 0, 0, 0].astype(np.float32)
        return np.where(size[:, None, None] > 0, FACE * size[:, None, None], np.nan).astype(np.float32)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FERLAB_CACHE", str(tmp_path / "cache"))


def images(*first):
    x = np.random.default_rng(0).integers(0, 256, (len(first), 24, 24, 1), np.uint8)
    x[:, 0, 0, 0] = first
    return x


def fitted(provider=None, **options):
    feature = Landmarks(provider or Corners(), **options)
    feature.fit(images(1, 2, 0))
    return feature


def test_place_tilt_and_size_of_a_face_do_not_matter():
    turned = np.radians(30)
    rotation = np.array([[np.cos(turned), -np.sin(turned)], [np.sin(turned), np.cos(turned)]])
    other = (3 * FACE @ rotation.T + [40, -7]).astype(np.float32)
    found = normalised(np.stack([FACE, other]), *EYES)
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    np.testing.assert_allclose(found[0, [0, 1]].mean(0), [-0.5, 0], atol=1e-6)
    np.testing.assert_allclose(found[0, [2, 3]].mean(0), [0.5, 0], atol=1e-6)
    np.testing.assert_allclose(found[0, 4], [0, 0.6], atol=1e-6)  # below the eyes: y grows downwards, as in images
    assert np.isnan(normalised(np.ones((1, 7, 2), np.float32), *EYES)).all()


def test_every_value_has_a_name_and_means_what_it_says():
    feature = fitted()
    rows = feature.transform(images(1, 3))
    values = dict(zip(feature.names(), rows.T, strict=True))
    assert rows.dtype == np.float32 and rows.shape == (2, 14 + 21 + 14 + 1)
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-5)
    assert values["x 4"][0] == pytest.approx(0, abs=1e-6) and values["y 4"][0] == pytest.approx(0.6)
    assert values["distance 5 6"][0] == pytest.approx(0.6)
    assert values["cosine 3"][0] ** 2 + values["sine 3"][0] ** 2 == pytest.approx(1)
    assert values["face found"].tolist() == [1, 1]
    few = fitted(points=[4, 5, 6], parts=["distances"])
    assert few.transform(images(1)).shape == (1, 4)
    assert few.names() == ["distance 4 5", "distance 4 6", "distance 5 6", "face found"]


def test_faceless_images_get_the_training_mean_or_zeros_and_are_counted():
    mean = fitted()
    rows = mean.transform(images(5, 0, 0))
    assert mean.learns
    np.testing.assert_allclose(rows[1, :-1], rows[0, :-1], atol=1e-5)  # all training faces are alike here
    assert rows[:, -1].tolist() == [1, 0, 0]
    assert mean.notes == ["no face found in 2 of 3 images, which got the mean of the training faces"]
    zeros = Landmarks(Corners(), missing="zeros")
    assert not zeros.learns and not zeros.transform(images(5, 0))[1].any()
    assert "1 of 2 images, which got zeros" in zeros.notes[0]


def test_the_mean_is_that_of_training_faces_alone():
    class Other(Corners):
        def points(self, images):
            found = super().points(images)
            found[:, 5:, 1] += images[:, 0, 0, 0, None]  # an open mouth, the more the larger the first pixel
            return found

    feature = Landmarks(Other(), parts=["coordinates"])
    train = images(1, 2, 0)
    feature.fit(train)
    expected = feature.transform(train)[:2].mean(0)
    np.testing.assert_allclose(feature.transform(images(0, 9))[0, :-1], expected[:-1], atol=1e-5)


def test_each_image_is_looked_at_once_and_never_again():
    provider, x = Corners(), images(1, 2, 3, 0)
    feature = Landmarks(provider)
    feature.fit(x[:2])
    assert provider.looked == 2
    rows = extract(feature, x, "faces")
    assert provider.looked == 4
    again = Corners()
    second = Landmarks(again)
    second.fit(x[:2])
    np.testing.assert_array_equal(extract(second, x, "faces"), rows)
    assert again.looked == 0  # from the disk


def test_no_face_in_any_training_image_is_told():
    with pytest.raises(FerlabError, match=r"no face found in any of 2 training images; cure: .*upsample.*box=\["):
        Landmarks(Corners()).fit(images(0, 0))
    with pytest.raises(FerlabError, match="not fitted yet"):
        Landmarks(Corners()).transform(images(1))


def samples(x, ids):
    count = len(x)
    spec = TaskSpec("multiclass", ("a", "b"), "image", x.shape[1:])
    return Samples("some", spec, x, np.zeros(count, np.int64), np.array(ids), np.full(count, "all"))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_given_points_are_found_by_id(tmp_path, kind):
    names = ["id", *(f"{axis}{i}" for i in range(7) for axis in "xy")]
    rows = [["one", *FACE.ravel()], ["two", *(2 * FACE).ravel()], ["three", *[None] * 14]]
    path = tmp_path / f"points.{kind}"
    if kind == "csv":
        lines = [",".join("" if value is None else str(value) for value in row) for row in [names, *rows]]
        path.write_text("\n".join(lines) + "\n")
    else:
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)}), path)
    feature = Landmarks(Table(str(path), *EYES))
    data = samples(images(7, 8, 9, 10), ["two", "one", "three", "four"])
    inputs = read_inputs({"landmarks": feature}, data, None, np.array([0, 1]), np.arange(4))
    found = inputs.blocks[0].x
    assert found[:, -1].tolist() == [1, 1, 0, 0] and np.isfinite(found).all()
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    assert inputs.notes == ("landmarks: no face found in 2 of 4 images, which got the mean of the training faces",)
    with pytest.raises(FerlabError, match="none of 2 samples stands in it; the first is 'x', the file's first 'one'"):
        feature.identify(images(1, 2), np.array(["x", "y"]))


def test_a_broken_table_is_told(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("name,x0,y0\na,1,2\n")
    with pytest.raises(FerlabError, match=r"expected the columns id, x0, y0, x1, y1, ..., found name, x0, y0"):
        Table(str(path))
    path.write_text("id,x0,y0\na,1,2\nb,one,2\n")
    with pytest.raises(FerlabError, match="row 3 holds no number"):
        Table(str(path))
    path.write_text("id,x0,y0\na,1,2\n")
    with pytest.raises(FerlabError, match="point 47 is asked for, but there are 1"):
        feature = Landmarks(Table(str(path)))
        feature.identify(images(1), np.array(["a"]))
        feature.fit(images(1))


def test_a_missing_model_says_where_to_get_it_and_what_to_set():
    with pytest.raises(
        FerlabError,
        match=r"Dlib wants a local model file, found none.*dlib.net/files.*commercial.*model=<path>",
    ):
        Dlib()
    with pytest.raises(
        FerlabError, match=r"no file /none/a.task.*storage.googleapis.com/mediapipe-models.*model=<path>"
    ):
        Mediapipe("/none/a.task")
    for name in ("landmarks", "landmarks_mediapipe", "landmarks_table"):
        values = plain(compose("baseline", [f"features={name}"]))["features"][name]
        with pytest.raises(FerlabError, match=rf"features\.{name}\.provider\.(model|file): "):
            build(values)


def test_a_missing_package_says_how_to_install_it(tmp_path, monkeypatch):
    path = tmp_path / "model.dat"
    path.write_bytes(b"weights")
    monkeypatch.setitem(sys.modules, "dlib", None)
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(FerlabError, match=r"package dlib is not installed.*pip install dlib-bin"):
        Dlib(str(path)).points(images(1))
    with pytest.raises(FerlabError, match=r"package mediapipe is not installed.*pip install mediapipe"):
        Mediapipe(str(path)).points(images(1))


class Rectangle:
    def __init__(self, left, top, right, bottom):
        self.sides = left, top, right, bottom

    def left(self):
        return self.sides[0]

    def top(self):
        return self.sides[1]

    def right(self):
        return self.sides[2]

    def bottom(self):
        return self.sides[3]

    def area(self):
        left, top, right, bottom = self.sides
        return (right - left) * (bottom - top)


class FakeDlib:
    """A face wherever the first pixel is not 0; its points are two corners, and the brightest pixel."""

    rectangle = Rectangle

    def __init__(self):
        self.loaded = self.looked = 0

    def get_frontal_face_detector(self):
        def find(pixels, upsample):
            self.looked += 1
            assert pixels.shape[2] == 3 and upsample == 1
            return [Rectangle(0, 0, 4, 4), Rectangle(2, 3, 19, 20)] if pixels[0, 0, 0] else []

        return find

    def shape_predictor(self, model):
        self.loaded += 1

        def predict(pixels, face):
            y, x = np.unravel_index(pixels[..., 0].astype(int).argmax(), pixels.shape[:2])
            left, top, right, bottom = face.sides
            points = [(left, top), (right, bottom), (x, y)] + [(0, 0)] * 65
            return SimpleNamespace(parts=lambda: [SimpleNamespace(x=int(x), y=int(y)) for x, y in points])

        return predict


@pytest.fixture
def dlib(tmp_path, monkeypatch):
    fake = FakeDlib()
    monkeypatch.setitem(sys.modules, "dlib", fake)
    points._dlib.cache_clear()
    path = tmp_path / "model.dat"
    path.write_bytes(b"weights")
    yield fake, str(path)
    points._dlib.cache_clear()


def test_dlib_is_asked_for_the_largest_face(dlib):
    _, path = dlib
    found = Dlib(path, size=24).points(images(1, 0))
    assert found.shape == (2, 68, 2) and found[0, 0].tolist() == [2, 3] and found[0, 1].tolist() == [19, 20]
    assert np.isnan(found[1]).all()
    variants = [Dlib(path), Dlib(path, upsample=2), Dlib(path, size=96), Dlib(path, box=[0, 0, 1, 1])]
    variants.append(Dlib(path, box=[0, 0, 1, 1], search=False))
    assert len({one.digest() for one in variants}) == len(variants)


def test_an_enlarged_image_gives_points_between_its_pixels_where_they_belong(dlib):
    _, path = dlib
    x = np.zeros((1, 24, 24, 1), np.uint8)
    x[0, 10:12, 6, 0] = 150  # their middle lies between rows 10 and 11
    x[0, 0, 0] = 1
    found = Dlib(path, size=96).points(x)[0]
    np.testing.assert_allclose(found[2], [6, 10.5], atol=0.3)
    np.testing.assert_allclose(found[:2], [[2, 3], [19, 20]], atol=0.5)


def test_where_the_face_of_a_cropped_image_lies_can_be_told(dlib):
    fake, path = dlib
    box = [0.25, 0.25, 0.75, 1]
    fallback = Dlib(path, size=24, box=box).points(images(1, 0))
    assert fallback[0, 0].tolist() == [2, 3] and fallback[1, :2].tolist() == [[6, 6], [17, 23]]
    assert fake.looked == 2
    told = Dlib(path, size=24, box=box, search=False).points(images(1, 0))
    assert told[:, :2].tolist() == [[[6, 6], [17, 23]]] * 2 and fake.looked == 2


def test_images_whose_points_are_the_boxs_are_counted(dlib):
    _, path = dlib
    provider = Dlib(path, size=24, box=[0.25, 0.25, 0.75, 1])
    provider.cores, provider.eyes = "own", ((0,), (1,))
    counted = Landmarks(provider, missing="zeros")
    counted.transform(images(1, 0, 0))
    assert counted.notes == ["no face found in 2 of 3 images, whose points are those of the box"]
    all_found = Landmarks(provider, missing="zeros")
    all_found.transform(images(1, 2))
    assert all_found.notes == ["points for all 2 images"]


def test_a_copy_in_a_process_reads_the_model_once(dlib):
    fake, path = dlib
    for _ in range(3):
        pickle.loads(pickle.dumps(Dlib(path))).points(images(1))
    assert fake.loaded == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"search": False}, r"search=false: expected a .*box then"),
        ({"box": [0.5, 0, 0.4, 1]}, r"box: expected \[left, top, right, bottom\].*found \[0.5, 0.0, 0.4, 1.0\]"),
        ({"box": [0, 1]}, r"box: expected .*found \[0.0, 1.0\]"),
        ({"upsample": -1}, r"expected upsample of 0 or more and size of 1 or more, found -1"),
    ],
)
def test_options_of_dlib_that_make_no_sense_are_told(dlib, options, message):
    with pytest.raises(FerlabError, match=message):
        Dlib(dlib[1], **options)


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(FerlabError, match="parts: expected some of coordinates, distances, angles"):
        Landmarks(Corners(), parts=["area"])
    with pytest.raises(FerlabError, match="missing: expected mean or zeros, found 'drop'; images cannot be dropped"):
        Landmarks(Corners(), missing="drop")
    with pytest.raises(FerlabError, match="point 9 is asked for, but there are 7"):
        fitted(points=[9])

    class Many(Corners):
        def digest(self):
            return "many"

        def points(self, images):
            return np.tile(super().points(images), (1, 20, 1))

    with pytest.raises(FerlabError, match=r"between each two of 140 points would be 9,730 values; cure"):
        fitted(Many())
