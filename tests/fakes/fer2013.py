"""FER-2013's formats: the Kaggle tree of JPEG files and the original table, from the same made-up pictures."""

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from fakes.pictures import Image, blocks, encode

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
USAGES = ("Training", "PublicTest", "PrivateTest")
# the original's columns stand in another order, with blanks before two of their names
HEADERS = {"fer2013.csv": "emotion,pixels,Usage", "icml_face_data.csv": "emotion, Usage, pixels"}


@dataclass(frozen=True)
class Face:
    usage: str
    label: int
    number: int
    image: Image

    @property
    def entry(self) -> str:
        top = "train" if self.usage == "Training" else "test"
        return f"{top}/{CLASSES[self.label]}/{self.usage}_{self.number:08d}.jpg"


def faces(each: int = 1) -> list[Face]:
    """`each` pictures for every class and usage, in the table's order."""
    made = [(u, c) for u in USAGES for _ in range(each) for c in range(len(CLASSES))]
    return [Face(usage, label, number * 7919 % 100_003, blocks(number)) for number, (usage, label) in enumerate(made)]


def tree(made: list[Face]) -> dict[str, bytes]:
    """The Kaggle archive's entries."""
    return {face.entry: encode(face.image) for face in sorted(made, key=lambda f: f.entry)}


def table(made: list[Face], name: str = "fer2013.csv") -> bytes:
    """The original table's text under one of its two names."""
    lines = [HEADERS[name]]
    for face in made:
        pixels = " ".join(map(str, face.image.ravel()))
        cells = (face.label, pixels, face.usage) if name == "fer2013.csv" else (face.label, face.usage, pixels)
        lines.append(",".join(map(str, cells)))
    return ("\n".join(lines) + "\n").encode()


VOTES_HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
VOTED = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


def votes(made: list[Face]) -> bytes:
    """FER+'s table on the same pictures: six votes for each one's class, three for neutral, one unknown."""
    names = VOTES_HEADER.split(",")[2:]
    lines = [VOTES_HEADER]
    for number, face in enumerate(made):
        counts = dict.fromkeys(names, 0)
        counts[VOTED[face.label]] += 6
        counts["neutral"] += 3
        counts["unknown"] += 1
        lines.append(",".join([face.usage, f"fer{number:07d}.png", *map(str, counts.values())]))
    return ("\r\n".join(lines) + "\r\n").encode()


def write_tar(path: Path, text: bytes) -> Path:
    """`fer2013.tar.gz` as the challenge gave it: a folder with a README, a .bib and the table."""
    with tarfile.open(path, "w:gz") as tar:
        for name, data in (("fer2013/README", b"read"), ("fer2013/fer2013.bib", b"@"), ("fer2013/fer2013.csv", text)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path
