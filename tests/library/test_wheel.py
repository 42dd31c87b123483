"""The wheel, installed alone into an empty environment: a user's own data, checks, shipped texts.

The environment has the wheel, what the wheel says that it requires, and nothing else: neither the
checkout nor what only the main job or the tests need. To install some fifty packages once more
would take minutes and a network, so those of this environment are lent by links. A `.pth` file to
the whole of its folder would not do: the editable install of the checkout is in there too.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

from diversity_jax.commands import select
from tests.library.test_select import ROWS

CHECKOUT = Path(__file__).resolve().parents[2]
NAME = "diversity_jax"


def required(name):
    """The distributions that `name` requires without any extra, directly or through others."""
    known, waiting = set(), [(name, "")]
    while waiting:
        distribution, extra = waiting.pop()
        for line in importlib.metadata.requires(distribution) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                for wanted in {"", *needed.extras}:
                    if (needed.name, wanted) not in known:
                        known.add((needed.name, wanted))
                        waiting.append((needed.name, wanted))
    return {distribution for distribution, _ in known}


def lend(names, folder):
    """Link what belongs to the distributions `names` into `folder`."""
    folder.mkdir()
    for name in names:
        distribution = importlib.metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or [] if file.parts[0] != ".."}
        for top in tops - {"__pycache__"}:
            place = folder / top
            if not place.exists():
                place.symlink_to(Path(str(distribution.locate_file(top))))


def run(*words, **options):
    ended = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=CHECKOUT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def alone(wheel, tmp_path_factory):
    """Runs python in an environment of its own, in a folder of its own: words -> output."""
    folder = tmp_path_factory.mktemp("alone")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    python = folder / "env" / "bin" / "python"
    run(
        sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index",
        "--disable-pip-version-check", wheel,
    )  # fmt: skip
    lend(required(NAME), folder / "lent")
    (site,) = (folder / "env").glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(f"{folder / 'lent'}\n")
    (folder / "work").mkdir()
    outer = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return lambda *words: run(python, *words, cwd=folder / "work", env=outer), folder / "work"


def test_the_wheel_holds_the_library_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {NAME}
    for name in (
        "py.typed",
        "commands/select.py",
        "data/subset.npz",
        "data/more.npz",
        "data/NOTICE",
    ):
        assert f"{NAME}/{name}" in names
    tracked = {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / NAME).rglob("*.py")}
    assert tracked <= set(names)


def test_a_check_and_the_shipped_texts_work_and_the_checkout_is_not_there(alone):
    python, _ = alone
    out = python("-c", _SCRIPT)
    answer = json.loads(out.splitlines()[-1])
    assert "/env/" in answer["file"] and str(CHECKOUT) not in answer["path"]
    assert answer["found"] == {
        "experiments": False, "paper_repro": False, "tyro": False, "pytest": False,
    }  # fmt: skip
    assert answer["typed"] and answer["texts"] == [250, 384]
    assert answer["status"] == ["holds", "fails"]


def test_rows_are_selected_from_a_file(alone):
    python, folder = alone
    np.save(folder / "rows.npy", ROWS)
    words = ("-m", NAME, "select", "--embeddings", "rows.npy", "--rule", "k_center")
    out = python(*words)
    assert "12 of 60 rows kept" in out and out.rstrip().endswith("selected/rows/k_center")
    kept = np.load(folder / "selected" / "rows" / "k_center" / "k_center.npy")
    assert len(set(kept.tolist())) == 12
    assert "up to date" in python(*words)
    assert "select" in python("-m", NAME, "list") and select.__doc__.split("\n")[0] in python(
        "-m", NAME, "--help"
    )


_SCRIPT = """
import importlib.util, json, sys
from importlib import resources
import numpy as np
import diversity_jax
from diversity_jax import checks, embeddings

texts = embeddings.embedded_subset()
draws = np.random.default_rng(0).normal(1.0, 0.1, 400)
verdicts = [
    checks.agreement(draws, exact, scale=1.0, resolution=0.05).status for exact in (1.0, 1.5)
]
found = {
    name: importlib.util.find_spec(name) is not None
    for name in ("experiments", "paper_repro", "tyro", "pytest")
}
print(json.dumps({
    "file": diversity_jax.__file__, "path": sys.path, "found": found,
    "typed": (resources.files("diversity_jax") / "py.typed").is_file(),
    "texts": [len(texts.texts), texts.sentences.shape[1]], "status": verdicts,
}))
"""
