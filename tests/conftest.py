"""64-bit, strict broadcasting, one BLAS thread: set before anything imports numpy or jax."""

import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import jax
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")


def pytest_collection_modifyitems(items):
    """For several workers: what shares compiled jobs stays together, the longest goes first."""
    for item in items:
        smoke = "smoke_report" in item.fixturenames
        item.add_marker(pytest.mark.xdist_group("smoke" if smoke else item.path.name))
    items.sort(key=lambda item: "smoke_report" not in item.fixturenames)


@pytest.fixture(scope="session")
def smoke_report(tmp_path_factory):
    """The main job at `smoke` in a process of its own, once for all tests.

    A folder `out` with the report, the exit `code` and what was written to `output`, `errors`.
    """
    place = tmp_path_factory.mktemp("smoke")
    words = ["-m", "paper_repro", "run", "--preset", "smoke", "--out", str(place / "report")]
    ended = subprocess.run(
        [sys.executable, *words],
        cwd=Path(__file__).resolve().parent.parent,
        env={**os.environ, "DIVERSITY_JAX_RESULTS": str(place / "results")},
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "out": place / "report",
        "code": ended.returncode,
        "output": ended.stdout,
        "errors": ended.stderr,
    }
