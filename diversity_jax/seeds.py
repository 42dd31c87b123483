"""Named random streams, and one job over many seeds on one or many devices.

Every number comes from one integer, the root. A stream is the root folded with names, so adding
a stream changes no other; seed number `i` of a stream is the stream folded with `i`, so its
result depends neither on how many seeds there are nor on which of them run together.

Reference mode is an unbatched `lax.map` in a `shard_map`: on one machine its results are the same
bit for bit for any number of seeds at a time and for any number of devices. Fast mode is `vmap`,
to be compared with it by tolerance.
"""

from __future__ import annotations

import hashlib
import operator
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Key, PyTree
from threadpoolctl import threadpool_limits

from diversity_jax import validate

Mode = Literal["reference", "fast"]
MODES = ("reference", "fast")
THREADS_PER_DEVICE = 4


def root(seed: int | np.integer) -> Key[Array, ""]:
    """The key under which all streams of a run lie.

    Errors: ValueError for a seed that is no integer from 0 to 2**32 - 1.
    """
    return jax.random.key(validate.seed(seed))


def stream(key: Key[Array, ""], *names: str | npt.ArrayLike) -> Key[Array, ""]:
    """The key of the stream called `names` under `key`; equal names give equal keys.

    Names are hashed with BLAKE2s, so the order in which streams are made does not matter. A number
    of numpy's or jax's names the same stream as Python's.

    Errors: ValueError for a name that is neither text nor one known integer.
    """
    for name in names:
        digest = hashlib.blake2s(_spelled(name).encode(), digest_size=8).digest()
        key = jax.random.fold_in(key, int.from_bytes(digest[:4], "big"))
        key = jax.random.fold_in(key, int.from_bytes(digest[4:], "big"))
    return key


def numpy_generator(key: Key[Array, ""]) -> np.random.Generator:
    """numpy's random numbers from the stream `key`, for work on the host."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)))


def seed_keys(key: Key[Array, ""], indices: npt.ArrayLike) -> Key[Array, " s"]:
    """Keys of the seeds numbered `indices`, of the stream `key`.

    Shapes: `[s]` -> `[s]`.
    Errors: ValueError for what is no vector of integers from 0 to 2**32 - 1.
    """
    numbers = _numbers(indices)
    return jax.vmap(lambda index: jax.random.fold_in(key, index))(jnp.asarray(numbers))


def over_seeds(
    job: Callable[..., PyTree],
    *,
    mode: Mode = "reference",
    devices: Sequence[jax.Device] | None = None,  # pyright: ignore[reportInvalidTypeForm]
    width: int = 1,
) -> Callable[..., PyTree]:
    """A compiled function `(keys [s], *operands) -> outputs with a leading axis [s]`.

    `job(key, *operands)` is one seed; operands are pytrees of arrays, shared by all seeds. Keys
    are spread over `devices` (default: `safe_devices`). One trace per shape of keys and operands;
    fewer keys than `width` are filled up to it, so that a shorter last chunk is no new shape.

    Errors: ValueError for an unknown mode, and for no keys.
    """
    validate.choice("mode", mode, MODES)
    devices = safe_devices() if devices is None else devices
    mesh = jax.make_mesh((len(devices),), ("seed",), (AxisType.Auto,), devices=devices)

    def block(keys: Key[Array, " s"], *operands: PyTree) -> PyTree:
        if mode == "fast":
            return jax.vmap(lambda key: job(key, *operands))(keys)
        return jax.lax.map(lambda key: job(key, *operands), keys)

    def sharded(keys: Key[Array, " s"], *operands: PyTree) -> PyTree:
        specs = (P("seed"), *(P() for _ in operands))
        return jax.shard_map(
            block, mesh=mesh, in_specs=specs, out_specs=P("seed"), check_vma=False
        )(keys, *operands)

    compiled = jax.jit(sharded)
    spread = NamedSharding(mesh, P("seed"))
    everywhere = NamedSharding(mesh, P())

    def run(keys: Key[Array, " s"], *operands: PyTree) -> PyTree:
        number = _count(keys)
        padded = jax.device_put(_pad(keys, len(devices), width), spread)
        outputs = compiled(padded, *jax.device_put(operands, everywhere))
        # On one device, so that what a caller computes from them cannot depend on their number.
        return jax.tree.map(lambda leaf: leaf[:number], jax.device_put(outputs, devices[0]))

    return run


def safe_devices() -> list[jax.Device]:  # pyright: ignore[reportInvalidTypeForm]
    """All devices; on CPU only the first one where several could wait for one another for ever.

    A batched LAPACK call (a `vmap` of Cholesky, say) holds a thread of XLA's common pool while
    others of that pool do its work. The pool has as many threads as there are cores, or devices
    if these are more, or `PJRT_NPROC` where that is set before jax starts. With two devices and
    two threads jax 0.10.2 hangs; four threads for each device are taken to be enough.
    """
    devices = jax.devices()
    if devices[0].platform != "cpu":
        return devices
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = os.environ.get("PJRT_NPROC") or os.environ.get("NPROC") or cores or 1
    return devices if int(threads) >= THREADS_PER_DEVICE * len(devices) else devices[:1]


def on_host(job: Callable[..., PyTree], *, workers: int | None = None) -> Callable[..., PyTree]:
    """Like `over_seeds` for a job that runs in numpy on the host: one thread per seed.

    For eigenvalues alone on CPU (LAPACK's own driver is 2.4 times faster than `jnp.linalg`) and
    for jobs that call other libraries. Results come back in the order of the keys, and BLAS has one
    thread for each seed while the run lasts, so the number of `workers` (default: one) changes
    nothing but the time. A job that fails on one seed returns NaN for it; one that raises ends the
    run.

    Errors: ValueError for no keys.
    """

    def run(keys: Key[Array, " s"], *operands: PyTree) -> PyTree:
        _count(keys)
        # Seeds times BLAS threads would be more threads than cores.
        pool = ThreadPoolExecutor(max_workers=workers or 1)
        with threadpool_limits(1, user_api="blas"), pool:
            outputs = list(pool.map(lambda key: job(key, *operands), list(keys)))
        return jax.tree.map(
            lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *outputs
        )

    return run


def _spelled(name: object) -> str:
    """What is hashed for one name of a stream."""
    if isinstance(name, str):
        return repr(str(name))  # numpy's text spells itself in another way
    fix = "pass text or an integer; for a traced number use jax.random.fold_in"
    if isinstance(name, bool | np.bool_):
        raise validate.fail("names", repr(name), "text or integers", fix)
    try:
        return repr(operator.index(name))  # pyright: ignore[reportArgumentType]
    except TypeError as error:
        got = f"{type(name).__name__} {name!r}"
        raise validate.fail("names", got, "text or integers", fix) from error


def _numbers(indices: npt.ArrayLike) -> np.ndarray:
    """Seeds as 32-bit integers, none of which has changed its value on the way."""
    expected, fix = "integers from 0 to 2**32 - 1, which tell keys apart", "number the seeds from 0"
    given = validate.concrete(indices)
    if given is None:
        raise validate.fail("indices", "a traced array", expected, "pass numpy's or Python's")
    validate.shape("indices", given, (None,), "pass e.g. range(8)")
    # Python's integers that numpy has no type for come as objects or floats.
    given = given if given.size else given.astype(np.int64)
    if not np.issubdtype(given.dtype, np.integer):
        raise validate.fail("indices", f"type {given.dtype}", expected, fix)
    if given.size and not (given.min() >= 0 and given.max() < 2**32):
        raise validate.fail("indices", f"{given.min()} to {given.max()}", expected, fix)
    return given.astype(np.uint32)


def _count(keys: Key[Array, " s"]) -> int:
    if keys.ndim != 1 or keys.shape[0] == 0:
        raise validate.fail("keys", f"shape {keys.shape}", "one or more", "use seeds.seed_keys")
    return keys.shape[0]


def _pad(keys: Key[Array, " s"], devices: int, width: int) -> Key[Array, " padded"]:
    """Repeat the last key until every device has the same number, and at least two.

    The compiler removes a loop of one turn and may then fuse, and so round, its body differently.
    """
    number = keys.shape[0]
    wanted = max(2, -(-max(number, width) // devices)) * devices
    filler = jnp.broadcast_to(keys[-1:], (wanted - number,))
    return jnp.concatenate([keys, filler]) if wanted > number else keys
