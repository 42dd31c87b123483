"""What a selection of texts is worth: shares, Vendi score, and classifiers trained on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from diversity_jax.selection.measures import vendi
from diversity_jax.selection.posterior import held_out
from experiments.shared.text_data import Part

__all__ = ["by_domain", "classify", "entropy", "posterior", "told", "vendi"]

RIDGE = 1.0
SHRINKAGE = 0.5
TEMPERATURES = np.geomspace(0.02, 2.0, 41)


def told(kept: Part, test: Part, vectors: str) -> np.ndarray:
    """Whether the domain of each text of the test is told right by what `kept` says."""
    return classify(getattr(kept, vectors), kept.domains, getattr(test, vectors)) == test.domains


def by_domain(values: np.ndarray, domains: np.ndarray) -> np.ndarray:
    """The mean of `values` in each domain."""
    return np.bincount(domains, values) / np.bincount(domains)


def classify(vectors: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The label of highest value, by ridge regression one against all.

    The intercept is not shrunk. A label that `vectors` do not have is never given.
    """
    targets = np.eye(labels.max() + 1)[labels]
    level, middle = targets.mean(axis=0), vectors.mean(axis=0)
    rows = (vectors - middle).astype(float)
    # In the space of samples, of which there are fewer than dimensions.
    gram = rows @ rows.T + RIDGE * np.eye(len(rows))
    weights = np.linalg.solve(gram, targets - level)
    return np.argmax((asked - middle) @ rows.T @ weights + level, axis=1)


def posterior(order: np.ndarray, part: Part, domains: int) -> np.ndarray:
    """Probabilities of the true domains, for each half from a discriminant fitted to the other.

    Gaussian classes of one covariance, shrunk half way to a multiple of the identity; one
    temperature is set to the likelihood of the half that is predicted, so that they are
    calibrated. `order` is a random order of the texts.
    """
    folds = np.zeros(len(order), int)
    folds[order[len(order) // 2 :]] = 1

    def predict(seen: np.ndarray, asked: np.ndarray) -> np.ndarray:
        logits, prior = _discriminant(part.take(seen), part.sentences[asked], domains)
        own = part.domains[asked]
        tried = [_softmax(scale * logits + prior) for scale in TEMPERATURES]
        likelihood = [np.log(one[np.arange(len(own)), own] + 1e-300).mean() for one in tried]
        return tried[int(np.argmax(likelihood))]

    return held_out(folds, predict)


def _discriminant(part: Part, asked: np.ndarray, domains: int) -> tuple[np.ndarray, np.ndarray]:
    member = np.eye(domains)[part.domains]
    counts = member.sum(axis=0)
    # Seen from the middle, so that a common offset costs no digits.
    middle = part.sentences.mean(axis=0)
    rows, asked = part.sentences - middle, asked - middle
    means = member.T @ rows / np.maximum(counts, 1)[:, None]
    spread = rows - means[part.domains]
    covariance = spread.T @ spread / len(spread)
    isotropic = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    directions = np.linalg.solve((1 - SHRINKAGE) * covariance + SHRINKAGE * isotropic, means.T)
    logits = asked @ directions - np.sum(means.T * directions, axis=0) / 2
    return logits, np.log((counts + 0.5) / (counts + 0.5).sum())


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def entropy(shares: np.ndarray) -> Any:
    """``-sum p ln p`` over the last axis."""
    return -np.sum(shares * np.log(np.where(shares > 0, shares, 1)), axis=-1)
