"""A result on disk: every bit and label comes back, also while another process replaces it."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
import xarray

from diversity_jax import results

CHECKOUT = Path(__file__).resolve().parents[2]


def sample(shift=0.0):
    return xarray.Dataset(
        {
            "real": (("point", "seed"), np.array([[1.0 + shift, np.nan], [np.inf, -np.inf]])),
            "single": (("point",), np.array([1e-40, -0.0], np.float32)),
            "flag": (("point", "seed"), np.array([[True, False], [False, True]])),
            "whole": (("point",), np.array([-1, 2**62])),
            "complex": (("point",), np.array([1 + 2j, np.nan])),
            "text": (("point",), np.array(["", 'größer, "quoted"\n'])),
            "spent": (("point",), np.array([1.5, 2.0]), {"units": "seconds"}),
        },
        coords={"seed": np.arange(2), "start": ("point", np.array(["sphere", "manifold"]))},
    )


def one_line(caught):
    text = str(caught.value)
    assert "\n" not in text and len(text) < 500
    return text


def same(one, other):
    xarray.testing.assert_identical(one.drop_attrs(), other.drop_attrs())
    for name in one.variables:
        assert one[name].dtype == other[name].dtype
        assert one[name].values.tobytes() == other[name].values.tobytes()


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_dataset_comes_back_bit_for_bit_with_its_provenance(tmp_path):
    results.save(sample(), tmp_path / "one", {"seed": 3, "code": "abc"})
    found = results.read(tmp_path / "one")
    same(found, sample())
    assert json.loads(found.attrs["provenance"]) == {"seed": 3, "code": "abc"}
    assert results.provenance(tmp_path / "one") == {"seed": 3, "code": "abc"}
    assert found["spent"].attrs["units"] == "seconds"


def test_a_new_result_takes_the_place_of_the_old_one(tmp_path):
    for shift in (0.0, 1.0, 1.0):
        results.save(sample(shift), tmp_path, {})
        same(results.read(tmp_path), sample(shift))
        assert len(files(tmp_path)) == 2


def test_what_kills_left_is_removed_but_nothing_that_may_be_in_the_making(tmp_path):
    for name, age in {"data-old.nc": 7200, ".data-x.nc.ab.tmp": 7200, "data-new.nc": 5}.items():
        (tmp_path / name).write_bytes(b"part")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    results.save(sample(), tmp_path, {})
    left = set(files(tmp_path)) - {results.MANIFEST, results.data_name(tmp_path)}
    assert left == {"data-new.nc"}


def test_a_single_data_file_can_be_read_wherever_it_lies(tmp_path):
    data = results.save(sample(), tmp_path / "result", {})
    same(results.read_file(tmp_path / "result"), sample())  # and so can its folder
    same(results.read_file(data.rename(tmp_path / "elsewhere.nc")), sample())


def test_a_missing_result_names_the_command_that_makes_it(tmp_path, monkeypatch):
    monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(tmp_path))
    with pytest.raises(results.ResultMissing) as caught:
        results.load("attention_sweeps", "smoke", lengths=(2.0, 5.0), exact=False, seed=3)
    options = "--preset smoke --no-exact --lengths 2.0 5.0 --seed 3"
    command = f"python -m experiments attention_sweeps {options}"
    assert one_line(caught).endswith(f"make it with: {command}")


def test_a_name_without_a_result_is_answered_with_the_nearest(tmp_path, monkeypatch):
    monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(tmp_path))
    results.save(sample(), tmp_path / "my_own" / "laptop", {})
    for name, near in (("attention_sweep", "attention_sweeps"), ("my_won", "my_own")):
        with pytest.raises(ValueError, match=f"^experiment: got '{name}', .*mean {near}"):
            results.load(name)
    with pytest.raises(ValueError, match=r"^preset: got 'smok', .*did you mean smoke\?"):
        results.load("attention_sweeps", "smok")
    same(results.load("my_own"), sample())


def test_a_reader_finds_the_result_that_replaces_the_one_it_began_with(tmp_path, monkeypatch):
    results.save(sample(), tmp_path, {})
    whole = Path.read_bytes

    def slow(path):
        monkeypatch.setattr(Path, "read_bytes", whole)
        results.save(sample(1.0), tmp_path, {})  # removes the file that is about to be read
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", slow)
    same(results.read(tmp_path), sample(1.0))


def test_two_savers_at_once_leave_one_of_both_results(tmp_path, monkeypatch):
    results.save(sample(), tmp_path, {})
    whole = results.write_atomically

    def overtaken(path, content):
        whole(path, content)
        monkeypatch.setattr(results, "write_atomically", whole)
        results.save(sample(2.0), tmp_path, {})  # between the data and the manifest of the other

    monkeypatch.setattr(results, "write_atomically", overtaken)
    results.save(sample(1.0), tmp_path, {})
    same(results.read(tmp_path), sample(1.0))


def test_folders_tell_changes_apart_by_value(monkeypatch, tmp_path):
    monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(tmp_path))
    plain = results.folder("some", "smoke")
    assert plain == results.folder("some", "smoke", {}) == tmp_path / "some" / "smoke"
    one = results.folder("some", "smoke", {"a": 1.0, "b": (1, 2)})
    assert one == results.folder("some", "smoke", {"b": [1.0, 2.0], "a": 1})
    others = [{"a": 1.0}, {"a": 2.0, "b": (1, 2)}, {"a": True, "b": (1, 2)}, {"a": 2**60}]
    assert len({one, plain, *(results.folder("some", "smoke", other) for other in others)}) == 6
    assert one.name.startswith("smoke-") and len(one.name) == len("smoke-") + 8


def test_ragged_outputs_are_padded_and_points_become_coordinates():
    points = [
        {"size": 2, "start": "a", "lengths": (1, 2, 4)},
        {"size": 3, "start": "b", "lengths": (1, 2, 8)},
    ]
    arrays = [
        {"path": np.arange(4).reshape(2, 2), "end": np.array([True, False])},
        {"path": np.arange(6).reshape(2, 3), "end": np.array([True, True])},
    ]
    made = results.assemble(points, arrays, {"path": ("frame",)}, 2)
    assert dict(made.path.sizes) == {"point": 2, "seed": 2, "frame": 3}
    expected = [[[0, 1, np.nan], [2, 3, np.nan]], [[0, 1, 2], [3, 4, 5]]]
    np.testing.assert_array_equal(made.path.values, np.array(expected))
    assert made.end.dtype == bool
    assert made.lengths.values.tolist() == [[1, 2, 4], [1, 2, 8]]
    assert made.size.dims == ("point",) and list(made["start"].values) == ["a", "b"]


def test_outputs_that_cannot_be_labelled_are_refused():
    point, array = {"size": 2}, np.zeros((2, 3))
    cases = [
        ([point], [{"path": array}], r"^axes of output 'path'.*name them in AXES"),
        ([point], [{"size": array[:, 0]}], r"^outputs: got \['size'\]"),
        ([point] * 2, [{"a": array}, {"b": array}], r"^outputs: got \['a', 'b'\] at some points"),
    ]
    for points, arrays, message in cases:
        with pytest.raises(ValueError, match=message):
            results.assemble(points, arrays, {}, 2)
