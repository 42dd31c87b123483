"""The nine kinds of check: plain arrays in, a verdict out. Use them on a claim of your own."""

from paper_repro.checks.counts import probability
from paper_repro.checks.limits import convergence
from paper_repro.checks.numerical import counterexample, identity, inequality
from paper_repro.checks.over_seeds import agreement, correlation, ordering
from paper_repro.checks.slopes import exponent
from paper_repro.verdict import Verdict, combine

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
