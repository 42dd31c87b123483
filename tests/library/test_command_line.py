"""Bad input to experiments is one line and code two; the catalogue and progress."""

import json
import math
import sys
from dataclasses import dataclass

import pytest

import experiments
from diversity_jax import catalogue, results
from diversity_jax.commands import progress
from experiments.runner import execute
from tests.library.fake_house import everything, values


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "fakes"}, r"^experiment: got 'fakes', expected one of fake; did you mean fake\?"),
        ({"name": 5}, r"^experiment: got 5, expected one of fake"),
        ({"preset": "smok"}, r"^preset: got 'smok', .*did you mean smoke\?"),
        ({"preset": None}, r"^preset: got None"),
        ({"mode": "quick"}, r"^mode: got 'quick'"),
        ({"strenghts": (1.0,)}, r"^field of fake: got 'strenghts', .*did you mean strengths"),
        ({"seeds": 0}, r"^seeds: got 0, expected an integer >= 1"),
        ({"seeds": 2.5}, r"^seeds: got 2.5, expected int like 2"),
        ({"seeds": True}, r"^seeds: got True, expected int"),
        ({"seed": -1}, r"^seed: got -1, expected an integer from 0"),
        ({"seed": 1.5}, r"^seed: got 1.5"),
        ({"seed": 2**32}, r"^seed: got 4294967296"),
        ({"shift": "1"}, r"^shift: got '1', expected float like 0.0"),
        ({"shift": True}, r"^shift: got True, expected float"),
        ({"sizes": 3}, r"^sizes: got 3, expected tuple like \(3,\)"),
        ({"sizes": (3, 2.5)}, r"^sizes: got 2.5, expected int like 3"),
        ({"exact": 1}, r"^exact: got 1, expected bool"),
        ({"shift": math.nan}, r"^shift: got nan, expected a finite number; pass one like 0.0"),
        ({"shift": -math.inf}, r"^shift: got -inf, expected a finite number"),
        ({"strengths": (1.0, math.nan)}, r"^strengths: got nan, expected a finite number"),
    ],
)
def test_bad_input_is_one_line_that_names_it(sweep, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        experiments.run(**{"name": "fake", "preset": "smoke", **options})
    assert "\n" not in str(caught.value)
    assert not sweep.results.exists()


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "^grid: got no points"),
        ([{"a": 1}, {"b": 1}], "^grid: got fields"),
        ([{"a": (1, None)}], "^grid field 'a': got tuple"),
        ([{"a": (1, 2)}, {"a": (1, 2, 3)}], r"^grid field 'a': got \(1, 2, 3\)"),
        ([{"a": None}], "^grid field 'a': got NoneType"),
    ],
)
def test_a_grid_that_cannot_be_labelled_is_refused_before_it_runs(sweep, points, message):
    sweep.module.grid = lambda config: points
    with pytest.raises(ValueError, match=message):
        execute.execute(sweep.make())
    assert sweep.module.traces == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda module: delattr(module, "grid"), "grid, a function"),
        (lambda module: setattr(module, "summarise", None), "summarise, a function"),
        (lambda module: delattr(module, "AXES"), r"AXES, a dict \("),
        (lambda module: module.PRESETS.pop("paper"), r"expected PRESETS\['paper'\];"),
        (lambda module: module.PRESETS.update(smoke=3), r"a Config as PRESETS\['smoke'\]"),
        (
            lambda module: setattr(module, "Config", dataclass(type("Config", (), {}))),
            "frozen=True on the dataclass Config, the field `seeds: int` in Config",
        ),
        (lambda module: setattr(module, "Config", dict), "Config, a frozen dataclass"),
    ],
)
def test_a_file_that_lacks_something_is_refused_in_one_line(sweep, call, spoil, message):
    spoil(sweep.module)
    with pytest.raises(ValueError, match=rf"^experiments/fake\.py: got .*{message}") as caught:
        sweep.make()
    assert call("fake", "--preset", "smoke") == (2, "", f"{caught.value}\n")
    assert not sweep.results.exists() and sweep.module.traces == []


def test_a_file_without_presets_is_told_so(tmp_path):
    (tmp_path / "draft.py").write_text('"""A draft."""\n')
    with pytest.raises(ValueError, match=r"^experiment draft: got a file without PRESETS"):
        catalogue.require(tmp_path, "PRESETS", "experiment", "draft")


def test_infinity_may_replace_infinity_only(sweep):
    sweep.module.PRESETS["smoke"] = sweep.module.Config(seeds=2, strengths=(1.0, math.inf))
    assert sweep.make("smoke", strengths=(math.inf,)).config.strengths == (math.inf,)
    with pytest.raises(ValueError, match=r"^strengths: got nan, expected a number or infinity"):
        sweep.make("smoke", strengths=(math.nan,))


@pytest.mark.parametrize("shard", [(1, 1), (-1, 2), (0, 0)])
def test_a_shard_outside_its_number_is_refused(sweep, shard):
    with pytest.raises(ValueError, match=r"^shard: got .*0 <= i < n"):
        execute.execute(sweep.make(), shard=shard)


@pytest.mark.parametrize("chunk", [0, -3])
def test_a_chunk_without_seeds_is_refused(sweep, chunk):
    with pytest.raises(ValueError, match=r"^chunk: got .*expected an integer >= 1"):
        execute.execute(sweep.make(), chunk=chunk)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fakes"], "did you mean fake?"),
        (["fake", "--preset", "smokey"], "did you mean smoke?"),
        (["fake", "--mode", "quick"], "mode: got 'quick'"),
        (["fake", "--shard", "3/3"], "--shard: got '3/3'"),
        (["fake", "--shard", "half"], "--shard: got 'half'"),
        (["fake", "--shard", "²/3"], "--shard: got '²/3', expected i/n with 0 <= i < n"),
        (["fake", "--shard", "1/٣"], "--shard: got '1/٣'"),
        (["fake", "--shard", f"0/{'9' * 5000}"], "--shard: got '0/999"),
        (["fake", "--seeds", "10000000000000"], "seeds: got 10000000000000, expected at most"),
        (["fake", "--shift", "nan"], "shift: got nan, expected a finite number; pass one like 0.0"),
        (["fake", "--seed", "-1"], "seed: got -1"),
        (["fake", "--seeds", "0"], "seeds: got 0"),
        (["fake", "--chunk", "0"], "chunk: got 0"),
        (["fake", "--merge"], "merge: got 0 finished seeds of 14"),
    ],
)
def test_bad_input_on_the_command_line_is_one_line_and_code_two(sweep, call, words, message):
    code, out, error = call(*words)
    assert code == 2 and message in error and out == ""
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fake", "--strenghts", "1"], "Unrecognized options: --strenghts, 1; Perhaps you meant:"),
        (["fake", "--shift", "x"], "Error parsing --shift: could not convert string to float: 'x'"),
        (["fake", "--seeds", "2.5"], "Error parsing --seeds: invalid literal for int()"),
        (["fake", "--sizes", "3", "b"], "Error parsing --sizes: "),
        (["fake", "--exact", "maybe"], "Unrecognized options: maybe"),
        (["fake", "--seeds"], "Missing value for argument '--seeds'"),
        (["fake", "stray"], "Unrecognized options: stray"),
        (["fake", "--shift", "1" * 300 + "x"], "Error parsing --shift"),
        (["fake", "--seed", "x"], "argument --seed: invalid int value: 'x'; see `"),
        (["fake", "--chunk"], "argument --chunk: expected one argument"),
        ([], "the following arguments are required: name"),
    ],
)
def test_options_that_cannot_be_parsed_are_one_line_and_code_two(sweep, call, words, message):
    code, out, error = call(*words)
    assert (code, out) == (2, "") and error.startswith(message), error
    assert error.count("\n") == 1 and "--help`" in error
    assert not any("\u2500" <= letter <= "\u257f" for letter in error)


@pytest.mark.parametrize("words", [["list", "extra"], ["list", "--bogus"], ["list", "--help", "x"]])
def test_a_list_takes_no_further_words(call, words):
    code, out, error = call(*words)
    assert (code, out) == (2, "") and error.startswith(f"after list: got '{' '.join(words[1:])}'")
    assert error.count("\n") == 1


def test_a_corrupt_result_ends_the_command_with_one_line_and_is_kept(sweep, call):
    data = results.save(
        execute.execute(sweep.make("smoke")),
        sweep.make("smoke").folder,
        {"identity": sweep.make("smoke").identity()},
    )
    data.write_bytes(data.read_bytes()[:-1])
    before = everything(sweep.results)
    code, _, error = call("fake", "--preset", "smoke")
    assert code == 2 and str(data) in error and error.count("\n") == 1
    assert error.endswith("or run: python -m experiments fake --preset smoke --again\n")
    assert everything(sweep.results) == before
    assert call("fake", "--preset", "smoke", "--again")[0] == 0
    assert execute.standing(sweep.make("smoke"))[0] == "fresh"


def test_a_results_folder_that_cannot_be_written_ends_with_one_line(sweep, call, monkeypatch):
    sweep.results.write_text("a file where the folder should be")
    code, _, error = call("fake", "--preset", "smoke")
    assert code == 2 and "cannot be written" in error
    assert [line for line in error.splitlines() if "written" not in line] == []


def test_the_command_line_runs_reuses_and_overrides(sweep, call):
    code, out, _ = call("fake", "--preset", "smoke", "--shift", "-0.5", "--strengths", "2.0", "3.0")
    saved = sweep.make("smoke", shift=-0.5, strengths=(2.0, 3.0))
    assert (code, out) == (0, f"{saved.folder}\n")
    expected = values(execute.in_memory(saved))
    assert values(results.load("fake", "smoke", shift=-0.5, strengths=(2.0, 3.0))) == expected
    code, out, _ = call("fake", "--preset", "smoke", "--strengths", "2.0", "3.0", "--shift=-0.5")
    assert code == 0 and "up to date" in out
    assert "fake" in call("list")[1]
    code, out, _ = call("fake", "--help")
    assert code == 0 and "strengths" in out


def test_the_catalogue_reads_names_and_first_lines_without_importing(tmp_path):
    (tmp_path / "one.py").write_text(
        '"""First.\n\nMore."""\nPRESETS: dict = {}\nraise SystemExit\n'
    )
    (tmp_path / "two.py").write_text("PRESETS = {}\n")
    (tmp_path / "none.py").write_text("def f():\n    PRESETS = {}\n")
    assert catalogue.entries(tmp_path, "PRESETS") == {"one": "First.", "two": ""}
    catalogue.require(tmp_path, "PRESETS", "experiment", "two")
    with pytest.raises(ValueError, match=r"^experiment: got 'tow', expected one of one, two; did"):
        catalogue.require(tmp_path, "PRESETS", "experiment", "tow")
    (tmp_path / "broken.py").write_text("PRESETS = {}\nx = = 1\n")
    with pytest.raises(ValueError, match=r"broken\.py: got line 2 that does not parse"):
        catalogue.entries(tmp_path, "PRESETS")


def test_progress_counts_up_to_the_total(sweep, capsys):
    for run in (
        execute.in_memory,
        lambda made, show: execute.execute(made, chunk=3, progress=show),
    ):
        seen = []
        run(sweep.make(), lambda *step, seen=seen: seen.append(step))
        done = [step[0] for step in seen]
        assert done == sorted(done) and done[0] == 0 and done[-1] == 14
        assert {step[1:] for step in seen} == {(14, "fake")}
    with progress.bar() as show:
        show(3, 14, "fake")
        show(14, 14, "fake")
    assert capsys.readouterr().err == "fake: 14 runs done\n"


def test_a_log_gets_a_line_every_so_often_with_the_time_that_is_left(capsys):
    times = iter([0, 10, 29, 31, 45, 62, 100, 7000])
    show = progress.Lines(clock=lambda: next(times))
    show(4, 40, "fake")  # from an earlier run
    for done in (5, 6, 10, 12, 16):
        show(done, 40, "fake")
    show(0, 9, "other")  # has begun just now
    show(40, 40, "fake")
    assert capsys.readouterr().err.splitlines() == [
        "fake: 10 of 40 runs done, about 3 min left",  # 30 more at 6 in 31 seconds
        "fake: 16 of 40 runs done, about 2 min left",
        "fake: 40 runs done",
    ]
    spelled = [progress.spelled(seconds) for seconds in (0.2, 119, 121, 7199, 7201, 90000)]
    assert [text.removeprefix("about ") for text in spelled] == [
        "1 s", "119 s", "2 min", "120 min", "2 h", "25 h",
    ]  # fmt: skip


def test_a_terminal_is_told_the_time_that_is_left(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress.bar() as show:
        show(0, 8, "fake")
        show(4, 8, "fake")
    assert "left" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(sweep, call):
    made = sweep.make("smoke")
    made.folder.parent.mkdir(parents=True)
    made.folder.write_text("a file where the folder should be")
    code, out, error = call("fake", "--preset", "smoke")
    assert (code, out) == (2, "") and error.startswith(f"{made.folder}: cannot be written")
    assert sweep.module.traces == []


def test_identities_survive_json(sweep):
    odd = sweep.module.Config(shift=math.nan, strengths=(math.inf,))
    sweep.module.PRESETS["laptop"] = odd
    identity = sweep.make("laptop").identity()
    assert results.digest(json.loads(json.dumps(identity))) == results.digest(identity)
