"""Progress bars: over items that are gone through, over steps that are told; silent where nobody watches a terminal."""

import sys
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

T = TypeVar("T")


def watched(items: Iterable[T], total: int | None, text: str, delay: float = 1.0, every: int = 64) -> Iterator[T]:
    """Yield the items, with a bar on standard error from `delay` seconds on.

    Args:
        items: what is gone through.
        total: how many there are, where known.
        text: what is being done.
        delay: seconds without a bar.
        every: items from one update of the bar to the next: a call an item would cost more than a quick item.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from items
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task(text, total=total)
    start = time.monotonic()
    shown = False
    try:
        for count, item in enumerate(items, 1):
            yield item
            if not shown and time.monotonic() - start > delay:
                bar.start()
                shown = True
            if count % every == 0:
                bar.update(task, completed=count)
    finally:
        bar.stop()


class Bar:
    """Long work on standard error: what is being done, steps done, time taken and left, and a word beside them.

    Lines that are printed meanwhile stand above it. Nothing is shown outside its `with` block, nor where no terminal
    is watched, so whoever does the work may be handed one that stays silent.
    """

    def __init__(self) -> None:
        self._shown: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> "Bar":
        console = Console(stderr=True)
        if console.is_terminal:
            # steps may come in bursts: the time left goes by all of them
            self._shown = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[word]}", markup=False),
                console=console,
                transient=True,
                # what goes into a file stays out of the terminal
                redirect_stdout=sys.stdout.isatty(),
                speed_estimate_period=86_400,
            )
            self._shown.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._shown is not None:
            self._shown.stop()
            self._shown = None

    def begin(self, text: str, total: int | None = None) -> None:
        """Show other work from its beginning on.

        Args:
            text: what is being done.
            total: steps, where known.
        """
        if self._shown is None:
            return
        if self._task is not None:
            self._shown.remove_task(self._task)
        self._task = self._shown.add_task(text, total=total, word="")

    def step(self, count: int = 1) -> None:
        """Count steps that were done."""
        if self._shown is not None and self._task is not None:
            self._shown.advance(self._task, count)

    def reach(self, done: int, total: int) -> None:
        """Show that so many of all steps are done."""
        if self._shown is not None and self._task is not None:
            self._shown.update(self._task, completed=done, total=total)

    def say(self, word: str) -> None:
        """Show a word beside the bar: the best so far, say."""
        if self._shown is not None and self._task is not None:
            self._shown.update(self._task, word=word)
