"""Where the archives lie: the root folder, and the error that says what was looked for and where to get it."""

import os
from collections.abc import Sequence
from pathlib import Path

from ferlab.errors import FerlabError


def data_root(
    name: str, root: str | Path | None, looked_for: Sequence[str], get: str, instead: str = "synthetic_faces"
) -> Path:
    """Return the folder (or file) to look into: `root`, else `$FERLAB_DATA`.

    Args:
        name: the data set's name.
        root: the option `data.root`.
        looked_for: the names it would accept there, for the error.
        get: where the data can be had, for the error.
        instead: the data set of the same modality that needs no archive, for the error.

    Raises:
        FerlabError: neither is set, or there is nothing at that path.
    """
    given = root or os.environ.get("FERLAB_DATA")
    if not given:
        where = "nowhere: neither data.root nor the environment variable FERLAB_DATA is set"
        raise missing(name, where, looked_for, get, instead)
    path = Path(given).expanduser()
    if not path.exists():
        raise missing(name, f"in {path.absolute()}, which does not exist", looked_for, get, instead)
    return path.absolute()


def missing(
    name: str, where: str, looked_for: Sequence[str], get: str, instead: str = "synthetic_faces"
) -> FerlabError:
    """Return the error for an archive that is not there."""
    return FerlabError(
        f"{name}: no archive found. Looked {where}, for: {', '.join(looked_for)}. Get it from {get}, put it into a "
        "folder as it is (no unpacking needed) and set FERLAB_DATA=<that folder> or data.root=<the archive>. "
        f"Without any download: data={instead}"
    )
