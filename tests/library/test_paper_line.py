"""`python -m paper_repro` and `python -m figures`: exit codes, one line for bad input, resuming."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diversity_jax import results
from experiments.runner import entry
from figures import __main__ as figures_line
from paper_repro import __main__ as paper_line
from paper_repro import claims, pipeline, recorded
from tests.library import fake_papers
from tests.library.fake_house import CHECKOUT, everything, values
from tests.library.fake_papers import claim, house

REAL_SAVED = pipeline._saved


@pytest.fixture
def line(monkeypatch, capsys, tmp_path):
    """A command line inside this process: exit code, output, errors. Results go to `tmp_path`."""
    monkeypatch.setattr(entry, "prepare", lambda: None)
    monkeypatch.setattr(entry, "cores", lambda: 1)  # what is patched is not so in other processes
    monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(tmp_path / "results"))
    fake_papers.nothing_recorded(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)

    def run(module, *words):
        capsys.readouterr()
        try:
            code = module.main([str(word) for word in words])
        except SystemExit as stopped:
            code = stopped.code
        return code, *capsys.readouterr()

    return run


def refused(answer, *parts):
    """Exit code two and, after any progress, one line of errors that says all of `parts`."""
    code, output, errors = answer
    assert (code, output) == (2, "")
    errors = [part for part in errors.split("\n") if not part.endswith("runs done")]
    assert len(errors) == 2 and errors.pop() == ""
    (errors,) = errors
    for part in parts:
        assert part in errors, errors


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("run", "--preset", "lap"), ("preset: got 'lap'", "did you mean laptop")),
        (("run", "--only", "C1-rsk"), ("claim or paper: got 'C1-rsk'", "C1-risk")),
        (("run", "--only", "atention"), ("did you mean", "attention")),
        (("run", "--seed", "-1"), ("--seed: got -1",)),
        (("run", "--record", "attention_rsk"), ("experiment: got 'attention_rsk'", "risk")),
        (("run", "--record", ""), ("argument --record: got an empty name",)),
        (("run", "--only", ""), ("argument --only: got an empty name",)),
        (("run", "--out", ""), ("argument --out: got an empty name",)),
        (("list", "extra"), ("unrecognized arguments: extra",)),
        (("rerun", "--roots", 10**13), ("--roots: got 10000000000000, expected an integer from",)),
        (("rerun", "--roots", "0"), ("--roots: got 0, expected an integer from 1",)),
        (("rerun", "--roots", "2", "--preset", "papr"), ("did you mean paper",)),
        (("rerun", "--roots", "2", "--only", "C1-rsk"), ("C1-risk",)),
    ],
)
def test_bad_input_is_one_line_and_code_two(line, tmp_path, words, parts):
    refused(line(paper_line, *words), *parts)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [(), ("rum",), ("run", "--seed", "x"), ("rerun",)])
def test_words_that_mean_nothing_end_with_code_two(line, words):
    code, output, errors = line(paper_line, *words)
    assert (code, output) == (2, "") and "--help" in errors and errors.count("\n") == 1


def test_exit_code_and_what_is_printed(line, monkeypatch, tmp_path):
    house(monkeypatch, claim("good"), claim("wrong", truth=2.5))
    assert line(paper_line, "run", "--preset", "smoke", "--only", "good", "--out", "a")[0] == 0
    code, output, _ = line(paper_line, "run", "--preset", "smoke", "--out", "b")
    assert code == 1
    assert "wrong: fails, expected holds" in output and "good:" not in output
    assert output.splitlines()[-1] == str(Path("b/report.html"))
    assert json.loads((tmp_path / "b/report.json").read_text())["provenance"]["exit_code"] == 1


def test_a_part_of_the_claims_leaves_the_full_report_alone(line, monkeypatch):
    house(monkeypatch, claim("good"), claim("fine"))
    assert line(paper_line, "run", "--preset", "smoke")[0] == 0
    before = everything(Path("report"))
    _, output, _ = line(paper_line, "run", "--preset", "smoke", "--only", "good")
    assert output.splitlines()[-1] == str(Path("report-good/report.html"))
    line(paper_line, "run", "--preset", "smoke", "--only", *["good", "fine"] * 10)
    assert everything(Path("report")) == before
    assert len(list(Path().glob("report-20-claims-*/report.json"))) == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"identity": "good"}, r"^claim id: got 'good' in fake and in fake, expected each id once"),
        ({"experiment": "attention_rsk"}, r"^experiment of claim other: .*mean attention_risk"),
        ({"figure": "attention_rsk"}, r"^figure of claim other: got 'attention_rsk'"),
    ],
)
def test_claims_that_name_nothing_or_the_same_are_refused_early(
    line, monkeypatch, changed, message
):
    real = {"experiment": "attention_risk", "figure": "attention_risk"}
    made = [claim("good", **real), claim(**{"identity": "other", **real, **changed})]
    paper = claims.Paper("fake", "A fake paper", "nowhere", "Made up.", tuple(made))
    monkeypatch.setattr(claims, "_load", lambda name: paper)
    monkeypatch.setattr(claims.catalogue, "entries", one_paper(claims.catalogue.entries))
    with pytest.raises(ValueError, match=message) as caught:
        claims.select()
    for word in ("run", "list"):
        refused(line(paper_line, word), str(caught.value))


def one_paper(real):
    """The catalogue, with one paper of no matter which name."""
    return lambda folder, marker: {"fake": ""} if marker == "CLAIMS" else real(folder, marker)


def test_the_list_names_every_claim(line, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    house(monkeypatch, claim("good"), claim("false", expected="fails", decides_at="paper"))
    code, output, _ = line(paper_line, "list")
    assert code == 0 and max(map(len, output.splitlines())) <= 60
    assert "A fake paper" in output and "All of this is made up." in output
    assert "good  [agreement, decides at smoke]" in output
    assert "false  [agreement, decides at paper, expected: fails]" in output


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(line, monkeypatch):
    asked = house(monkeypatch, claim("good"))
    Path("taken").write_text("mine")
    refused(line(paper_line, "run", "--preset", "smoke", "--out", "taken"), "taken", "cannot be")
    assert Path("taken").read_text() == "mine" and asked == []


def test_a_full_disk_leaves_the_earlier_report_whole(line, monkeypatch):
    house(monkeypatch, claim("good"))
    assert line(paper_line, "run", "--preset", "smoke")[0] == 0
    before = everything(Path("report"))
    real, calls = os.fsync, []

    def full(file):
        calls.append(file)
        if len(calls) > 1:  # the first is the look whether the folder can be written
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file)

    monkeypatch.setattr(os, "fsync", full)
    refused(line(paper_line, "run", "--preset", "smoke"), "No space left on device", "is lost")
    assert everything(Path("report")) == before


def test_results_are_reused_while_fresh_and_refused_when_corrupt(line, sweep, monkeypatch):
    house(monkeypatch, claim("good", experiment="fake", check=lambda data: data.nothing))
    monkeypatch.setattr(pipeline, "_saved", REAL_SAVED)

    def state():
        assert line(paper_line, "run", "--preset", "smoke")[0] == 1
        made = json.loads(Path("report/report.json").read_text())["provenance"]["experiments"]
        return made["fake"]["state"], made["fake"]["note"]

    assert state() == ("computed", "")
    assert state() == ("reused", "")
    sweep.path.write_text(sweep.path.read_text() + "\nEXTRA = 1\n")
    sweep.close()
    again, note = state()
    assert again == "computed" and "stale" in note
    (data,) = sweep.results.rglob("data-*.nc")
    data.write_bytes(data.read_bytes()[:100])
    before = everything(Path())
    refused(line(paper_line, "run", "--preset", "smoke"), data.name, "100 bytes", "delete")
    assert everything(Path()) == before


def test_recording_a_run_keeps_its_data_and_its_command(line, sweep):
    code, output, _ = line(paper_line, "run", "--record", "fake")
    assert code == 0
    assert str(recorded.FOLDER / "fake") in output
    dataset, provenance = recorded.read("fake")
    assert dataset.sizes["seed"] == 11  # the fake's own number of seeds at preset paper
    assert provenance["command"] == "python -m paper_repro run --record fake"
    assert recorded.age("fake", provenance) == ""
    traced = len(sweep.module.traces)
    assert line(paper_line, "run", "--record", "fake")[0] == 0
    assert len(sweep.module.traces) == traced
    assert values(recorded.read("fake")[0]) == values(dataset)
    sweep.path.write_text(sweep.path.read_text().replace("seeds=11", "seeds=12"))
    sweep.close()
    assert recorded.age("fake", provenance) == "recorded with older code"


def test_rerun_counts_roots_and_goes_on_where_it_was_interrupted(line, monkeypatch):
    house(monkeypatch, claim("good"), claim("wavers"))
    asked = []

    def in_memory(pairs, preset, seed):
        asked.append(seed)
        if seed == 3 and asked.count(3) == 1:
            raise KeyboardInterrupt
        middle = {"good": 2.0, "wavers": 2.0 if seed % 2 else 2.5}
        return [
            pipeline._outcome(
                paper,
                some,
                pipeline._evidence("x", preset, "computed", fake_papers.dataset(middle[some.id])),
            )
            for paper, some in pairs
        ]

    monkeypatch.setattr(pipeline, "in_memory", in_memory)
    words = ("rerun", "--roots", 4, "--preset", "smoke")
    assert line(paper_line, *words)[0] == 130
    code, output, _ = line(paper_line, *words)
    assert code == 0 and asked == [1, 2, 3, 3, 4]
    rows = {row["id"]: row for row in json.loads(Path("report/rerun.json").read_text())["claims"]}
    counts = ("kept", "holds", "fails", "undecided", "control_kept")
    assert [rows["good"][name] for name in counts] == [4, 4, 0, 0, 4]
    assert [rows["wavers"][name] for name in counts] == [2, 2, 2, 0, 4]
    assert set(rows["wavers"]["exceptions"]) == {"2", "4"}
    assert "wavers at root 2: measured 2.5" in output
    assert output.startswith(Path("report/rerun.txt").read_text())


def test_rerun_runs_other_roots_and_keeps_no_root_that_lacks_data(line, sweep, monkeypatch):
    seen = []

    def look(data):
        seen.append(data.draw.values.tobytes())
        return fake_papers.is_about(2.0)(fake_papers.dataset())

    house(monkeypatch, claim("good", experiment="fake", check=look))
    assert line(paper_line, "rerun", "--roots", 3, "--preset", "smoke")[0] == 0
    assert len(set(seen)) == 3 and not list(sweep.results.rglob("*.nc"))
    assert len(list(sweep.results.rglob("root-*.json"))) == 3
    sweep.module.job = None  # every root is kept, so nothing runs
    assert line(paper_line, "rerun", "--roots", 3, "--preset", "smoke")[0] == 0
    assert line(paper_line, "rerun", "--roots", 4, "--preset", "smoke")[0] == 0
    assert len(list(sweep.results.rglob("root-*.json"))) == 3


def test_figures_say_which_command_makes_what_is_missing(line, tmp_path):
    name = "attention_manifold_dirac"
    refused(line(figures_line, name, "--preset", "smoke"), f"python -m experiments {name} --preset")
    refused(line(figures_line, "attention_manifold_dirak"), f"did you mean {name}")
    refused(line(figures_line, name, "--preset", "smok"), "did you mean smoke?")
    refused(line(figures_line, name, "--data", "no.nc"), "no.nc: no such file")
    Path("cut.nc").write_bytes(b"\x89HDF\r\n")
    refused(line(figures_line, name, "--data", "cut.nc"), "cut.nc", "netCDF-4")
    Path("other.nc").write_bytes(results.to_bytes(fake_papers.dataset()))
    refused(line(figures_line, name, "--data", "other.nc"), "other.nc", "make one with")
    for words in (("list", "x"), ("all", "--length", "3")):
        refused(line(figures_line, *words), f"after {words[0]}: got '{' '.join(words[1:])}'")
    refused(line(figures_line, name, "--data", ""), "argument --data: got an empty name")
    refused(line(figures_line, name, "--data", "other.nc", "--seeds", "3"), "options: got --data")
    refused(line(figures_line, name, "stray"), "options: got 'stray'")
    Path("empty").mkdir()
    refused(line(figures_line, name, "--data", "empty"), "empty: no result here")
    code, _, errors = line(figures_line, "all", "--preset", "smoke")
    assert code == 2 and errors.count("make it with: python -m experiments") == len(
        errors.splitlines()
    )
    assert not (tmp_path / "report").exists()


def test_an_interrupt_ends_with_130_and_the_same_command_goes_on(tmp_path):
    words = ["run", "--preset", "laptop", "--only", "C8-converges-noiseless"]
    process = subprocess.Popen(
        [sys.executable, "-m", "paper_repro", *words, "--out", str(tmp_path / "report")],
        cwd=CHECKOUT,
        env={**os.environ, "DIVERSITY_JAX_RESULTS": str(tmp_path / "results")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 300
    while not list((tmp_path / "results").rglob("point*.npz")) and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert "the same command goes on from there" in errors and "Traceback" not in errors
    assert list((tmp_path / "results").rglob("point*.npz"))
    assert not list((tmp_path / "report").iterdir()) and output == ""
