"""A seventh subject comes into a copy of the house without a line of it being edited."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

FILES = {
    "diversity_jax/tossing/__init__.py": '''
"""Coins: `simulation` tosses them, `theory` predicts."""

from diversity_jax import _doors

__getattr__, __dir__ = _doors.lazily(__name__)
''',
    "diversity_jax/tossing/simulation.py": '''
"""Tosses of coins."""

import jax
from jaxtyping import Array, Float, Key, ScalarLike


def share_of_heads(key: Key[Array, ""], chance: ScalarLike, *, tosses: int) -> Float[Array, ""]:
    """The share of heads among `tosses` tosses."""
    return jax.random.bernoulli(key, chance, (tosses,)).mean(dtype=float)
''',
    "diversity_jax/tossing/theory/__init__.py": '''
"""What coins should do."""

from diversity_jax.tossing.theory.moments import spread

__all__ = ["spread"]
''',
    "diversity_jax/tossing/theory/moments.py": '''
"""Moments of the share of heads."""

import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike


def spread(chance: ScalarLike, *, tosses: int) -> Float[Array, ""]:
    """The standard deviation of the share of heads among `tosses` tosses.

    Source: the binomial law.
    """
    return jnp.sqrt(chance * (1 - chance) / tosses)
''',
    "experiments/tossing_shares.py": '''
"""How widely the share of heads spreads."""

from dataclasses import dataclass

from diversity_jax.tossing import simulation
from diversity_jax.tossing.theory import spread


@dataclass(frozen=True)
class Config:
    seeds: int = 400
    chances: tuple[float, ...] = (0.3, 0.5)


PRESETS = {"smoke": Config(seeds=40), "laptop": Config(), "paper": Config(seeds=4000)}
AXES = {}


def grid(config):
    """The chances."""
    return [{"chance": chance, "tosses": 100} for chance in config.chances]


def job(key, point):
    """The share of heads in one series."""
    return {"share": simulation.share_of_heads(key, point["chance"], tosses=point["tosses"])}


def summarise(dataset):
    """With what is predicted."""
    deviations = [float(spread(chance, tosses=100)) for chance in dataset.chance.values]
    return dataset.assign(theory=dataset.chance, theory_spread=("point", deviations))
''',
    "figures/tossing_shares.py": '''
"""The share of heads against the chance of one."""

from figures import style

EXPERIMENT = "tossing_shares"


def draw(dataset):
    """One panel."""
    figure, (axes,) = style.panels(1)
    style.line(axes, dataset.chance, dataset.theory, label="predicted")
    style.points(axes, dataset.chance, dataset.share, label="simulated")
    axes.set(xlabel="chance of heads", ylabel="share of heads", title="100 tosses")
    return figure
''',
    "paper_repro/papers/tossing/__init__.py": '''
"""A paper on coins."""

TITLE = "Coins"
REFERENCE = "nowhere"
PROVENANCE = "Made up for a test."
''',
    "paper_repro/papers/tossing/shares.py": '''
"""Claims on the share of heads."""

from paper_repro import checks
from paper_repro.claims import Claim, Control


def _about(shift):
    return lambda data: checks.agreement(
        data.share.values.T, data.theory.values + shift, scale=0.5, resolution=0.2
    )


CLAIMS = [
    Claim(
        id="coin-mean",
        sentence="The share of heads is their chance.",
        source="made up",
        experiment="tossing_shares",
        kind="agreement",
        formula="exact",
        decides_at="smoke",
        check=_about(0.0),
        control=Control("a chance larger by 0.1", _about(0.1)),
    )
]
''',
}


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stranger") / "checkout"
    ignored = shutil.ignore_patterns(
        "__pycache__",
        ".venv",
        ".git",
        "results",
        "report",
        "report-*",
        "site",
        "*_cache",
        ".hypothesis",
    )
    shutil.copytree(CHECKOUT, folder, ignore=ignored)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for name, source in FILES.items():
        path = folder / name
        assert path not in before
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.lstrip())
    return folder


def ran(folder, *words):
    """Output of a python in the copy; it has to end well."""
    ended = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(folder),
            "DIVERSITY_JAX_RESULTS": str(folder / "results"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_style_contracts_and_lists_take_it_up(copied):
    ran(copied, "ruff", "check", "--no-cache", *FILES)
    ran(copied, "ruff", "format", "--no-cache", "--check", *FILES)
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    contracts = copied / "contracts.py"
    contracts.write_text(script)
    assert "0 broken" in ran(copied, "contracts")
    contracts.unlink()
    assert "tossing_shares" in ran(copied, "experiments", "list")
    assert "tossing_shares" in ran(copied, "figures", "list")
    assert "coin-mean" in ran(copied, "paper_repro", "list")


def test_its_claim_is_checked_and_its_figure_drawn(copied):
    ran(copied, "paper_repro", "run", "--preset", "smoke", "--only", "tossing", "--out", "made")
    (claim,) = json.loads((copied / "made" / "report.json").read_text())["claims"]
    assert (claim["status"], claim["control"]["status"]) == ("holds", "fails")
    assert claim["figure"] and list((copied / "made" / "figures").glob("*.png"))


def test_the_tests_of_structure_and_figures_take_it_up(copied):
    chosen = ("test_structure.py", "test_eval_shape.py", "test_contracts.py")
    files = [str(copied / "tests" / "library" / name) for name in chosen]
    output = ran(
        copied, "pytest", "-n0", "-p", "no:cacheprovider", "-rA",
        *files, "-k", "tossing or contracts_hold",
    )  # fmt: skip
    assert output.count("tossing_shares]") >= 3 and "failed" not in output
