"""The library's annotations are checked while tests run: by jaxtyping's hook, with beartype.

Tests feed bad input on purpose and want the library's own one clear error. So where an argument
breaks its annotation the function runs all the same: what it raises then is what the caller sees,
and only bad input that it takes in silence is an error of types. A check costs some 70 µs, and to
prepare one for a function within a function a millisecond each time that the outer one is called:
so what is checked is a function's first calls with given types, and its first closures.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections import Counter
from collections.abc import Sequence

import jaxtyping
import numpy.typing as npt
from beartype import BeartypeConf, FrozenDict, beartype

# What numpy takes nested is a protocol that, read to the letter, leaves tuples out.
GIVEN = {npt.ArrayLike: typing.Union[*typing.get_args(npt.ArrayLike), Sequence]}
# An integer is a float, and a float a complex number, as the typing documents have it.
check = beartype(conf=BeartypeConf(is_pep484_tower=True, hint_overrides=FrozenDict(GIVEN)))


CALLS = 100
CALLS_OF_ALL_TYPES = 1000
CLOSURES = 20


def install():
    """Check every function and record of `diversity_jax` that is imported from now on."""
    strict = jaxtyping.jaxtyped
    made = Counter()

    def jaxtyped(function=None, *, typechecker=None):
        if function is None:
            return functools.partial(jaxtyped, typechecker=typechecker)
        if not inspect.isfunction(function):
            return strict(function, typechecker=typechecker)
        made[function.__code__] += 1
        if made[function.__code__] > CLOSURES:
            return function
        checked = strict(function, typechecker=typechecker)

        called, total = Counter(), 0

        @functools.wraps(function)
        def run(*arguments, **options):
            nonlocal total
            total += 1
            if total > CALLS_OF_ALL_TYPES:
                return function(*arguments, **options)
            types = (*map(type, arguments), *((name, type(options[name])) for name in options))
            called[types] += 1
            if called[types] > CALLS:
                return function(*arguments, **options)
            try:
                return checked(*arguments, **options)
            except jaxtyping.TypeCheckError:
                function(*arguments, **options)
                raise

        return run

    jaxtyping.jaxtyped = jaxtyped
    jaxtyping.install_import_hook("diversity_jax", "tests.typed.check")
