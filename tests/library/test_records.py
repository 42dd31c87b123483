"""Records print what they hold."""

import importlib
import inspect
import pkgutil

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax

import diversity_jax
from diversity_jax.attention import settings, theory
from diversity_jax.records import SMALL, Record
from diversity_jax.selection.coverage.record import Selection


class Anything(Record):
    """Whatever a user's own record may hold."""

    first: object
    second: object


def test_small_arrays_are_printed_in_full_and_large_ones_by_their_shape():
    found = theory.dirac_minimum(clusters=2, length=5)
    assert repr(found) == "DiracMinimum(largest=0.75, risk=0.1)"
    chosen = Selection(jnp.array([3, 1]), jnp.array([0.5, 0.25]), jnp.float64(0.75))
    assert repr(chosen) == "Selection(indices=[3, 1], gains=[0.5 , 0.25], objective=0.75)"
    large = eqx.tree_at(lambda record: record.gains, chosen, jnp.zeros(SMALL + 1))
    assert f"gains=float64[{SMALL + 1}]" in repr(large)
    mixture = settings.orthonormal(clusters=2, dimension=3, variance=0.5)
    assert "kind='isotropic'" in repr(mixture) and "variances=[0.5, 0.5]" in repr(mixture)


def test_what_has_no_numbers_is_printed_too():
    seen = []

    @jax.jit
    def traced(record):
        seen.append(repr(record))
        return record.risk

    found = theory.dirac_minimum(clusters=2, length=5)
    traced(found)
    assert "DiracMinimum" in seen[0]
    assert repr(eqx.filter(found, lambda leaf: False)) == "DiracMinimum(largest=None, risk=None)"
    gone = Selection(jnp.array([3]), jnp.array([0.5]), jnp.array(0.5))
    gone.gains.delete()
    assert "gains=float64[1]" in repr(gone)
    keyed = Anything(jax.random.key(0), "words")
    assert "key<fry>[]" in repr(keyed) and "second='words'" in repr(keyed)


def test_every_record_of_the_library_prints_in_this_one_way():
    for module in pkgutil.walk_packages(diversity_jax.__path__, "diversity_jax."):
        if module.name.endswith("__main__") or ".commands" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            own = inspect.isclass(value) and value.__module__ == module.name
            solver = own and issubclass(value, lineax.AbstractLinearSolver)  # no record
            if own and issubclass(value, eqx.Module) and not solver:
                assert value.__repr__ is Record.__repr__, (module.name, name)
