"""What could not be saved or told apart after a run is refused before it."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from diversity_jax import fingerprint, results
from experiments.runner import compute, execute
from paper_repro import rerun
from tests.library.fake_house import values


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([{"seed": 1}], r"^grid fields: got \['seed'\], expected no name that"),
        ([{"point": 1}], r"^grid fields: got \['point'\]"),
        ([{"entry": 1}], r"^grid fields: got \['entry'\]"),
        ([{"a/b": 1}], r"^grid fields: got 'a/b'"),
        ([{"": 1}], r"^grid fields: got ''"),
        ([{"a": 1}, {"a": "1"}], r"^grid field 'a': got '1', expected text, numbers or booleans"),
        ([{"a": True}, {"a": 2}], r"^grid field 'a': got 2"),
        ([{"a": (1, "b")}], r"^grid field 'a': got \(1, 'b'\)"),
        ([{"a": 2**63}], r"^grid field 'a': got 9223372036854775808"),
        ([{"a": "b\0"}], r"^grid field 'a': got 'b\\x00'"),
        ([{"a": "\ud800"}], r"^grid field 'a': got '\\ud800'"),
        ([{"a": (1,)}, {"a": 1}], r"^grid field 'a': got 1"),
    ],
)
def test_a_grid_that_a_dataset_could_not_give_back_is_refused(sweep, points, message):
    sweep.module.grid = lambda config: points
    for run in (execute.execute, execute.in_memory):
        with pytest.raises(ValueError, match=message) as caught:
            run(sweep.make())
        assert "\n" not in str(caught.value)
    assert sweep.module.traces == [] and not sweep.results.exists()


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"draw": ("seed",)}, r"^AXES: got \['seed'\]"),
        ({"draw": ("point",)}, r"^AXES: got \['point'\]"),
        ({"draw": ("draw",)}, r"^AXES: got \['draw'\]"),
        ({"draw": ("a/b",)}, r"^AXES: got 'a/b'"),
        ({"draw": ("a", "a")}, r"^axes of output 'draw': got \['a'\]"),
    ],
)
def test_axes_that_name_two_things_are_refused(sweep, axes, message):
    sweep.module.AXES = axes
    with pytest.raises(ValueError, match=message):
        execute.execute(sweep.make())
    assert sweep.module.traces == [] and not sweep.results.exists()


def test_an_output_that_is_named_as_an_axis_is_refused():
    array = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"^outputs: got \['entry'\]"):
        results.assemble([{"a": 1}], [{"x": array, "entry": array[:, 0]}], {"x": ("entry",)}, 2)


@pytest.mark.parametrize("odd", [{1: 2}, {3}, 1j, b"a", np.arange(3.0) * 1j, object()])
def test_a_config_that_no_result_could_hold_is_refused_before_the_run(sweep, odd):
    @dataclass(frozen=True)
    class Config:
        seeds: int = 2
        sizes: tuple = (3,)
        strengths: tuple = (1.0,)
        shift: float = 0.0
        odd: object = None

    sweep.module.Config = Config
    presets = dict.fromkeys(("smoke", "laptop", "paper"), Config(odd=odd))
    sweep.module.PRESETS = presets
    with pytest.raises(ValueError, match=r"Config\.odd.*: got .*expected text"):
        execute.execute(sweep.make("smoke"))
    assert sweep.module.traces == [] and not sweep.results.exists()


@pytest.mark.parametrize("attribute", [None, {"a": 1}, [{}], object()])
def test_an_attribute_that_cannot_be_written_is_refused_before_the_run(sweep, attribute):
    source = sweep.path.read_text().replace(
        'mean=dataset.draw.mean("entry"))', 'mean=dataset.draw.mean("entry")).assign_attrs(ODD)'
    )
    sweep.path.write_text(source + "\n\nODD = {}\n")
    sweep.close()
    sweep.module.ODD = {"odd": attribute}
    ran = []
    job = sweep.module.job
    sweep.module.job = lambda key, point: (ran.append(type(key).__name__), job(key, point))[1]
    with pytest.raises(ValueError, match=r"^dataset: got .*expected what a netCDF-4 file can hold"):
        execute.execute(sweep.make("smoke"))
    assert not list(sweep.results.rglob("*.npz")) and not list(sweep.results.rglob("*.nc"))
    sweep.module.ODD = {"odd": "text"}
    assert execute.execute(sweep.make("smoke")).attrs["odd"] == "text"


def test_provenance_is_strict_json_and_comes_back(sweep):
    sweep.module.PRESETS["smoke"] = sweep.module.Config(seeds=2, strengths=(1.0, math.inf))
    sweep.module.job = lambda key, point: {"draw": np.zeros(3)}
    made = sweep.make("smoke")
    execute.execute(made)

    def refuse(word):
        raise AssertionError(word)

    manifest = (made.folder / results.MANIFEST).read_text()
    kept = json.loads(manifest, parse_constant=refuse)["provenance"]
    assert kept["identity"]["config"]["strengths"] == [1.0, "Infinity"]
    json.loads(results.read(made.folder).attrs["provenance"], parse_constant=refuse)
    assert execute.standing(made)[0] == "fresh"
    # As results were saved before: with the constants that JSON does not know.
    (made.folder / results.MANIFEST).write_text(manifest.replace('"Infinity"', "Infinity"))
    assert execute.standing(made)[0] == "fresh"


def test_a_run_is_found_by_fields_that_have_the_presets_own_value(sweep):
    own = sweep.module.PRESETS["laptop"]
    made = sweep.make(seeds=3, strengths=own.strengths)
    expected = values(execute.execute(made))
    assert dict(made.changed) == {"seeds": 3}
    for fields in (
        {"seeds": 3},
        {"seeds": np.int64(3), "strengths": list(own.strengths)},
        {"seeds": 3.0, "strengths": np.array(own.strengths), "title": "plain", "exact": True},
        {"seeds": 3, "seed": 0, "mode": "reference", "sizes": (3,)},
    ):
        assert values(results.load("fake", **fields)) == expected
    for fields in ({"seeds": 4}, {"sizes": (3,)}, {"seeds": 3, "shift": 0.5}, {"seeds": "3"}):
        with pytest.raises(results.ResultMissing):
            results.load("fake", **fields)
    plain = execute.execute(sweep.make())
    assert values(results.load("fake", sizes=(3,), exact=True)) == values(plain)
    assert values(results.load("fake", seeds=3, exact=True)) == expected


def test_a_field_finds_the_newest_of_runs_when_the_preset_was_edited(sweep):
    execute.execute(sweep.make(seeds=3))
    sweep.path.write_text(sweep.path.read_text().replace('laptop": Config()', 'laptop": Config(3)'))
    sweep.close()
    made = sweep.make(seeds=3, shift=0.0)
    assert made.changed == ()
    expected = values(execute.execute(made))
    assert values(results.load("fake", seeds=3)) == expected


def test_equal_numbers_of_different_kinds_are_compiled_apart(sweep):
    spelled = {"1": 1.0, "1.0": 2.0, "True": 3.0}
    sweep.module.job = lambda key, point: {"draw": np.full(2, spelled[repr(point["kinds"][0])])}
    found = []
    for kinds in ((1,), (1.0,), (True,)):
        sweep.module.grid = lambda config, kinds=kinds: [{"kinds": kinds}]
        found.append(float(execute.in_memory(sweep.make()).draw[0, 0, 0]))
    assert found == [1.0, 2.0, 3.0]
    assert compute.label({"a": -0.0}) == compute.label({"a": 0.0})
    assert compute.plain((np.str_("a"), (np.int64(2),))) == ("a", (2,))
    assert "np" not in repr(compute.plain((np.str_("a"), (np.int64(2),))))


def test_more_seeds_than_a_machine_can_count_are_refused_at_once(sweep, call):
    code, out, error = call("fake", "--seeds", "10000000000000")
    assert (code, out) == (2, "") and error.startswith("seeds: got 10000000000000, expected at")
    assert error.count("\n") == 1


def test_rerun_knows_the_checks_and_what_they_reach(monkeypatch):
    """A change of the library's checks makes the kept roots of `rerun` stale."""
    looked = []
    monkeypatch.setattr(rerun, "of_files", lambda *paths, root: looked.append((paths, root)))
    rerun.folder([], "smoke")
    ((papers, root),) = looked
    reached = {path.relative_to(root) for path in fingerprint.reached(*papers, root=root)}
    parts = ("diversity_jax/checks/statistics.py", "paper_repro/papers/attention/risk.py")
    assert {Path(part) for part in parts} <= reached
