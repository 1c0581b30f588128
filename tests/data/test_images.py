"""Decoding: colour order, grey, sizes, and every way an image file can be broken."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.pictures import blocks, colours, encode, png_header
from ferlab.data.broken import BadEntryError, Broken
from ferlab.data.image_header import image_size
from ferlab.data.images import decode, fit, fit_all, read_images
from ferlab.errors import FerlabError

SUFFIXES = (".jpg", ".png", ".bmp", ".webp")


def read(files: Mapping[str, bytes], on_bad: str = "stop", **options: Any) -> tuple[np.ndarray, np.ndarray, list[str]]:
    broken = Broken("set", Path("/data/set.zip"), on_bad)
    images, kept = read_images(list(files), files.__getitem__, broken, **options)
    return images, kept, broken.skipped


def test_grey_is_kept_exactly_and_colour_is_rgb() -> None:
    for suffix in (".jpg", ".png", ".bmp"):
        np.testing.assert_array_equal(decode(encode(blocks(1), suffix))[..., :1], blocks(1))
    np.testing.assert_array_equal(decode(encode(colours(1), ".png")), colours(1))
    assert np.abs(decode(encode(colours(1), ".jpg")).astype(int) - colours(1)).max() <= 3
    assert decode(encode(blocks(1), ".jpg")).shape == (48, 48, 1)


def test_alpha_and_sixteen_bits_become_plain_rgb() -> None:
    bgr = colours(1)[..., ::-1]
    for raw in (np.dstack([bgr, np.zeros((96, 96), np.uint8)]), bgr.astype(np.uint16) * 257):
        png = cv2.imencode(".png", np.ascontiguousarray(raw))[1].tobytes()
        np.testing.assert_array_equal(decode(png), colours(1))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_size_is_read_from_the_header(suffix: str) -> None:
    image = np.zeros((40, 56, 3), np.uint8)
    assert image_size(encode(image, suffix)) == (40, 56)


def test_size_of_the_other_kinds_of_webp() -> None:
    image = np.ascontiguousarray(colours(1)[:40, :56])
    lossless = cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    assert lossless[12:16] == b"VP8L" and image_size(lossless) == (40, 56)
    body = b"WEBPVP8X" + struct.pack("<II", 10, 0) + (55).to_bytes(3, "little") + (39).to_bytes(3, "little")
    assert image_size(b"RIFF" + struct.pack("<I", len(body)) + body) == (40, 56)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(share=st.floats(0, 0.999))
def test_a_file_cut_anywhere_is_reported(suffix: str, share: float) -> None:
    whole = encode(colours(1, 48), suffix)
    # beyond the last pixel a PNG holds only its end marker's checksum
    part = whole[: min(int(len(whole) * share), len(whole) - 9)]
    with pytest.raises(BadEntryError):
        decode(part)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"BM", b"RIFF\0\0\0\0WEBP"]))
def test_garbage_is_reported(data: bytes, start: bytes) -> None:
    with pytest.raises(BadEntryError):
        decode(start + data)


def test_a_jpeg_whose_thumbnail_alone_is_whole() -> None:
    jpeg, thumbnail = encode(blocks(1)), encode(blocks(2, 8))
    comment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    whole = jpeg[:2] + comment + jpeg[2:]
    np.testing.assert_array_equal(decode(whole), blocks(1))
    np.testing.assert_array_equal(decode(whole + b"trailing bytes"), blocks(1))
    with pytest.raises(BadEntryError, match="truncated JPEG"):
        decode(whole[:-20])


def test_absurd_dimensions_are_refused_before_decoding() -> None:
    with pytest.raises(BadEntryError, match=r"absurd dimensions: .* found 60000 x 50000"):
        decode(png_header(60_000, 50_000))
    with pytest.raises(BadEntryError, match="absurd dimensions"):
        decode(png_header(0, 10))


def test_fit_averages_areas_and_mixes_grey() -> None:
    image = blocks(1)
    np.testing.assert_array_equal(fit(image, (6, 6), None), image[::8, ::8])
    assert fit(image, (96, 64), 3).shape == (96, 64, 3)
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    assert fit(red, None, 1).tolist() == np.full((4, 4, 1), 76).tolist()
    np.testing.assert_array_equal(fit(image, None, 3), np.repeat(image, 3, 2))


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), st.sampled_from([1, 3]), st.integers(0, 255))
def test_a_flat_image_stays_flat(height: int, width: int, before: int, after: int, value: int) -> None:
    image = np.full((7, 9, before), value, np.uint8)
    out = fit(image, (height, width), after)
    assert out.shape == (height, width, after) and out.dtype == np.uint8 and (out == value).all()


def test_reads_in_order_as_one_array() -> None:
    files = {f"{n}.png": encode(blocks(n)) for n in range(600)}
    images, kept, _ = read(files)
    assert kept.all() and images.flags.c_contiguous and images.shape == (600, 48, 48, 1)
    np.testing.assert_array_equal(images, np.stack([blocks(n) for n in range(600)]))
    broken = Broken("set", Path("a"), "stop")
    np.testing.assert_array_equal(fit_all([blocks(1), blocks(2)], (24, 24), 3, broken)[1], fit(blocks(2), (24, 24), 3))


def test_one_colour_image_makes_all_rgb() -> None:
    images, _, _ = read({"a": encode(blocks(1, 96)), "b": encode(colours(2), ".png")})
    np.testing.assert_array_equal(images, [np.repeat(blocks(1, 96), 3, 2), colours(2)])
    assert read({"a": encode(colours(2), ".png")}, channels=1)[0].shape == (1, 96, 96, 1)


def test_broken_images_stop_or_are_skipped() -> None:
    files = {"a.jpg": encode(blocks(1)), "b.jpg": encode(blocks(2))[:-30], "c.jpg": b"", "d.jpg": encode(blocks(4))}
    with pytest.raises(FerlabError, match=r"set: broken entry in /data/set\.zip: b\.jpg: is a truncated JPEG"):
        read(files)
    images, kept, skipped = read(files, "skip")
    assert kept.tolist() == [True, False, False, True] and len(skipped) == 2
    np.testing.assert_array_equal(images, [blocks(1), blocks(4)])


def test_sizes_that_differ_need_an_option() -> None:
    files = {"a.png": encode(blocks(1)), "b.png": encode(blocks(2, 64))}
    with pytest.raises(FerlabError, match=r"a\.png is 48 x 48, b\.png is 64 x 64 .* data\.size=96"):
        read(files, "skip")
    assert read(files, size=(32, 40))[0].shape == (2, 32, 40, 1)


def test_nothing_usable() -> None:
    with pytest.raises(FerlabError, match=r"no usable image in /data/set\.zip: 1 entries, 1 broken"):
        read({"a.jpg": b"x"}, "skip")


def test_more_than_the_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", lambda name: 1 << 8)
    assert read({"a": encode(blocks(1))})[0].size < 1 << 15
    with pytest.raises(FerlabError, match=r"20 images of 48 x 48 need [\d.,]+ GiB; .* smaller data\.size"):
        read(dict.fromkeys(map(str, range(20)), encode(blocks(1))))
