"""What every command line sets before numpy and jax are imported, and how it answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

MOST_DEVICES = 8
THREADS_PER_DEVICE = 4
FORCED_DEVICES = "xla_force_host_platform_device_count"


def prepare() -> None:
    """One BLAS thread, one jax device per core (at most 8), 64-bit, no window for figures.

    Seeds are spread over the devices, which changes no bit of a result; more than one BLAS thread
    would. Settings already in the environment stand, except the precision.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("MPLBACKEND", "Agg")
    if FORCED_DEVICES not in os.environ.get("XLA_FLAGS", ""):
        os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(min(MOST_DEVICES, cores())))
        # Several devices share one pool of threads, and batched LAPACK calls can fill it and hang.
        devices = int(os.environ["JAX_NUM_CPU_DEVICES"])
        os.environ.setdefault("PJRT_NPROC", str(THREADS_PER_DEVICE * devices))
    os.environ["JAX_ENABLE_X64"] = "1"
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", True)


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
