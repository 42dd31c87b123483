"""Streams that names fix, and results that neither chunks, shards nor devices can change."""

import os
import subprocess
import sys
import zlib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import threadpoolctl

from diversity_jax import seeds

CHECKOUT = Path(__file__).resolve().parents[2]
PINNED = (223956745, 4096784082)
NAMES = ["start", "data", "noise", "heads", "1", 1, 0, "", "start ", "Start", "a/b"]

BITS = """
import hashlib
import jax, jax.numpy as jnp, numpy as np
from diversity_jax import seeds

def job(key, operand):
    square = jax.random.normal(seeds.stream(key, "square"), (60, 60), jnp.float64)
    values, vectors = jnp.linalg.eigh((square + square.T) / 2)
    factor = jnp.linalg.cholesky(square @ square.T / 60 + jnp.eye(60))
    long = jnp.sin(jnp.arange(1e6, dtype=jnp.float32) * square[0, 0].astype(jnp.float32))

    def step(_, x):
        x = x - 0.05 * (jnp.tanh(square @ x) * operand["rate"] + jnp.sin(x) * jnp.exp(-x * x))
        return x / jnp.linalg.norm(x)

    end = jax.lax.fori_loop(0, 40, step, square[0])
    return dict(values=values, vectors=vectors, factor=factor, end=end,
                total=jnp.sum(long), double=jnp.sum(long.astype(jnp.float64)))

run = seeds.over_seeds(job, devices=jax.devices())
keys = seeds.seed_keys(seeds.stream(seeds.root(0), "bits"), range(17))
operand = {"rate": jnp.asarray(0.3)}
for chunk in (1, 3, 7, 16, 17):
    parts = [run(keys[first : first + chunk], operand) for first in range(0, 17, chunk)]
    for name in sorted(parts[0]):
        whole = np.concatenate([np.asarray(part[name]) for part in parts])
        digest = hashlib.sha256(whole.tobytes()).hexdigest()[:16]
        print(len(jax.devices()), chunk, name, whole.shape[0], len(np.unique(whole)) > 16, digest)
"""


def words(key):
    return tuple(np.asarray(jax.random.key_data(key)).ravel().tolist())


def test_a_stream_depends_on_its_own_names_only():
    root = seeds.root(zlib.crc32(b"streams"))
    forwards = {name: words(seeds.stream(root, name)) for name in NAMES}
    backwards = {name: words(seeds.stream(root, name)) for name in [*NAMES, "new"][::-1]}
    assert {name: backwards[name] for name in NAMES} == forwards
    assert len({*backwards.values(), words(root)}) == len(NAMES) + 2


def test_streams_nest_and_their_order_is_part_of_the_name():
    root = seeds.root(3)
    nested = words(seeds.stream(seeds.stream(root, "a"), "b"))
    assert nested == words(seeds.stream(root, "a", "b"))
    assert nested != words(seeds.stream(root, "b", "a"))
    assert nested != words(seeds.stream(root, "ab"))


def test_roots_and_seeds_give_distinct_keys():
    keys = [words(seeds.root(number)) for number in (0, 1, 2, 2**31, 2**32 - 1)]
    for root in (0, 1):
        numbered = seeds.seed_keys(seeds.stream(seeds.root(root), "many"), range(1000))
        keys += [words(key) for key in numbered]
    assert len(set(keys)) == len(keys)


def test_the_stream_of_a_name_is_this_very_key():
    """A change of the hash would change every number of the project: it must not go unseen."""
    assert words(seeds.stream(seeds.root(0), "start")) == PINNED


def test_a_seed_has_the_same_key_however_many_there_are():
    stream = seeds.stream(seeds.root(0), "several")
    many = seeds.seed_keys(stream, range(50))
    few = seeds.seed_keys(stream, [41, 7])
    assert words(few) == words(many[jnp.asarray([41, 7])])


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, "0", None])
def test_a_root_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(ValueError, match=r"^seed: got .*expected an integer from 0 to 2"):
        seeds.root(seed)


def test_numbers_of_seeds_below_zero_are_refused():
    with pytest.raises(ValueError, match=r"^indices: got .*-1"):
        seeds.seed_keys(seeds.root(0), [0, -1])


@pytest.mark.bits
def test_the_reference_mode_gives_the_same_bits_for_any_chunk_and_number_of_devices():
    found = {}
    # Two threads: with so few, the bits of a batched (`vmap`) sum do depend on the chunk.
    for devices, threads in ((1, 2), (2, 16), (4, 16)):
        environment = {
            **os.environ,
            "JAX_NUM_CPU_DEVICES": str(devices),
            "PJRT_NPROC": str(threads),
            "OPENBLAS_NUM_THREADS": "1",
            "JAX_ENABLE_X64": "1",
        }
        ended = subprocess.run(
            [sys.executable, "-c", BITS],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr[-2000:]
        for line in ended.stdout.splitlines():
            number, chunk, name, rows, varied, digest = line.split()
            assert (number, rows, varied) == (str(devices), "17", "True")
            found[devices, int(chunk), name] = digest
    names = {name for _, _, name in found}
    assert len(found) == 3 * 5 * len(names) and len(names) == 6
    for name in names:
        different = {digest for (*_, other), digest in found.items() if other == name}
        assert len(different) == 1, (name, found)


BATCHED = """
import jax, jax.numpy as jnp
from diversity_jax import seeds

def job(key):
    square = jax.random.normal(key, (12, 60, 60), jnp.float64)
    factor = lambda one: jnp.linalg.cholesky(one @ one.T / 60 + jnp.eye(60))
    return jax.vmap(factor)(square)

run = seeds.over_seeds(job)
keys = seeds.seed_keys(seeds.root(0), range(17))
for _ in range(15):
    jax.block_until_ready(run(keys))
print(len(jax.devices()), len(seeds.safe_devices()))
"""


def test_a_seed_on_the_host_has_one_blas_thread():
    """Two seeds with two threads each are slower on two cores, and round as their load would."""

    def threads():
        return {pool["num_threads"] for pool in threadpoolctl.ThreadpoolController().info()
                if pool["user_api"] == "blas"}  # fmt: skip

    keys = seeds.seed_keys(seeds.stream(seeds.root(0), "threads"), range(3))
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        for workers in (None, 2):
            outputs = seeds.on_host(lambda key: max(threads()), workers=workers)(keys)
            assert outputs.tolist() == [1, 1, 1]
        assert threads() == {2}


@pytest.mark.parametrize(("threads", "used"), [("8", 2), ("4", 1)])
def test_batched_linear_algebra_on_two_devices_does_not_hang(threads, used):
    """With two threads, two devices did: where threads are few, one device is used."""
    environment = {**os.environ, "JAX_NUM_CPU_DEVICES": "2", "JAX_ENABLE_X64": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", BATCHED],
        cwd=CHECKOUT,
        env={**environment, "PJRT_NPROC": threads},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout.split() == ["2", str(used)]


def job(key, operand):
    draw = jax.random.normal(key, (5,), jnp.float64)
    return {"product": jnp.tanh(draw * operand), "whole": jnp.sum(draw > 0)}


def test_fast_mode_agrees_with_the_reference_up_to_rounding():
    keys = seeds.seed_keys(seeds.stream(seeds.root(0), "fast"), range(9))
    reference = seeds.over_seeds(job)(keys, jnp.asarray(0.7))
    fast = seeds.over_seeds(job, mode="fast")(keys, jnp.asarray(0.7))
    assert np.array_equal(reference["whole"], fast["whole"])
    # Each value is below 1 and takes about ten roundings.
    np.testing.assert_allclose(fast["product"], reference["product"], rtol=0, atol=3e-15)


def test_width_fills_up_a_short_chunk_without_a_new_trace_or_other_numbers():
    traced = []

    def counted(key):
        traced.append(1)
        return job(key, jnp.asarray(1.0))["product"]

    keys = seeds.seed_keys(seeds.stream(seeds.root(0), "width"), range(8))
    run = seeds.over_seeds(counted, width=3)
    parts = [run(keys[first : first + 3]) for first in (0, 3, 6)]
    assert [part.shape[0] for part in parts] == [3, 3, 2]
    assert len(traced) == 1
    whole = seeds.over_seeds(counted)(keys)
    assert np.concatenate(parts).tobytes() == np.asarray(whole).tobytes()


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_host_jobs_come_back_in_order_for_any_number_of_workers(workers):
    import time

    def host(key, scale):
        number = int(np.asarray(jax.random.key_data(key))[-1])
        time.sleep((number % 7) / 1000)  # so that later seeds overtake earlier ones
        return {"number": np.asarray(number), "scaled": scale * np.arange(3.0) * number}

    keys = seeds.seed_keys(seeds.stream(seeds.root(0), "host"), range(12))
    outputs = seeds.on_host(host, workers=workers)(keys, 0.5)
    numbers = np.asarray(jax.random.key_data(keys))[:, -1]
    assert np.array_equal(outputs["number"], numbers)
    assert np.array_equal(outputs["scaled"], 0.5 * np.arange(3.0) * numbers[:, None])


def test_an_empty_set_of_keys_and_an_unknown_mode_are_refused():
    none = seeds.seed_keys(seeds.root(0), [])
    for run in (seeds.over_seeds(job), seeds.on_host(job)):
        with pytest.raises(ValueError, match=r"^keys: got shape \(0,\)"):
            run(none, jnp.asarray(1.0))
    with pytest.raises(ValueError, match=r"^mode: got 'refrence'.*did you mean reference"):
        seeds.over_seeds(job, mode="refrence")
