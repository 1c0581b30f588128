"""Read back what W&B wrote offline: the transaction log `run-<id>.wandb`, records in LevelDB's log format.

A file begins with a header of seven bytes and goes on in blocks of 32 KiB. A chunk is a checksum (4 bytes), a length
(2) and a kind (1): a whole record, or its first, middle or last part. A block's last few bytes are padding.
"""

import json
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record

BLOCK, HEADER = 32768, 7
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


@dataclass
class Log:
    """One W&B run as it was written.

    Attributes:
        run: project, entity, group, job type, name and tags.
        config: its configuration.
        history: what was logged, in order.
        summary: the last word on each key.
        artifacts: of each artifact by its name, where each of its files lies.
        files: the folder of pictures and tables.
        exit_code: what the run ended with, None where it did not end.
    """

    run: Any = None
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, dict[str, Path]] = field(default_factory=dict)
    files: Path = Path()
    exit_code: int | None = None

    def series(self, key: str) -> list[Any]:
        """Return all values of a key that was logged."""
        return [row[key] for row in self.history if key in row]

    def table(self, key: str) -> dict[str, Any]:
        """Return the last table of a key: its columns and its data, pictures as a mapping with the path of each."""
        name = f"{key}.table.json"
        path = [files[name] for files in self.artifacts.values() if name in files][-1]
        found: dict[str, Any] = json.loads(path.read_text())
        return found


def read(folder: Path, patience: float = 20.0) -> list[Log]:
    """Return the finished W&B runs below a folder, by name.

    W&B's own process may write its last record a moment after `finish` has returned: waited for, `patience` seconds.
    """
    until = time.monotonic() + patience
    while True:
        logs = [_read(path) for path in folder.rglob("*.wandb")]
        if all(log.exit_code is not None for log in logs) or time.monotonic() > until:
            return sorted(logs, key=lambda log: str(log.run.display_name))
        time.sleep(0.1)


def _read(path: Path) -> Log:
    log = Log(files=path.parent / "files")
    for data in records(path.read_bytes()):
        record = Record.FromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            log.run = record.run
            _update(log.config, record.run.config.update)
        elif kind == "config":
            _update(log.config, record.config.update)
        elif kind == "history":
            row: dict[str, Any] = {}
            _update(row, record.history.item)
            log.history.append(row)
        elif kind == "summary":
            _update(log.summary, record.summary.update)
        elif kind == "artifact":
            contents = record.artifact.manifest.contents
            log.artifacts[record.artifact.name] = {entry.path: Path(entry.local_path) for entry in contents}
        elif kind == "exit":
            log.exit_code = record.exit.exit_code
    return log


def records(data: bytes) -> Iterator[bytes]:
    """Yield the records of a log whose checksums hold."""
    assert data[:4] == b":W&B"
    at, parts = HEADER, b""
    while at + HEADER <= len(data):
        if BLOCK - at % BLOCK < HEADER:
            at += BLOCK - at % BLOCK
            continue
        checksum, length, kind = struct.unpack_from("<IHB", data, at)
        chunk = data[at + HEADER : at + HEADER + length]
        assert checksum == zlib.crc32(chunk, zlib.crc32(bytes([kind]))), f"broken record at byte {at}"
        at += HEADER + length
        parts = chunk if kind in (FULL, FIRST) else parts + chunk
        if kind in (FULL, LAST):
            yield parts


def _update(into: dict[str, Any], items: Any) -> None:
    for item in items:
        path = list(item.nested_key) or [item.key]
        node = into
        for name in path[:-1]:
            node = node.setdefault(name, {})
        node[path[-1]] = json.loads(item.value_json)
