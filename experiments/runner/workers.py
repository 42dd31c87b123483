"""Several pieces of work at a time, each in one of a few processes of this machine.

Processes, not threads: tracing and compiling hold Python's lock, and two jobs in one process
would share XLA's pool of threads. What a piece computes does not depend on how many run beside
it. For CPU only: a GPU or TPU is filled by one process, and two would fight for its memory.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from typing import Any

from experiments.runner import entry

Progress = Callable[[int, int, str], None]
Work = Callable[..., Any]


class WorkerDied(ChildProcessError):
    """A process ended before its piece of work did: killed, or out of memory."""


def usual() -> int:
    """How many processes fill this machine: one per core on CPU, one on a GPU or TPU."""
    import jax

    return entry.cores() if jax.devices()[0].platform == "cpu" else 1


def each(
    work: Work, pieces: list[Any], *, workers: int, progress: Progress | None = None
) -> Iterator[tuple[Any, Any, Exception | None]]:
    """Yield `(piece, value, error)` as `work(piece, show)` returns or raises, in any order.

    `work` is a function of a module; pieces, values and errors are pickled. `show` reaches
    `progress` here. A process that dies takes one piece with it (its error is `WorkerDied`) and
    is replaced. When the caller stops early, or dies, the processes end.
    """
    context = multiprocessing.get_context("spawn")
    devices = max(1, entry.cores() // workers)
    waiting, running = list(pieces), {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                process = _Process(context, work, devices)
                running[process.line] = process
                process.give(waiting.pop(0))
            for line in wait(list(running)):
                process = running[line]
                kind, content = process.report()
                if kind == "progress":
                    if progress:
                        progress(*content)
                    continue
                piece = process.piece
                if kind == "died" or not waiting:
                    running.pop(line).end()
                else:
                    process.give(waiting.pop(0))
                yield piece, *content
    finally:
        for process in running.values():
            process.end()


class _Process:
    """One process, with the line on which it gets pieces of work and sends reports."""

    def __init__(self, context: Any, work: Work, devices: int):
        self.line, other = context.Pipe()
        self.handle = context.Process(target=_serve, args=(work, other, devices), daemon=True)
        self.handle.start()
        other.close()  # so that its death is the end of the line
        self.piece: Any = None

    def give(self, piece: Any) -> None:
        self.piece = piece
        # A process that has just died is found out by its next report.
        with contextlib.suppress(OSError):
            self.line.send(piece)

    def report(self) -> tuple[str, Any]:
        try:
            return self.line.recv()
        except (EOFError, OSError):
            self.handle.join()
            code = self.handle.exitcode
            error = WorkerDied(f"its process ended with code {code} (killed, or out of memory?)")
            return "died", (None, error)

    def end(self) -> None:
        self.handle.terminate()
        self.handle.join()
        self.line.close()


def _serve(work: Work, line: Any, devices: int) -> None:
    """What a process does: take a piece, work, report, until it is ended."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["JAX_NUM_CPU_DEVICES"] = str(devices)
    os.environ["PJRT_NPROC"] = str(entry.THREADS_PER_DEVICE * devices)
    entry.prepare()

    def show(done: int, total: int, what: str) -> None:
        line.send(("progress", (done, total, what)))

    # A signal from the terminal goes to all processes; the parent is the one to answer it.
    with contextlib.suppress(KeyboardInterrupt, EOFError):
        while True:
            piece = line.recv()
            try:
                answer = work(piece, show), None
            except Exception as error:
                answer = None, _portable(error)
            line.send(("done", answer))


def _portable(error: Exception) -> Exception:
    """`error` where it survives pickling, else one with the same words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    """A process without its parent would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
