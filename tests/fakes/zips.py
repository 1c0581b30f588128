"""Write entries as a zip, as a folder, or as a zip that no honest program writes."""

import zipfile
from collections.abc import Mapping
from pathlib import Path


def write_zip(path: Path, entries: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """A zip with these entries, names as given: `..` and absolute ones too."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def write_folder(path: Path, entries: Mapping[str, bytes]) -> Path:
    """A folder with these files."""
    for name, data in entries.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def cut(path: Path, share: float = 0.5) -> Path:
    """Keep only the beginning of a file, as a broken download does."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path
