"""Results on disk: whole or not there at all, whatever goes wrong while they are written."""

import json
import os
import resource
import subprocess
import sys
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


@pytest.mark.parametrize("where", ["write", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_at_any_step_leaves_the_old_content_alone(tmp_path, monkeypatch, where, error):
    path = tmp_path / "file"
    results.write_atomically(path, b"old")

    def broken(*_, **__):
        raise error

    if where == "fsync":
        monkeypatch.setattr(os, "fsync", broken)
    elif where == "replace":
        monkeypatch.setattr(Path, "replace", broken)
    else:
        monkeypatch.setattr(Path, "open", broken)
    expected = results.WriteFailed if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        results.write_atomically(path, b"new")
    monkeypatch.undo()
    assert files(tmp_path) == {"file": b"old"}
    if expected is results.WriteFailed:
        assert str(path) in one_line(caught) and "No space left" in one_line(caught)


def test_a_disk_that_fills_up_while_writing_loses_nothing(tmp_path):
    """A limit on the size of files, which the kernel enforces in the middle of a write."""
    path = tmp_path / "file"
    results.write_atomically(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(results.WriteFailed) as caught:
            results.write_atomically(path, bytes(60_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(path) in one_line(caught) and "File too large" in one_line(caught)
    assert files(tmp_path) == {"file": b"old"}


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    """Its parent is a file: this fails for the superuser too."""
    (tmp_path / "taken").write_bytes(b"a file")
    with pytest.raises(results.WriteFailed) as caught:
        results.save(sample(), tmp_path / "taken" / "smoke", {})
    assert "cannot be written" in one_line(caught) and "choose another folder" in one_line(caught)
    assert files(tmp_path) == {"taken": b"a file"}


SAVING = """
import json, os, signal, sys, warnings
from pathlib import Path
import numpy as np, xarray
from diversity_jax import results

# One process per moment: the one numbered k dies at its k-th step that touches the disk.
def dies_at(last):
    count = [0]
    def wrap(function):
        def step(*arguments, **options):
            count[0] += 1
            if count[0] == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)
        return step
    os.fsync, Path.unlink = wrap(os.fsync), wrap(Path.unlink)
    Path.replace, Path.open, Path.mkdir = wrap(Path.replace), wrap(Path.open), wrap(Path.mkdir)

def dataset(value):
    return xarray.Dataset({"value": ("seed", np.full(3, value))})

folder, outcomes = Path(sys.argv[1]), []
for last in range(1, 40):
    where = folder / str(last)
    results.save(dataset(1.0), where, {"version": "old"})
    child = os.fork()
    if child == 0:
        dies_at(last)
        results.save(dataset(2.0), where, {"version": "new"})
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    found = results.read(where)
    version = results.provenance(where)["version"]
    assert (found["value"].values == {"old": 1.0, "new": 2.0}[version]).all()
    results.save(dataset(3.0), where, {"version": "newer"})
    assert (results.read(where)["value"].values == 3.0).all()
    outcomes.append([os.WIFSIGNALED(status), version])
    if not os.WIFSIGNALED(status):
        break
print(json.dumps(outcomes))
"""


def test_a_kill_at_any_step_of_a_save_leaves_the_old_or_the_new_result_whole(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", SAVING, str(tmp_path)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    outcomes = json.loads(ended.stdout)
    killed = [version for dead, version in outcomes if dead]
    assert outcomes[-1] == [False, "new"]
    assert len(killed) >= 8 and killed == sorted(killed, reverse=True)
    assert {"old", "new"} == set(killed)


def damage_truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def damage_flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [damage_truncate, damage_flip, lambda path: path.unlink()])
def test_a_damaged_data_file_is_named_and_can_be_made_again(tmp_path, damage):
    data = results.save(sample(), tmp_path, {})
    damage(data)
    before = files(tmp_path)
    with pytest.raises(results.ResultCorrupt) as caught:
        results.read(tmp_path)
    assert str(data) in one_line(caught) and f"delete {tmp_path / results.MANIFEST}" in str(caught)
    assert files(tmp_path) == before
    (tmp_path / results.MANIFEST).unlink()  # as the message says
    with pytest.raises(results.ResultMissing):
        results.read(tmp_path)
    results.save(sample(), tmp_path, {})
    same(results.read(tmp_path), sample())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"\xff\xfe\x00",
        b'["data", "sha256", "provenance"]',
        b'{"data": "data-1.nc", "sha256": "00"}',
        b'{"data": 5, "sha256": "00", "provenance": {}}',
        b'{"data": "data-1.nc", "sha256": "00", "provenance": []}',
    ],
)
def test_a_damaged_manifest_is_named_and_a_new_result_mends_it(tmp_path, content):
    results.save(sample(), tmp_path, {})
    (tmp_path / results.MANIFEST).write_bytes(content)
    before = files(tmp_path)
    for look in (results.read, results.provenance):
        with pytest.raises(results.ResultCorrupt) as caught:
            look(tmp_path)
        assert str(tmp_path / results.MANIFEST) in one_line(caught)
    assert files(tmp_path) == before
    results.save(sample(1.0), tmp_path, {})
    same(results.read(tmp_path), sample(1.0))


@pytest.mark.parametrize("content", [b"", b"not netCDF", b"\x89HDF\r\n\x1a\n" + bytes(200)])
def test_a_single_data_file_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "some.nc"
    path.write_bytes(content)
    with pytest.raises(results.ResultCorrupt) as caught:
        results.read_file(path)
    assert str(path) in one_line(caught)
    for absent in (tmp_path / "absent.nc", tmp_path):
        with pytest.raises(results.ResultMissing) as caught:
            results.read_file(absent)
        assert str(absent) in one_line(caught)


def test_a_single_data_file_can_be_read_wherever_it_lies(tmp_path):
    data = results.save(sample(), tmp_path / "result", {})
    same(results.read_file(data.rename(tmp_path / "elsewhere.nc")), sample())


def test_a_missing_result_names_the_command_that_makes_it(tmp_path, monkeypatch):
    monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(tmp_path))
    with pytest.raises(results.ResultMissing) as caught:
        results.load("some", "smoke", lengths=(2.0, 5.0), exact=False, seed=3)
    command = "python -m experiments some --preset smoke --no-exact --lengths 2.0 5.0 --seed 3"
    assert one_line(caught).endswith(f"make it with: {command}")


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
    points = [{"size": 2, "start": "a"}, {"size": 3, "start": "b"}]
    arrays = [
        {"path": np.arange(4).reshape(2, 2), "end": np.array([True, False])},
        {"path": np.arange(6).reshape(2, 3), "end": np.array([True, True])},
    ]
    made = results.assemble(points, arrays, {"path": ("frame",)}, 2)
    assert made.sizes == {"point": 2, "seed": 2, "frame": 3}
    expected = [[[0, 1, np.nan], [2, 3, np.nan]], [[0, 1, 2], [3, 4, 5]]]
    np.testing.assert_array_equal(made.path.values, np.array(expected))
    assert made.end.dtype == bool
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
