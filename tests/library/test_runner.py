"""The runner: what compiles, what counts as changed, where results go, what it refuses."""

import json
import math
import resource
import shlex
import shutil
import threading
from pathlib import Path

import fake_house
import numpy as np
import pytest
import tyro
from fake_house import LOGGED, SWEEP, Fake, values

import experiments
from diversity_jax import catalogue, results
from experiments import __main__ as command_line
from experiments.runner import compute, entry, execute, fingerprint, progress, task
from experiments.runner.chunks import Store


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


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Compilation


def test_a_sweep_over_floats_compiles_once_per_static_combination(sweep):
    made = sweep.make(sizes=(3, 4), strengths=(0.1, 0.2, 0.3))
    execute.in_memory(made)
    assert sorted(sweep.module.traces) == [3, 4]
    execute.in_memory(sweep.make(sizes=(3,), strengths=(0.7,), shift=2.0))
    assert sorted(sweep.module.traces) == [3, 4]


def test_chunks_of_uneven_size_and_shards_compile_once(sweep):
    execute.execute(sweep.make(seeds=7), chunk=3)  # chunks of 3, 3 and 1
    assert sweep.module.traces == [3]
    sweep.module.traces.clear()
    for index in range(3):  # shards of 3, 2 and 2 of the 7 seeds, another split at each point
        execute.execute(sweep.make(seeds=7, sizes=(4,)), shard=(index, 3))
    assert sweep.module.traces == [4]


def test_a_numpy_float_in_the_grid_is_traced_like_any_float(sweep):
    made = sweep.make(strengths=(0.25, 0.5))
    expected = execute.in_memory(made)
    sweep.module.traces.clear()
    compute._compiled.clear()
    grid = sweep.module.grid
    sweep.module.grid = lambda config: [
        {**point, "strength": np.float64(point["strength"])} for point in grid(config)
    ]
    assert values(execute.in_memory(made)) == values(expected)
    assert sweep.module.traces == [3]


# Numbers


def test_a_seed_and_a_point_keep_their_numbers_in_any_company(sweep):
    whole = execute.in_memory(sweep.make())
    fewer = execute.in_memory(sweep.make(seeds=3))
    assert fewer.draw.values.tobytes() == whole.draw[:, :3].values.tobytes()
    alone = execute.in_memory(sweep.make(strengths=(1.0,)))
    assert alone.draw[0].values.tobytes() == whole.draw[1].values.tobytes()
    more = execute.in_memory(sweep.make(strengths=(2.0, 1.0, 0.5)))
    assert more.draw[::-1][:2].values.tobytes() == whole.draw.values.tobytes()
    assert len(np.unique(whole.draw)) == whole.draw.size


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 100])
def test_the_size_of_chunks_changes_no_bit(sweep, chunk):
    assert values(execute.execute(sweep.make(), chunk=chunk)) == values(
        execute.in_memory(sweep.make())
    )


def test_another_root_gives_other_numbers_and_fast_mode_nearly_the_same(sweep):
    reference = execute.in_memory(sweep.make())
    other = execute.in_memory(sweep.make(seed=1))
    assert not np.isin(other.draw, reference.draw).any()
    fast = execute.in_memory(sweep.make(mode="fast"))
    np.testing.assert_allclose(fast.draw, reference.draw, rtol=1e-14, atol=0)


def test_a_float_that_another_machine_rounds_otherwise_keeps_its_stream():
    computed, rounded = {"x": 0.1 + 0.2, "n": 1}, {"n": 1, "x": 0.3}
    assert computed["x"] != rounded["x"]
    assert compute.label(computed) == compute.label(rounded)
    apart = [{"x": 0.3}, {"x": 0.3 + 1e-9}, {"y": 0.3}, {"x": "0.3"}, {"x": math.inf}, {"x": 1}]
    assert len({compute.label(point) for point in apart}) == len(apart)


def test_one_bad_seed_does_not_end_a_sweep(sweep):
    """The logarithm of a draw is NaN where the draw is negative."""
    made = execute.execute(sweep.make(seeds=40))
    negative = made.draw.values[..., 0] < 0
    assert 0 < negative.sum() < negative.size
    assert np.array_equal(np.isnan(made.bad.values), negative)
    assert np.isfinite(made.draw).all()


# Saving


def test_in_memory_writes_nothing_and_saving_writes_what_the_command_line_would(sweep):
    made = experiments.run("fake", "smoke", shift=1.5)
    assert made.sizes == {"point": 2, "seed": 2, "entry": 3}
    assert not sweep.results.exists()
    saved = experiments.run("fake", "smoke", shift=1.5, save=True)
    assert values(saved) == values(made)
    assert values(results.load("fake", "smoke", shift=1.5)) == values(made)
    sweep.module.traces.clear()
    compute._compiled.clear()
    assert values(experiments.run("fake", "smoke", shift=1.5, save=True)) == values(made)
    assert sweep.module.traces == []  # it was up to date


def test_a_preset_and_each_change_of_it_have_folders_of_their_own(sweep):
    plain = sweep.make("smoke")
    assert plain.folder == sweep.results / "fake" / "smoke"
    assert sweep.make("smoke", seed=0, shift=0.0, strengths=[0.5, 1]).folder == plain.folder
    changed = [
        sweep.make("smoke", shift=1.0),
        sweep.make("smoke", shift=2.0),
        sweep.make("smoke", seed=1),
        sweep.make("smoke", mode="fast"),
        sweep.make("smoke", seed=1, shift=1.0),
        sweep.make("laptop"),
    ]
    assert len({one.folder for one in [plain, *changed]}) == 7
    for one in changed[:-1]:
        name, _, digest = one.folder.name.partition("-")
        assert name == "smoke" and len(digest) == 8 and int(digest, 16) >= 0
    assert sweep.make("smoke", shift=2).folder == changed[1].folder
    assert sweep.make("smoke", shift=np.float32(2)).folder == changed[1].folder


def test_the_command_of_a_task_makes_that_very_task(sweep):
    made = sweep.make(
        seeds=5,
        sizes=(3, 4),
        strengths=(),
        shift=-1e-05,
        title="it's two words",
        exact=False,
        seed=9,
    )
    assert made.command.startswith("python -m experiments fake --preset laptop ")
    words = shlex.split(made.command)[3:]
    options, rest = command_line.parser().parse_known_args(words)
    base = sweep.module.PRESETS[options.preset]
    config = tyro.cli(type(base), default=base, args=rest)
    again = task.make(options.name, options.preset, seed=options.seed, **vars(config))
    assert again == made and again.folder == made.folder


def test_provenance_says_what_made_the_result(sweep):
    execute.execute(sweep.make("smoke", shift=2.0, seed=4))
    found = results.provenance(sweep.make("smoke", shift=2.0, seed=4).folder)
    assert found["identity"]["config"]["shift"] == 2.0 and found["identity"]["seed"] == 4
    assert found["identity"]["precision"] == "float64"
    assert found["command"].endswith("--preset smoke --seed 4 --shift 2.0")
    assert set(found["versions"]) >= {"jax", "numpy"} and "cpu" in found["device"]
    assert found["seconds"] >= 0


def test_standing_tells_fresh_stale_and_missing_apart(sweep):
    made = sweep.make("smoke")
    assert execute.standing(made) == ("missing", None)
    saved = execute.execute(made)
    state, found = execute.standing(made)
    assert state == "fresh" and values(found) == values(saved)
    assert execute.standing(sweep.make("smoke", shift=1.0)) == ("missing", None)
    sweep.path.write_text(SWEEP.replace('"entry")', '"entry") * 2'))
    sweep.close()
    changed = sweep.make("smoke")
    assert execute.standing(changed) == ("stale", None)
    again = execute.execute(changed)
    np.testing.assert_allclose(again["mean"], 2 * saved["mean"], rtol=1e-15)
    assert execute.standing(sweep.make("smoke"))[0] == "fresh"


def test_chunks_of_older_code_are_not_mixed_into_a_new_result(sweep):
    made = sweep.make("smoke")
    execute.execute(made, shard=(0, 2))  # half of it is kept, unmerged
    sweep.path.write_text(SWEEP.replace("normal(key", "cauchy(key"))
    sweep.close()
    changed = sweep.make("smoke")
    expected = execute.in_memory(changed)
    assert values(execute.execute(changed)) == values(expected)


# Fingerprints


@pytest.fixture
def house(monkeypatch, tmp_path):
    folder = fake_house.copy(
        tmp_path / "copy",
        one="from diversity_jax import mixtures\nfrom experiments import near\nPRESETS = {}\n",
        near='"""Shared."""\n\n\ndef half(x):\n    """Half."""\n    return x / 2  # exact\n',
        other="PRESETS = {}\n",
    )
    monkeypatch.setattr(fingerprint, "CHECKOUT", folder)

    def of(name="one"):
        fingerprint.of.cache_clear()
        return fingerprint.of(name)

    yield folder, of
    fingerprint.of.cache_clear()


@pytest.mark.parametrize(
    "path",
    [
        "experiments/one.py",
        "experiments/near.py",
        "experiments/runner/compute.py",
        "diversity_jax/mixtures.py",
        "diversity_jax/gaussians.py",  # through mixtures
        "diversity_jax/seeds.py",  # through the runner, which makes the keys
    ],
)
def test_a_change_of_reached_code_counts(house, path):
    folder, of = house
    before = of()
    with (folder / path).open("a") as file:
        file.write("\nADDED = 1\n")
    assert of() != before


@pytest.mark.parametrize(
    "path",
    [
        "experiments/other.py",
        "experiments/runner/execute.py",
        "diversity_jax/results.py",
        "diversity_jax/attention/layer.py",
    ],
)
def test_a_change_elsewhere_does_not_count(house, path):
    folder, of = house
    before = of()
    with (folder / path).open("a") as file:
        file.write("\nADDED = 1\n")
    assert of() == before


def test_comments_and_docstrings_do_not_count_but_every_other_string_does(house):
    folder, of = house
    path = folder / "experiments" / "near.py"
    before = of()
    path.write_text(
        '"""Shared by\n\nseveral."""\n# above\n\ndef half(x):\n    # inside\n    r"""A half."""\n\n'
        "    return x / 2  # or nearly so\n"
    )
    assert of() == before
    digests = [before]
    for body in (
        "x / 3",
        'x / 2 + len("""a\n    # no comment\n    """)',
        'x / 2 + len("""a\n    # none at all\n    """)',
        '{0: "x"}[0]',
        '{0: "y"}[0]',
        'lambda: "x"',
        'lambda: "y"',
    ):
        path.write_text(f"def half(x):\n    return {body}\n")
        digests.append(of())
    assert len(set(digests)) == len(digests)


def test_relative_imports_are_followed(house):
    folder, of = house
    package = folder / "diversity_jax" / "package"
    package.mkdir()
    (package / "__init__.py").write_text("from . import inner\n")
    (package / "inner.py").write_text("from ..outer import value\n")
    (folder / "diversity_jax" / "outer.py").write_text("value = 1\n")
    (folder / "experiments" / "one.py").write_text("import diversity_jax.package as package\n")
    before = of()
    (folder / "diversity_jax" / "outer.py").write_text("value = 2\n")
    assert of() != before


# Shards


def test_shards_in_any_order_merge_into_the_unsharded_result(sweep):
    expected = values(execute.in_memory(sweep.make()))
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        shutil.rmtree(sweep.results, ignore_errors=True)
        made = [execute.execute(sweep.make(), shard=(index, 3), chunk=2) for index in order]
        assert made[:2] == [None, None]
        assert values(made[2]) == expected
        assert values(results.load("fake")) == expected


def test_more_shards_than_work_leave_some_with_nothing_to_do(sweep):
    made = sweep.make(seeds=1)
    ended = [execute.execute(made, shard=(index, 5)) for index in range(5)]
    assert [one is None for one in ended] == [True, False, False, False, False]
    assert values(ended[-1]) == values(execute.in_memory(made))


def test_a_merge_before_all_is_done_says_how_much_is_missing_and_loses_nothing(sweep, call):
    execute.execute(sweep.make(), shard=(0, 3))
    before = everything(sweep.results)
    with pytest.raises(
        execute.ShardIncomplete, match=r"got 5 finished seeds of 14.*experiments fake"
    ):
        execute.merge(sweep.make())
    code, out, error = call("fake", "--merge")
    assert (code, out) == (2, "") and "got 5 finished seeds of 14" in error
    assert error.count("\n") == 1
    assert everything(sweep.results) == before


def test_a_shard_that_is_overtaken_while_it_merges_returns_the_same_result(sweep, monkeypatch):
    made = sweep.make()
    expected = values(execute.in_memory(made))
    gather = Store.gather

    def overtaken(store, point, seeds):
        monkeypatch.setattr(Store, "gather", gather)
        execute.merge(made)  # another process merges, saves and clears
        return gather(store, point, seeds)

    execute.execute(made, shard=(0, 2))
    monkeypatch.setattr(Store, "gather", overtaken)
    assert values(execute.execute(made, shard=(1, 2))) == expected
    assert values(results.load("fake")) == expected
    assert values(execute.merge(made)) == expected  # once more changes nothing


def test_two_equal_runs_at_once_both_return_the_result(sweep, monkeypatch):
    made = sweep.make()
    expected = values(execute.in_memory(made))
    write, calls = Store.write, []

    def overtaken(store, *arguments):
        calls.append(1)
        if len(calls) == 3:
            execute.execute(made, chunk=1)  # another process finishes first
        write(store, *arguments)

    monkeypatch.setattr(Store, "write", overtaken)
    assert values(execute.execute(made, chunk=1)) == expected
    assert values(results.load("fake")) == expected
    assert [path.name for path in made.folder.iterdir() if path.is_dir()] == []


def test_shards_that_finish_at_the_same_time_leave_a_whole_result(logged):
    """Two merges of the same chunks, started together, many times over."""
    made = logged.make("smoke")
    expected = values(execute.in_memory(made))
    for _ in range(10):
        shutil.rmtree(logged.results) if logged.results.exists() else None
        barrier, ended = threading.Barrier(2), []

        def part(index, barrier=barrier, ended=ended):
            store = execute.store_of(made)
            merge = execute.merge
            del merge
            for position, point in enumerate(compute.points(made.module, made.config)):
                block = [index, index + 2]
                arrays = execute._run(made, point, block, 2)
                store.write(position, block, arrays, 0.0)
            barrier.wait(30)
            ended.append(execute.merge(made))

        threads = [threading.Thread(target=part, args=(index,)) for index in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [values(one) for one in ended] == [expected, expected]
        assert values(results.load("fake", "smoke")) == expected


# Failures


def test_a_disk_that_fills_up_loses_no_finished_chunk(logged):
    made = logged.make(seeds=4, sizes=(2, 3, 10_000, 4))
    expected = execute.in_memory(made)
    logged.log.unlink()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(
            results.WriteFailed, match="File too large.*nothing that was there is lost"
        ):
            execute.execute(made, chunk=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    first = logged.computed()
    assert len(first) == 4 + 4 + 2  # the third point's first chunk could not be kept
    assert values(execute.execute(made, chunk=2)) == values(expected)
    again = logged.computed()[len(first) :]
    assert len(again) == 8 and set(again) & set(first) == set(first[8:])


def test_a_damaged_chunk_is_named_and_only_its_seeds_are_computed_again(logged, call):
    made = logged.make("smoke")
    expected = values(execute.in_memory(made))
    for number, damage in enumerate(
        (lambda b: b[:-30], lambda b: b"", lambda b: b[:99] + b"?" + b[100:])
    ):
        shutil.rmtree(logged.results, ignore_errors=True)
        execute.execute(made, shard=(0, 2), chunk=1)
        path = sorted(execute.store_of(made).folder.iterdir())[3]
        path.write_bytes(damage(path.read_bytes()))
        before = everything(logged.results)
        code, _, error = call("fake", "--preset", "smoke")
        assert code == 2 and str(path) in error and error.count("\n") == 1, number
        assert {name: before[name] for name in before} == {
            name: content for name, content in everything(logged.results).items() if name in before
        }
        path.unlink()  # as the message says
        logged.log.unlink()
        assert values(execute.execute(made, chunk=1)) == expected
        assert 1 <= len(logged.computed()) <= 9


def test_again_computes_again_even_when_a_kill_left_the_chunks(logged, monkeypatch):
    made = logged.make("smoke")
    monkeypatch.setattr(Store, "clear", lambda store: None)
    execute.execute(made)
    monkeypatch.undo()
    logged.__init__(monkeypatch, logged.path.parents[2], LOGGED)
    logged.log.unlink()
    made = logged.make("smoke")
    assert execute.standing(made)[0] == "fresh"
    execute.execute(made)
    assert len(logged.computed()) == 16
    assert not execute.store_of(made).folder.exists()


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
        ({"seeds": 2.5}, r"^seeds: got 2.5, expected int like 7"),
        ({"seeds": True}, r"^seeds: got True, expected int"),
        ({"seed": -1}, r"^seed: got -1, expected an integer from 0"),
        ({"seed": 1.5}, r"^seed: got 1.5"),
        ({"seed": 2**32}, r"^seed: got 4294967296"),
        ({"shift": "1"}, r"^shift: got '1', expected float like 0.0"),
        ({"shift": True}, r"^shift: got True, expected float"),
        ({"sizes": 3}, r"^sizes: got 3, expected tuple like \(3,\)"),
        ({"sizes": (3, 2.5)}, r"^sizes: got 2.5, expected int like 3"),
        ({"exact": 1}, r"^exact: got 1, expected bool"),
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
        ([{"a": (1, 2)}], "^grid field 'a': got tuple"),
        ([{"a": None}], "^grid field 'a': got NoneType"),
    ],
)
def test_a_grid_that_cannot_be_labelled_is_refused_before_it_runs(sweep, points, message):
    sweep.module.grid = lambda config: points
    with pytest.raises(ValueError, match=message):
        execute.execute(sweep.make())
    assert sweep.module.traces == []


@pytest.mark.parametrize("shard", [(1, 1), (-1, 2), (0, 0)])
def test_a_shard_outside_its_number_is_refused(sweep, shard):
    with pytest.raises(ValueError, match="^shard: got .*0 <= i < n"):
        execute.execute(sweep.make(), shard=shard)


@pytest.mark.parametrize("chunk", [0, -3])
def test_a_chunk_without_seeds_is_refused(sweep, chunk):
    with pytest.raises(ValueError, match="^chunk: got .*expected an integer >= 1"):
        execute.execute(sweep.make(), chunk=chunk)


# Command line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fakes"], "did you mean fake?"),
        (["fake", "--preset", "smokey"], "did you mean smoke?"),
        (["fake", "--mode", "quick"], "mode: got 'quick'"),
        (["fake", "--shard", "3/3"], "--shard: got '3/3'"),
        (["fake", "--shard", "half"], "--shard: got 'half'"),
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


@pytest.mark.parametrize("words", [["fake", "--strenghts", "1"], ["fake", "--shift", "x"], []])
def test_options_that_cannot_be_parsed_end_with_code_two(sweep, call, words):
    code, _, error = call(*words)
    assert code == 2 and error


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


# Catalogue and progress


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


def test_identities_survive_json(sweep):
    identity = sweep.make(shift=math.nan, strengths=(math.inf,)).identity()
    assert results.digest(json.loads(json.dumps(identity))) == results.digest(identity)
