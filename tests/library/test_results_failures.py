"""Full disks, kills and damaged files: one clear line, and what was there before is whole."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from diversity_jax import files as store
from diversity_jax import results
from tests.library.test_results import files, one_line, same, sample

CHECKOUT = Path(__file__).resolve().parents[2]


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

# One process per moment: number k dies at the k-th beginning or end of a step on the disk.
def dies_at(last):
    count = [0]
    def reached():
        count[0] += 1
        if count[0] == last:
            os.kill(os.getpid(), signal.SIGKILL)
    def wrap(function):
        def step(*arguments, **options):
            reached()
            made = function(*arguments, **options)
            reached()
            return made
        return step
    os.fsync, Path.unlink = wrap(os.fsync), wrap(Path.unlink)
    Path.replace, Path.open, Path.mkdir = wrap(Path.replace), wrap(Path.open), wrap(Path.mkdir)

def dataset(value):
    return xarray.Dataset({"value": ("seed", np.full(3, value))})

folder, outcomes = Path(sys.argv[1]), []
for last in range(1, 60):
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
    assert len(killed) >= 16 and killed == sorted(killed, reverse=True)
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
    said = one_line(caught)
    assert str(data) in said and f"delete {tmp_path / results.MANIFEST}" in said
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


@pytest.mark.parametrize("part", ["manifest", "data"])
def test_a_folder_in_place_of_a_file_is_named(tmp_path, part):
    data = results.save(sample(), tmp_path, {})
    path = tmp_path / results.MANIFEST if part == "manifest" else data
    path.unlink()
    path.mkdir()
    with pytest.raises(results.ResultCorrupt) as caught:
        results.read(tmp_path, again="make it again")
    said = one_line(caught)
    assert f"{path}: got a folder, expected a whole result; delete" in said
    # No save can replace a folder, so no command is named that would try.
    assert ("make it again" in said) == (part == "data")
    if part == "manifest":
        with pytest.raises(results.ResultCorrupt, match=r"delete .*manifest\.json and make"):
            results.check_place(tmp_path)
    else:
        results.check_place(tmp_path)
        (tmp_path / results.MANIFEST).unlink()
        path.rmdir()
        results.save(sample(), tmp_path, {})
        same(results.read(tmp_path), sample())


def test_the_refusal_of_a_damaged_result_names_the_command_that_replaces_it(monkeypatch, tmp_path):
    monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(tmp_path))
    data = results.save(sample(), results.folder("attention_risk", "smoke", {"seeds": 3}), {})
    damage_flip(data)
    with pytest.raises(results.ResultCorrupt) as caught:
        results.load("attention_risk", "smoke", seeds=3)
    command = "python -m experiments attention_risk --preset smoke --seeds 3 --again"
    assert one_line(caught).endswith(f"or run: {command}")
    (data.parent / results.MANIFEST).write_bytes(b"{")
    with pytest.raises(results.ResultCorrupt) as caught:
        results.load("attention_risk", "smoke", seeds=3)
    assert one_line(caught).endswith(f"or run: {command}")


def test_a_look_whether_a_folder_can_be_written_leaves_no_trace(tmp_path):
    (tmp_path / "taken").write_bytes(b"a file")
    old = tmp_path / ".report.html.1234.tmp"
    old.write_bytes(b"half")
    os.utime(old, (1e9, 1e9))
    new = tmp_path / ".report.html.5678.tmp"
    new.write_bytes(b"half")
    store.check_writable(tmp_path / "a" / "b", keep=False)
    store.check_writable(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"taken", new.name}
    for bad in (tmp_path / "taken", tmp_path / "taken" / "a", tmp_path / "a\0b"):
        with pytest.raises(results.WriteFailed) as caught:
            store.check_writable(bad, keep=False)
        assert f"{bad}: cannot be written" in one_line(caught)
    assert {path.name for path in tmp_path.iterdir()} == {"taken", new.name}
    store.check_writable(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize("content", [b"", b"not netCDF", b"\x89HDF\r\n\x1a\n" + bytes(200)])
def test_a_single_data_file_that_is_none_is_refused(tmp_path, content):
    path = tmp_path / "some.nc"
    path.write_bytes(content)
    with pytest.raises(results.ResultCorrupt) as caught:
        results.read_file(path)
    assert str(path) in one_line(caught)
    for absent in (tmp_path / "absent.nc", tmp_path):  # a folder without a result
        with pytest.raises(results.ResultMissing) as caught:
            results.read_file(absent)
        assert str(absent) in one_line(caught)
