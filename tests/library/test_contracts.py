"""The contracts on imports hold in this tree, and catch what breaks them in a copy of it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("diversity_jax", "experiments", "figures", "paper_repro")
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

NEW_SUBJECT = {
    "diversity_jax/kernel_fits/__init__.py": "",
    "diversity_jax/kernel_fits/model.py": "",
    "diversity_jax/kernel_fits/solver.py": "from diversity_jax.kernel_fits import model\n",
    "diversity_jax/kernel_fits/theory/__init__.py": "from diversity_jax.kernel_fits import model\n",
}
NUMERICS = "diversity_jax.selection.theory.numerics"
PLANTED = {  # importing module, what it imports, words of the contract that is to say so
    (
        "diversity_jax.selection.theory.numerics.roots",
        "diversity_jax.selection.kernels",
    ): "theory sees",
    (
        "diversity_jax.selection.theory.numerics.span",
        "diversity_jax.attention.measures",
    ): "theory sees",
    ("diversity_jax.attention.theory.risk", "diversity_jax.attention.settings"): "theory sees",
    ("diversity_jax.kernel_fits.theory", "diversity_jax.kernel_fits.solver"): "theory sees",
    ("diversity_jax.attention.settings", "diversity_jax.attention.theory"): "simulation sees",
    ("diversity_jax.attention.measures", "diversity_jax.attention.theory.risk"): "simulation sees",
    ("diversity_jax.selection.coverage.record", f"{NUMERICS}.roots"): ("simulation sees"),
    ("diversity_jax.diffusion.model", "diversity_jax.diffusion.theory.times"): "parameters see",
    ("diversity_jax.kernel_fits.model", "diversity_jax.kernel_fits.solver"): "parameters see",
    ("diversity_jax.seeds", "diversity_jax.selection.scores"): "share sees",
    ("diversity_jax.diffusion.process", "diversity_jax.diffusion"): "through a door",
    ("diversity_jax.datasets", "experiments.shared"): "layers",
    ("figures.style", "paper_repro.claims"): "layers",
    ("diversity_jax.mixtures", "xarray"): "xarray",
}


def linted(folder):
    """Exit code and output of the contracts in the checkout `folder`, without line breaks."""
    ended = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def file_of(folder, module):
    base = folder.joinpath(*module.split("."))
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


@pytest.fixture
def copied(tmp_path):
    for package in (*PACKAGES, "tests/contracts"):
        ignored = shutil.ignore_patterns("__pycache__", "data", "notebooks")
        shutil.copytree(CHECKOUT / package, tmp_path / package, ignore=ignored)
    (tmp_path / "tests" / "__init__.py").touch()
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    for path, source in NEW_SUBJECT.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(source)
    return tmp_path


def test_the_contracts_hold():
    code, output = linted(CHECKOUT)
    assert code == 0 and "0 broken" in output, output


def test_a_new_subject_is_held_to_them_and_parameters_are_read_by_both_sides(copied):
    code, output = linted(copied)
    assert code == 0 and "0 broken" in output, output


def test_every_planted_violation_is_caught(copied):
    for source, imported in PLANTED:
        path = file_of(copied, source)
        path.write_text(f"{path.read_text()}\nimport {imported}\n")
    code, output = linted(copied)
    assert code == 1
    for (source, imported), words in PLANTED.items():
        if words in ("layers", "xarray"):
            wanted = rf"{re.escape(source)} -> {re.escape(imported)}"
        else:
            wanted = rf"{words}[^:\n]*: {re.escape(source)} -> {re.escape(imported)}$"
        assert re.search(wanted, output, re.MULTILINE), (source, imported, output)


def test_a_chain_through_a_helper_is_caught(copied):
    helper = copied / "diversity_jax" / "attention" / "_helper.py"
    helper.write_text("from diversity_jax.attention import layer\n")
    theory = copied / "diversity_jax" / "attention" / "theory" / "trained.py"
    theory.write_text(f"{theory.read_text()}\nfrom diversity_jax.attention import _helper\n")
    code, output = linted(copied)
    assert code == 1 and "theory sees simulation: diversity_jax.attention.theory" in output
