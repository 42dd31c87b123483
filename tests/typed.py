"""The library's annotations are checked while tests run: by jaxtyping's hook, with beartype.

Tests feed bad input on purpose and want the library's own one clear error. So where an argument
breaks its annotation the function runs all the same: what it raises then is what the caller sees,
and only bad input that it takes in silence is an error of types.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Sequence

import jaxtyping
import numpy.typing as npt
from beartype import BeartypeConf, FrozenDict, beartype

# What numpy takes nested is a protocol that, read to the letter, leaves tuples out.
GIVEN = {npt.ArrayLike: typing.Union[*typing.get_args(npt.ArrayLike), Sequence]}
# An integer is a float, and a float a complex number, as the typing documents have it.
check = beartype(conf=BeartypeConf(is_pep484_tower=True, hint_overrides=FrozenDict(GIVEN)))


def install():
    """Check every function and record of `diversity_jax` that is imported from now on."""
    strict = jaxtyping.jaxtyped

    def jaxtyped(function=None, *, typechecker=None):
        if function is None:
            return functools.partial(jaxtyped, typechecker=typechecker)
        checked = strict(function, typechecker=typechecker)
        if not inspect.isfunction(function):
            return checked

        @functools.wraps(function)
        def run(*arguments, **options):
            try:
                return checked(*arguments, **options)
            except jaxtyping.TypeCheckError:
                function(*arguments, **options)
                raise

        return run

    jaxtyping.jaxtyped = jaxtyped
    jaxtyping.install_import_hook("diversity_jax", "tests.typed.check")
