"""The nine kinds of check: plain arrays in, a verdict out. Use them on a claim of your own."""

from diversity_jax.checks.correlations import correlation
from diversity_jax.checks.counts import probability
from diversity_jax.checks.limits import convergence
from diversity_jax.checks.numerical import counterexample, identity, inequality
from diversity_jax.checks.slopes import exponent
from diversity_jax.checks.statistics import agreement, ordering
from diversity_jax.checks.verdict import Verdict, combine

__all__ = [
    "Verdict",
    "agreement",
    "combine",
    "convergence",
    "correlation",
    "counterexample",
    "exponent",
    "identity",
    "inequality",
    "ordering",
    "probability",
]
