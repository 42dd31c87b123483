"""What all tests share: precision, strict broadcasting, how to compile, types, the smoke report.

All of it is set before anything imports numpy or jax. Programs are compiled lightly, and what one
process has compiled the others of the same run read from a folder that goes with the run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# 64-bit, as the entry points have it, unless a run of its own is in single precision.
DOUBLE = os.environ.get("DIVERSITY_JAX_TEST_X64", "1") != "0"
os.environ.setdefault("JAX_ENABLE_X64", str(int(DOUBLE)))
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.05")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
COMPILED = None
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    # A folder of this run alone: entries are executable code, and another jaxlib's may crash.
    COMPILED = tempfile.mkdtemp(prefix="compiled-for-tests-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = COMPILED

from diversity_jax.commands import entry
from tests import typed

entry.emit()
if os.environ.get("DIVERSITY_JAX_TEST_TYPES", "1") != "0":
    typed.install()

import jax
import pytest
from threadpoolctl import threadpool_limits
from xdist.scheduler import LoadScopeScheduling

# Plugins of pytest import numpy before this file, too late for the environment to limit its BLAS:
# two threads that wait for each other make a small decomposition a hundred times as long.
threadpool_limits(int(os.environ["OPENBLAS_NUM_THREADS"]), user_api="blas")
jax.config.update("jax_enable_x64", DOUBLE)
jax.config.update("jax_numpy_rank_promotion", "raise")


MOST_MAPS = 15_000
SHARE_A_REPORT = (
    "test_report.py",
    "test_report_page.py",
    "test_figures.py",
    "test_controls.py",
    "test_spoiled_theories.py",
)


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


def pytest_unconfigure():
    """The folder of compiled programs goes when the process that made it has no more use for it."""
    if COMPILED:
        shutil.rmtree(COMPILED, ignore_errors=True)


@pytest.fixture(autouse=True, scope="module")
def room_for_programs():
    """After a file, a process with many compiled programs forgets them.

    On Linux a program takes some twenty memory maps of the 65,530 that a process may have, and the
    compiler dies without a word at the next one.
    """
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > MOST_MAPS:
        jax.clear_caches()


@pytest.fixture(autouse=True)
def compiled_anew(request):
    """Where bits are compared (marker `bits`) no program comes from the folder, here or below."""
    if request.node.get_closest_marker("bits") is None:
        yield
        return
    jax.config.update("jax_enable_compilation_cache", False)
    os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "0"
    yield
    del os.environ["JAX_ENABLE_COMPILATION_CACHE"]
    jax.config.update("jax_enable_compilation_cache", True)


@pytest.fixture(autouse=True)
def compiled_well(request):
    """Where running takes longer than compiling (`heavy`, agreement but `light`), optimised."""
    marked = request.node.get_closest_marker
    simulates = request.node.path.parent.name == "agreement" and marked("light") is None
    if not simulates and marked("heavy") is None:
        yield
        return
    kept = (
        jax.config.read("jax_disable_most_optimizations"),
        os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"],
    )
    jax.config.update("jax_disable_most_optimizations", False)
    os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "0"
    yield
    jax.config.update("jax_disable_most_optimizations", kept[0])
    os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = kept[1]


def pytest_terminal_summary(terminalreporter):
    """The ten slowest files, since it is files that are spread over processes."""
    seconds = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if hasattr(report, "duration"):
                seconds[report.nodeid.partition("::")[0]] += report.duration
    terminalreporter.section("slowest files")
    for path, spent in seconds.most_common(10):
        terminalreporter.line(f"{spent:7.1f} s  {path}")


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
