"""`python -m figures NAME` with changed fields and with a folder of one's own."""

import sys
import types
from pathlib import Path

import pytest

import figures
from experiments.runner import execute
from figures import __main__ as figures_line
from figures import output
from tests.library.fake_house import values
from tests.library.test_paper_line import refused


@pytest.fixture
def draw(monkeypatch, capsys, tmp_path):
    """The command line inside this process: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        capsys.readouterr()
        try:
            code = figures_line.main([str(word) for word in words])
        except SystemExit as stopped:
            code = stopped.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def picture(draw, monkeypatch):
    """A figure of the fake sweep, which says what it was given; nothing is drawn."""
    given = []
    module = types.SimpleNamespace(EXPERIMENT="fake")
    monkeypatch.setattr(figures_line, "HERE", Path("pictures"))
    Path("pictures").mkdir()
    Path("pictures/fake.py").write_text('EXPERIMENT = "fake"')
    monkeypatch.setitem(sys.modules, "figures.fake", module)
    monkeypatch.setattr(figures, "draw", lambda name, dataset: given.append(dataset))
    monkeypatch.setattr(output, "source_of", lambda name, dataset: "")
    monkeypatch.setattr(output, "save", lambda *_: {})
    return given


def test_a_run_with_changed_fields_is_drawn_and_a_result_in_a_folder(draw, sweep, picture):
    made = [
        sweep.make("smoke"),
        sweep.make("smoke", seeds=3, strengths=(-0.5, 2.0), exact=False, title="a b"),
        sweep.make("smoke", seeds=3, seed=4),
    ]
    expected = [values(execute.execute(each)) for each in made]
    fields = ["--strengths", "-0.5", "2", "--no-exact", "--title", "a b"]
    asked = [
        ([], 0),
        (["--seeds", "2", "--strengths", "0.5", "1.0", "--exact"], 0),
        (["--seeds", "3", *fields], 1),
        ([*fields, "--seeds=3", "--shift", "0", "--sizes", "3"], 1),
        (["--seeds", "3", "--seed", "4"], 2),
    ]
    for words, which in asked:
        code, _, error = draw("fake", "--preset", "smoke", *words)
        assert code == 0, error
        assert values(picture.pop()) == expected[which]
    assert draw("fake", "--data", made[1].folder)[0] == 0
    assert values(picture.pop()) == expected[1]
    words = ["fake", "--preset", "smoke"]
    for more, parts in (
        (["--seeds", "9"], ("make it with: python -m experiments fake --preset smoke --seeds 9",)),
        (["--strenghts", "9"], ("field of fake: got 'strenghts'", "did you mean strengths")),
        (["--seeds", "many"], ("seeds: got 'many', expected a number like",)),
        (["--seeds", "2", "3"], ("seeds: got 2 values, expected one",)),
        (["--exact", "perhaps"], ("exact: got 'perhaps', expected one of false, true",)),
    ):
        refused(draw(*words, *more), *parts)
    assert picture == []
    Path("taken").write_text("mine")
    refused(draw(*words, "--out", "taken/a"), "taken/a: cannot be written")
    assert picture == []
