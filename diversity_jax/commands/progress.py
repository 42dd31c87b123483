"""Progress on the host: a bar on a terminal that has rich installed, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def bar() -> Iterator[Callable[[int, int, str], None]]:
    """A function `(done, total, name)` that shows how far each named task is."""
    if not sys.stderr.isatty() or find_spec("rich") is None:
        yield _plain
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as shown:
        numbers: dict[str, object] = {}

        def show(done: int, total: int, name: str) -> None:
            if name not in numbers:
                numbers[name] = shown.add_task(name, total=total)
            shown.update(numbers[name], completed=done, total=total)  # type: ignore[arg-type]

        yield show


def _plain(done: int, total: int, name: str) -> None:
    if done == total:
        print(f"{name}: {total} runs done", file=sys.stderr, flush=True)
