"""The shape of the house: layers, names, docstrings, sizes, and what must not be in any file."""

import ast
import importlib
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path

import pytest

from diversity_jax import catalogue
from experiments import __main__ as experiments_line
from experiments.runner import fingerprint, task

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("diversity_jax", "experiments", "figures", "paper_repro")
EXPERIMENTS = sorted(catalogue.entries(CHECKOUT / "experiments", "PRESETS"))
FIGURES = sorted(catalogue.entries(CHECKOUT / "figures", "EXPERIMENT"))
MOST_LINES = 300
# Files that are longer, each with its reason.
LONGER = {
    "diversity_jax/mixtures.py": "one class, whose methods are its public names",
    "diversity_jax/datasets.py": "one loader for each data set, with all that can be wrong in it",
    "diversity_jax/graph_learning/quantise.py": "one algorithm, from its state to its scan",
    "paper_repro/papers/attention/context.py": "claims of one paper, each with its control",
    "paper_repro/papers/attention/descent.py": "claims of one paper, each with its control",
    "paper_repro/papers/graph_learning/scores.py": "claims on anomaly scores, with their controls",
    "paper_repro/papers/diversity/texts.py": "claims on one set of texts, each with its control",
    "tests/library/test_checks.py": "nine kinds of check under the same trials",
    "tests/library/test_mixtures.py": "one class, three kinds of covariance, the same checks",
    "tests/library/test_selection_daar.py": "every stage of one algorithm on the same domains",
    "tests/properties/test_bad_values.py": "one table of every public function and argument",
    "tests/library/test_datasets.py": "every damage of a data set, on one small forgery of it",
}


def tracked():
    """The files that git has or would take, so that a new one is looked at before it is added."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [CHECKOUT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def sources(package):
    return sorted((CHECKOUT / package).rglob("*.py"))


def loaded_by(*words):
    """The modules that a fresh python has loaded after running `words`."""
    script = (
        "import runpy, sys\n"
        "try:\n"
        "    if len(sys.argv) > 2: runpy.run_module(sys.argv.pop(1), run_name='__main__')\n"
        "    else: __import__(sys.argv[1])\n"
        "except SystemExit as stopped:\n"
        "    assert not stopped.code, stopped.code\n"
        "print('\\n' + ' '.join(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.splitlines()[-1].split())


def test_importing_the_library_alone_imports_neither_jax_nor_numpy():
    assert not {"jax", "numpy", "xarray"} & loaded_by("diversity_jax")


@pytest.mark.parametrize("package", ["experiments", "figures", "paper_repro"])
@pytest.mark.parametrize("word", ["list", "--help"])
def test_lists_and_help_do_not_import_what_is_heavy(package, word):
    heavy = {"jax", "xarray", "matplotlib", "sklearn", "flax", "scipy"}
    assert not heavy & loaded_by(package, word)


def test_there_are_experiments_and_figures():
    assert EXPERIMENTS and FIGURES


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_offers_what_the_runner_needs(name):
    module = importlib.import_module(f"experiments.{name}")
    assert catalogue.entries(CHECKOUT / "experiments", "PRESETS")[name]
    assert set(module.PRESETS) == set(task.PRESETS)
    for config in module.PRESETS.values():
        assert type(config) is module.Config and is_dataclass(config)
        with pytest.raises(FrozenInstanceError):
            config.seeds = 1
        hash(config)
    for function in ("grid", "job", "summarise"):
        assert callable(getattr(module, function))
    shared = {action.dest for action in experiments_line.parser()._actions}
    assert not shared & {field.name for field in fields(module.Config)}
    reached = fingerprint.reached(CHECKOUT / "experiments" / f"{name}.py")
    assert len(reached) > 1


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_draws_an_experiment_that_exists(name):
    tree = ast.parse((CHECKOUT / "figures" / f"{name}.py").read_text())
    values = [
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and any(isinstance(at, ast.Name) and at.id == "EXPERIMENT" for at in node.targets)
    ]
    assert len(values) == 1 and values[0] in EXPERIMENTS
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert "draw" in defined | imported


def public_names(path):
    """Functions and records that a file defines under public names, and what its `__all__` adds."""
    tree = ast.parse(path.read_text())
    defined = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    offered = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return defined.union(*offered)


@pytest.mark.parametrize("room", sorted((CHECKOUT / "diversity_jax").glob("*/theory")), ids=str)
def test_theory_offers_every_public_function_and_record(room):
    """What is meant for inside has an underscore or lies in a room of its own."""
    subject = f"diversity_jax.{room.parent.name}.theory"
    theory = importlib.import_module(subject)
    assert sorted(theory.__all__) == sorted(set(theory.__all__))
    missing = []
    for path in sorted(room.glob("[!_]*.py")):
        module = importlib.import_module(f"{subject}.{path.stem}")
        missing += [
            f"{path.stem}.{name}"
            for name in public_names(path)
            if name not in theory.__all__ or getattr(theory, name) is not getattr(module, name)
        ]
    assert missing == []


def without_docstring(path):
    """Public functions, classes and methods of a file that lack a docstring, and the file."""
    tree = ast.parse(path.read_text())
    missing = [] if ast.get_docstring(tree) else [f"{path.name}"]
    waiting = [(node, "") for node in tree.body]
    while waiting:
        node, inside = waiting.pop()
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        if not isinstance(node, kinds) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            missing.append(f"{path.name}: {inside}{node.name}")
        if isinstance(node, ast.ClassDef):
            waiting += [(child, f"{node.name}.") for child in node.body]
    return missing


def test_every_public_name_of_the_library_has_a_docstring():
    missing = [name for path in sources("diversity_jax") for name in without_docstring(path)]
    assert missing == []


def test_a_missing_docstring_would_be_seen(tmp_path):
    path = tmp_path / "some.py"
    path.write_text('"""Some."""\nclass A:\n    """A."""\n    def f(self): ...\ndef _g(): ...\n')
    assert without_docstring(path) == ["some.py: A.f"]


def test_long_files_are_listed_with_their_reason():
    long = {
        path.relative_to(CHECKOUT).as_posix()
        for path in tracked()
        if path.suffix == ".py" and len(path.read_text().splitlines()) > MOST_LINES
    }
    assert sorted(long - set(LONGER)) == []
    assert all(reason and (CHECKOUT / path).exists() for path, reason in LONGER.items())


def test_no_file_names_a_package_registry_or_this_machine():
    hosts = ["pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "conda" + ".anaconda.org"]
    options = ["--index" + "-url", "--extra-index" + "-url", "[[tool.uv" + ".index]]"]
    here = str(CHECKOUT) + "/"
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [(path.name, word) for word in [*hosts, *options, here] if word in text]
    assert found == []
