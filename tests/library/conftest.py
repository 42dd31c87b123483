"""Fake experiments and their command line, for the tests of the runner."""

from pathlib import Path

import pytest

from diversity_jax import __main__ as library_line
from diversity_jax.commands import entry as library_entry
from experiments import __main__ as command_line
from experiments.runner import entry, task
from tests.library.fake_house import LOGGED, SWEEP, Fake


@pytest.fixture
def sweep(monkeypatch, tmp_path):
    fake = Fake(monkeypatch, tmp_path, SWEEP)
    yield fake
    fake.close()


@pytest.fixture
def logged(monkeypatch, tmp_path):
    fake = Fake(monkeypatch, tmp_path, LOGGED)
    yield fake
    fake.close()


@pytest.fixture
def call(monkeypatch, capsys):
    """The experiments' command line inside this process: exit code, output, errors."""
    monkeypatch.setattr(entry, "prepare", lambda: None)
    path = str(Path(task.EXPERIMENTS) / "__main__.py")
    monkeypatch.setattr(command_line, "__file__", path)
    return _answered(command_line.main, capsys)


@pytest.fixture
def own(monkeypatch, capsys):
    """The library's command line inside this process: exit code, output, errors."""
    monkeypatch.setattr(library_entry, "prepare", lambda: None)
    return _answered(library_line.main, capsys)


def _answered(main, capsys):
    def run(*words):
        try:
            code = main(list(words))
        except SystemExit as stopped:
            code = stopped.code
        return code, *capsys.readouterr()

    return run
