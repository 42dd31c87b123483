"""What is asked of a harmonic system besides its affinity."""

from __future__ import annotations

from typing import Any, NamedTuple


class Task(NamedTuple):
    """Of numpy or of jax: labels `[n, k]`; nodes held, confidences and multiplicities `[n]`."""

    labels: Any
    held: Any
    confidence: Any
    regularisation: Any
    multiplicities: Any
