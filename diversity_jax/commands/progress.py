"""Progress on the host: a bar on a terminal that has rich installed, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

EVERY = 30.0  # seconds between two plain lines on one task: for logs, which nobody redraws


@contextmanager
def bar(unit: str = "runs") -> Iterator[Callable[[int, int, str], None]]:
    """A function `(done, total, name)` that shows how far each named task is, and what is left."""
    if not sys.stderr.isatty() or find_spec("rich") is None:
        yield Lines(unit)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, *times, console=Console(stderr=True)) as shown:
        numbers: dict[str, object] = {}

        def show(done: int, total: int, name: str) -> None:
            if name not in numbers:
                numbers[name] = shown.add_task(name, total=total)
            shown.update(numbers[name], completed=done, total=total)  # type: ignore[arg-type]

        yield show


class Lines:
    """A line when a task is done, and one every `EVERY` seconds while it is not."""

    def __init__(self, unit: str = "runs", clock: Callable[[], float] = time.monotonic):
        self.unit, self.clock = unit, clock
        self.began: dict[str, tuple[float, int]] = {}
        self.said: dict[str, float] = {}

    def __call__(self, done: int, total: int, name: str) -> None:
        now = self.clock()
        began, first = self.began.setdefault(name, (now, done))
        if done == total:
            self._say(f"{name}: {total} {self.unit} done")
        elif now - self.said.get(name, began) >= EVERY:
            left = ""
            if done > first:
                left = f", {spelled((now - began) * (total - done) / (done - first))} left"
            self.said[name] = now
            self._say(f"{name}: {done} of {total} {self.unit} done{left}")

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


def spelled(seconds: float) -> str:
    """About how long that is, in the largest unit that gives two or more of it."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"about {round(seconds / size)} {unit}"
    return f"about {max(1, round(seconds))} s"
