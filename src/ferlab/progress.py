"""A progress bar for reading that takes more than a second; silent where nobody watches a terminal."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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
