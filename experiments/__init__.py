"""Experiments, one file each: Config, PRESETS, grid, job, summarise; `run` for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray


def run(
    name: str,
    preset: str = "laptop",
    *,
    seed: int = 0,
    save: bool = False,
    mode: str = "reference",
    **fields: Any,
) -> xarray.Dataset:
    """Run experiment `name` at `preset`, with `fields` of its Config replaced.

    In memory unless `save=True`, which does what the command line would: a result that is up to
    date is read, any other is made and saved. Errors: ValueError for an unknown name, preset or
    field, naming the nearest ones; and with `save` in 32-bit, which would replace a 64-bit result.
    """
    import jax

    from diversity_jax import validate
    from experiments.runner import execute, task

    if save and not jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
        fix = 'call jax.config.update("jax_enable_x64", True) first'
        raise validate.fail("save", "32-bit jax", "64-bit, as the command line uses", fix)
    made = task.make(name, preset, seed=seed, mode=mode, **fields)
    if not save:
        return execute.in_memory(made)
    dataset = execute.standing(made)[1]
    if dataset is None:
        dataset = execute.execute(made)
    assert dataset is not None  # a run without shards is whole when it returns
    return dataset
