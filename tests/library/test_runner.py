"""The runner: what compiles, which numbers come out, where they go, when they are stale."""

import math
import shlex

import numpy as np
import pytest
import tyro

import experiments
from diversity_jax import results
from experiments import __main__ as command_line
from experiments.runner import compute, execute, task
from tests.library.fake_house import SWEEP, values

# Compilation


def test_a_sweep_over_floats_compiles_once_per_static_combination(sweep):
    made = sweep.make(sizes=(3, 4), strengths=(0.1, 0.2, 0.3))
    execute.in_memory(made)
    assert sorted(sweep.module.traces) == [3, 4]
    execute.in_memory(sweep.make(sizes=(3,), strengths=(0.7,), shift=2.0))
    assert sorted(sweep.module.traces) == [3, 4]


def test_fields_that_the_module_turns_into_numbers_are_traced_and_keep_their_names(sweep):
    point = {"size": 3, "strength": 1.0, "shift": 0.0}
    sweep.module.grid = lambda config: [{**point, "kind": kind} for kind in ("plain", "odd")]
    sweep.module.TRACED = {"kind": ("plain", "odd").index}
    job = sweep.module.job
    sweep.module.job = lambda key, point: {**job(key, point), "place": point["kind"]}
    dataset = execute.in_memory(sweep.make())
    assert len(sweep.module.traces) == 1
    assert dataset.kind.values.tolist() == ["plain", "odd"]
    assert (dataset.place.values == [[0], [1]]).all()


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
    tuples = {"x": (1, 0.1 + 0.2)}, {"x": (1, 0.3)}
    assert compute.label(tuples[0]) == compute.label(tuples[1])
    apart = [
        tuples[0],
        {"x": 0.3},
        {"x": 0.3 + 1e-9},
        {"y": 0.3},
        {"x": "0.3"},
        {"x": math.inf},
        {"x": 1},
    ]
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
