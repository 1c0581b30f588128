"""A run's figures as they go into a page: which files, and their bytes inside the page itself."""

import base64
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ferlab.errors import FerlabError
from ferlab.evaluation.figures.plain_figures import PLAIN_FIGURES
from ferlab.evaluation.run_folder import Run

# where figures lie: a run's own, those of a later evaluation, those kept beside a committed result
PLACES = ("figures", "evaluation-best/figures", ".")
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A figure inside a page.

    Attributes:
        name: in words.
        source: a data: URI.
        width: in pixels.
        height: in pixels.
    """

    name: str
    source: str
    width: int
    height: int


def pictures(run: Run, which: str) -> list[Picture]:
    """Return a run's figures.

    Args:
        run: the run.
        which: "none"; "plain": those that show no sample, of synthetic data every one; or "all".

    Raises:
        FerlabError: another choice.
    """
    if which not in ("none", "plain", "all"):
        raise FerlabError(f"figures: expected none, plain or all, found {which!r}")
    if which == "none":
        return []
    every = which == "all" or bool(run.metrics["data"].get("synthetic"))
    made = (_picture(path) for path in _files(run.folder) if every or path.stem in PLAIN_FIGURES)
    return [picture for picture in made if picture is not None]


def _files(folder: Path) -> Sequence[Path]:
    for place in PLACES:
        found = sorted((folder / place).glob("*.png"))
        if found:
            rank = {name: i for i, name in enumerate(PLAIN_FIGURES)}
            return sorted(found, key=lambda path: (rank.get(path.stem, len(rank)), path.stem))
    return []


def _picture(path: Path) -> Picture | None:
    data = path.read_bytes()
    if not data.startswith(SIGNATURE) or len(data) < 24:
        return None
    width, height = struct.unpack(">II", data[16:24])
    name = path.stem.replace("_", " ").replace("-", " ")
    return Picture(name, f"data:image/png;base64,{base64.b64encode(data).decode()}", width, height)
