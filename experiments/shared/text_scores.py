"""What a selection of texts is worth: shares, Vendi score, and classifiers trained on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from diversity_jax.selection.measures import vendi
from diversity_jax.selection.posterior import held_out
from experiments.shared.text_data import LABELS, Part

__all__ = ["accuracies", "classify", "entropy", "posterior", "vendi"]

RIDGE = 1.0
SHRINKAGE = 0.5
TEMPERATURES = np.geomspace(0.02, 2.0, 41)


def accuracies(kept: Part, test: Part, vectors: str) -> np.ndarray:
    """How often either label of the test is told right, `[label, domain]`, by what `kept` says."""
    rows, asked = getattr(kept, vectors), getattr(test, vectors)
    labels = [getattr(kept, name) for name in LABELS]
    wanted = [getattr(test, name) for name in LABELS]
    right = np.array(classify(rows, labels, asked)) == np.array(wanted)
    counts = np.bincount(test.domains)
    return np.stack([np.bincount(test.domains, one) / counts for one in right])


def classify(vectors: np.ndarray, labels: list[np.ndarray], asked: np.ndarray) -> list[np.ndarray]:
    """For each kind of label the one of highest value, by ridge regression one against all.

    The intercept is not shrunk. A label that `vectors` do not have is never given.
    """
    targets = [np.eye(one.max() + 1)[one] for one in labels]
    level = np.concatenate([one.mean(axis=0) for one in targets])
    middle = vectors.mean(axis=0)
    rows = (vectors - middle).astype(float)
    # In the space of samples, of which there are fewer than dimensions.
    gram = rows @ rows.T + RIDGE * np.eye(len(rows))
    weights = np.linalg.solve(gram, np.concatenate(targets, axis=1) - level)
    values = (asked - middle) @ rows.T @ weights + level
    ends = np.cumsum([one.shape[1] for one in targets])[:-1]
    return [np.argmax(one, axis=1) for one in np.split(values, ends, axis=1)]


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
