"""Which code made a result: a hash of the experiment and of the library modules it reaches."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from diversity_jax import fingerprint
from diversity_jax.fingerprint import code

__all__ = ["CHECKOUT", "code", "of", "reached"]

CHECKOUT = Path(__file__).resolve().parent.parent.parent
KEYS_AND_JOBS = ("experiments", "runner", "compute.py")


@lru_cache
def of(experiment: str) -> str:
    """Fingerprint (16 hex digits) of experiment `experiment`: its file and what that imports."""
    own = CHECKOUT / "experiments" / f"{experiment}.py"
    return fingerprint.of_files(own, CHECKOUT.joinpath(*KEYS_AND_JOBS), root=CHECKOUT)


def reached(start: Path) -> set[Path]:
    """`start` and every library module that it imports, directly or through others."""
    return fingerprint.reached(start, root=CHECKOUT)
