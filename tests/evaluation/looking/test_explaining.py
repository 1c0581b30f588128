"""A run's explanations: options, what a net does not allow, and where heat of several methods ends up."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ferlab.errors import FerlabError
from ferlab.evaluation.figures.style import Caption, save
from ferlab.evaluation.looking.explaining import Options, check_options, draw_explanations
from ferlab.evaluation.looking.pictures import Pictures
from ferlab.evaluation.rows import Rows
from ferlab.explain.methods import WORDS
from ferlab.transforms.image import Preprocess

N = 30


def pictures(net: nn.Module, crop: int | None = None, masks: bool = False) -> Pictures:
    rng = np.random.default_rng(0)
    x, labels = rng.integers(0, 256, (N, 12, 12, 1), dtype=np.uint8), np.arange(N) % 2
    mask = np.zeros((N, 12, 12), np.uint8)
    mask[:, 2:7] = 1
    preprocess = Preprocess((12, 12, 1), crop=crop)
    return Pictures(x, labels, np.arange(0), np.arange(N), preprocess, net, masks=mask if masks else None)


def rows() -> Rows:
    rng = np.random.default_rng(1)
    p = rng.dirichlet([1, 1], N).astype(np.float32)
    labels = np.arange(N) % 2
    return Rows(np.arange(N).astype(str), np.full(N, "test"), labels, p.argmax(1), p, ("sad", "happy"), {})


def conv(side: int) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * side * side, 2))


def plain(side: int) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(side * side, 2))


def drawn(shown: Pictures, folder: Path, **options: Any) -> tuple[list[str], dict[str, Any] | None]:
    names: list[str] = []

    def keep(name: str, figure: Any) -> None:
        names.append(name)
        assert save(figure, folder / f"{name}.png").stat().st_size > 5_000

    found = draw_explanations(shown, rows(), Caption("made", "net", 0), keep, Options(**options))
    json.dumps(found, allow_nan=False)
    return names, found


def test_the_default_is_the_one_sheet(tmp_path: Path) -> None:
    names, found = drawn(pictures(conv(12)), tmp_path)
    assert names == ["gradcam"] and found == {"methods": ["gradcam"], "left_out": []}


def test_all_methods_and_checks_on_a_net_that_crops(tmp_path: Path) -> None:
    some = {"methods": list(WORDS), "checks": True, "images": 9, "target": "happy"}
    names, found = drawn(pictures(conv(8), crop=8, masks=True), tmp_path, **some)
    assert names == ["gradcam", "explanations", "causes", "insertion_deletion", "randomisation"]
    assert found is not None and list(found["causes"]) == list(WORDS)
    assert found["insertion_deletion"]["n"] == found["randomisation"]["n"] == 9
    assert list(found["insertion_deletion"]["methods"]) == list(found["randomisation"]["methods"]) == list(WORDS)
    # the crop leaves two pixels at each edge without heat, so the mask's inner part can hold more than its area
    assert all(one["area"]["value"] == pytest.approx(5 / 12, abs=1e-5) for one in found["causes"].values())


def test_a_net_without_convolutions_is_explained_by_what_it_allows(tmp_path: Path) -> None:
    names, found = drawn(pictures(plain(12)), tmp_path, methods=["gradcam", "occlusion"])
    assert names == ["explanations"] and found == {"methods": ["occlusion"], "left_out": ["gradcam"]}
    assert drawn(pictures(plain(12)), tmp_path) == ([], None)


def test_mistakes_are_named_before_training() -> None:
    def check(net: nn.Module | None = None, **values: Any) -> None:
        check_options(values, net or conv(12), Preprocess((12, 12, 1)), ("sad", "happy"))

    check(methods=list(WORDS), layer="0", target="sad", patch=12)
    for methods in ([], ["gradcam", "lime"], ["gradcam", "gradcam"]):
        with pytest.raises(FerlabError, match=r"explain\.methods: expected some of gradcam, .*occlusion, found"):
            check(methods=methods)
    with pytest.raises(FerlabError, match=r"explain\.target: expected one of the classes .*'bored'"):
        check(target="bored")
    with pytest.raises(FerlabError, match="no layer '7'"):
        check(layer="7")
    with pytest.raises(FerlabError, match=r"explain\.images: expected two or more, found 1"):
        check(images=1)
    with pytest.raises(FerlabError, match=r"explain\.patch: expected a side in 1\.\.12 pixels, found 13"):
        check(methods=["occlusion"], patch=13)
    with pytest.raises(FerlabError, match=r"explain\.stride"):
        check(methods=["occlusion"], patch=3, stride=4)
    # asked of no method: the same options serve a net without convolutions
    check(plain(12), layer="7", patch=13)
