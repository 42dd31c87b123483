"""The library's annotations are checked while tests run: by jaxtyping's hook, with beartype.

Tests feed bad input on purpose and want the library's own one clear error. So where an argument
breaks its annotation the function runs all the same: what it raises then is what the caller sees,
and only bad input that it takes in silence is an error of types.
"""

from __future__ import annotations

import functools
import inspect

import jaxtyping
from beartype import BeartypeConf, beartype

# An integer is a float, and a float a complex number, as the typing documents have it.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))


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
