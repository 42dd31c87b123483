"""Fake experiments and their command line, for the tests of the runner."""

from pathlib import Path

import pytest

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
    """The command line inside this process: exit code, output, errors."""
    monkeypatch.setattr(entry, "prepare", lambda: None)
    path = str(Path(task.EXPERIMENTS) / "__main__.py")
    monkeypatch.setattr(command_line, "__file__", path)

    def run(*words):
        try:
            code = command_line.main(list(words))
        except SystemExit as stopped:
            code = stopped.code
        return code, *capsys.readouterr()

    return run
