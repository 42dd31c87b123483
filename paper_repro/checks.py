"""The nine kinds of check live in the library (`diversity_jax.checks`); the same functions here."""

from diversity_jax.checks import *  # noqa: F403
from diversity_jax.checks import __all__ as __all__
