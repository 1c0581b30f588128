"""What to do with a broken entry of a data set: stop with one clear error, or skip it and count it."""

import logging
from collections.abc import Iterable
from pathlib import Path

from ferlab.errors import FerlabError

log = logging.getLogger(__name__)

ON_BAD = ("stop", "skip")


class BadEntryError(Exception):
    """One entry cannot be used; the message says why, without naming the entry."""


class Broken:
    """The broken entries met while one source is read.

    Attributes:
        skipped: "entry: why" of each entry left out so far.
    """

    def __init__(self, name: str, source: Path, on_bad: str) -> None:
        if on_bad not in ON_BAD:
            raise FerlabError(f"data.on_bad: expected one of {list(ON_BAD)}, found {on_bad!r}")
        self.name, self.source, self.on_bad = name, source, on_bad
        self.skipped: list[str] = []

    def report(self, entry: str, why: str) -> None:
        """Stop on this entry, or note it and go on.

        Raises:
            FerlabError: `on_bad` is "stop"; names source and entry.
        """
        self.judge([f"{entry}: {why}"])

    def judge(self, problems: Iterable[str]) -> None:
        """Do as `report` for problems already put in words, as a cache keeps them."""
        for problem in problems:
            if self.on_bad == "stop":
                raise FerlabError(
                    f"{self.name}: broken entry in {self.source}: {problem}. "
                    "Mend or download it again, or leave such entries out with data.on_bad=skip"
                )
            self.skipped.append(problem)

    def notes(self) -> tuple[str, ...]:
        """Return (and log) what a reader of the report must know; empty where nothing was skipped."""
        if not self.skipped:
            return ()
        shown = "; ".join(self.skipped[:5]) + ("; ..." if len(self.skipped) > 5 else "")
        noun = "entry" if len(self.skipped) == 1 else "entries"
        note = f"{len(self.skipped)} broken {noun} of {self.source.name} skipped: {shown}"
        log.warning("%s: %s", self.name, note)
        return (note,)
