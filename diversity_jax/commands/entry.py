"""What every command line sets before numpy and jax are imported, and how it answers."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

MOST_DEVICES = 8
THREADS_PER_DEVICE = 4
FORCED_DEVICES = "xla_force_host_platform_device_count"
# XLA's older way to emit loops on a CPU: programs compile in some half of the time.
OLDER_EMITTERS, KNOWN_TO = "--xla_cpu_use_fusion_emitters=false", "0.10."
LIGHT = ("smoke",)  # presets whose programs run so shortly that compiling them well never pays


def prepare() -> None:
    """One BLAS thread, one jax device per core (at most 8), 64-bit, no window for figures.

    Seeds are spread over the devices, which changes no bit of a result; more than one BLAS thread
    would. Programs are compiled by XLA's older emitters where the installed jaxlib has them.
    Settings already in the environment stand, except the precision.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("MPLBACKEND", "Agg")
    if FORCED_DEVICES not in os.environ.get("XLA_FLAGS", ""):
        os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(min(MOST_DEVICES, cores())))
        # Several devices share one pool of threads, and batched LAPACK calls can fill it and hang.
        devices = int(os.environ["JAX_NUM_CPU_DEVICES"])
        os.environ.setdefault("PJRT_NPROC", str(THREADS_PER_DEVICE * devices))
    emit()
    os.environ["JAX_ENABLE_X64"] = "1"
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", True)


def emit() -> None:
    """Ask for the older emitters, unless the environment says otherwise or jaxlib is unknown.

    XLA ends the process on a flag that it does not know, so only versions that were tried count.
    """
    from importlib.metadata import version

    flags = os.environ.get("XLA_FLAGS", "")
    if "fusion_emitters" not in flags and version("jaxlib").startswith(KNOWN_TO):
        os.environ["XLA_FLAGS"] = f"{flags} {OLDER_EMITTERS}".strip()


def compile_for(preset: str) -> None:
    """Compile with few optimisations at presets of `LIGHT`, here and in processes to come.

    For the whole process, since programs of the library are shared by experiments, and which of
    them compiled one must not change another's rounding. A setting in the environment stands.
    """
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", str(int(preset in LIGHT)))
    if "jax" in sys.modules:
        light = os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] == "1"
        sys.modules["jax"].config.update("jax_disable_most_optimizations", light)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Terminated(KeyboardInterrupt):
    """The signal by which schedulers end a job: an interruption like that from the keyboard."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as all of the command line does."""

    def __init__(self, **options: Any):
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """End with code two and `message` as one line, with where help is."""
        print(f"{message}; see `{self.prog} --help`", file=sys.stderr)
        raise SystemExit(2)


def named(text: str) -> str:
    """An option that names something: an empty text, which a script's unset variable gives, does
    not."""
    if not text.strip():
        raise argparse.ArgumentTypeError("got an empty name, expected one; leave the option out")
    return text


def folder(text: str) -> Path:
    """An option that names a file or a folder."""
    return Path(named(text))


def alone(word: str, rest: list[str], program: str) -> None:
    """Refuse whatever follows `word`, which takes no options."""
    if rest:
        from diversity_jax import validate

        got, fix = " ".join(rest), f"run `{program} {word}`"
        raise validate.fail(f"after {word}", repr(got), "nothing", fix)


def answered(call: Callable[[], int], interrupted: str) -> int:
    """The exit code of `call`; an error that it expects, or an interruption, is one line.

    0 and up: what `call` says; 2: an error; 130: interrupted from the keyboard; 143: ended by a
    scheduler's signal; 141: nobody reads the output any more, which needs no word.
    """
    with _ended_by_signal():
        with contextlib.suppress(AttributeError):  # names of files may hold any bytes
            sys.stdout.reconfigure(errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue]
        try:
            try:
                return call()
            finally:
                sys.stdout.flush()  # here, where a reader that has gone away is still answered
        except BrokenPipeError:
            _print_to_nobody()
            return 141
        except (ValueError, OSError) as error:
            return _said(" ".join(str(error).split()), 2)
        except MemoryError as error:
            return _said(_too_large(error), 2)
        except RuntimeError as error:  # XLA has no memory error of its own
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
            return _said(_too_large(error), 2)
        except KeyboardInterrupt as error:
            code = 128 + (signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT)
            return _said(f"interrupted; {interrupted}", code)


def _said(line: str, code: int) -> int:
    print(line.encode("utf-8", "backslashreplace").decode(), file=sys.stderr)
    return code


def _too_large(error: Exception) -> str:
    cause = " ".join(str(error).split())[:160] or "no more could be had"
    return f"memory: {cause}; choose smaller sizes, or a machine with more"


@contextlib.contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Schedulers' signal as an exception, so that what is under way ends as at an interruption."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> NoReturn:
        raise Terminated

    before = signal.getsignal(signal.SIGTERM)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


def _print_to_nobody() -> None:
    """What Python still has to print on its way out goes nowhere, instead of failing once more."""
    with contextlib.suppress(OSError, ValueError):
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, sys.stdout.fileno())
        os.close(nobody)
