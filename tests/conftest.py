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
from xdist.scheduler import LoadScopeScheduling

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")


SHARE_A_REPORT = ("test_report.py", "test_report_page.py", "test_figures.py")


class ByFile(LoadScopeScheduling):
    """A file's tests go to one process, which compiles its jobs once; so do those of the report."""

    def _split_scope(self, nodeid):
        path = nodeid.partition("::")[0]
        return "report" if path.endswith(SHARE_A_REPORT) else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """In the order of the collection, instead of the files with the most tests first."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_collection_modifyitems(items):
    """The report first: nothing takes longer, and it must not be left to one process at the end."""
    items.sort(key=lambda item: item.path.name not in SHARE_A_REPORT)


@pytest.fixture(scope="session")
def smoke_report(tmp_path_factory):
    """The main job at `smoke` in a process of its own, once for all tests.

    The folders `out` with the report and `results` with the datasets, the exit `code` and what was
    written to `output`, `errors`.
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
        "results": place / "results",
        "code": ended.returncode,
        "output": ended.stdout,
        "errors": ended.stderr,
    }
