"""What every command line sets before numpy and jax are imported, and how it answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

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


def answered(call: Callable[[], int], interrupted: str) -> int:
    """The exit code of `call`; an error that it expects, or an interruption, is one line."""
    try:
        return call()
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"interrupted; {interrupted}", file=sys.stderr)
        return 130
