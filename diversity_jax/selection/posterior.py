"""Probabilities of the domains, of each point by a classifier that has not seen its label.

A classifier that has seen the point's own label would be too sure of it, the more so the longer
it is trained: entropies of its probabilities would say little.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from diversity_jax import validate

FOLDS, STRENGTH = 5, 10.0  # of the classifier: parts of the data, inverse regularisation
Predict = Callable[[np.ndarray, np.ndarray], np.ndarray]


def held_out(folds: Int[np.ndarray, " n"], predict: Predict) -> Float[np.ndarray, "n k"]:
    """The probabilities of each fold's points by what was fitted to all other folds.

    `predict(seen, asked)` fits to the points numbered `seen` and gives the probabilities of those
    numbered `asked`. `folds` are numbered from 0.
    """
    parts = [np.flatnonzero(folds == fold) for fold in range(folds.max() + 1)]
    probabilities = [predict(np.flatnonzero(folds != fold), own) for fold, own in enumerate(parts)]
    whole = np.empty((len(folds), probabilities[0].shape[1]))
    whole[np.concatenate(parts)] = np.concatenate(probabilities)
    return whole


def logistic(
    random: np.random.Generator,
    rows: Float[np.ndarray, "n d"],
    labels: Int[np.ndarray, " n"],
    *,
    domains: int,
) -> Float[np.ndarray, "n k"]:
    """Probabilities by multinomial logistic regression, in five folds with all domains in each.

    Errors: ValueError for one domain alone and for domains of fewer than two points.
    Source: ours.
    """
    from sklearn.linear_model import LogisticRegression

    sizes = np.bincount(labels, minlength=domains)
    if domains < 2 or sizes.min() < 2:
        got = f"{domains} domains, the smallest of {sizes.min()} points"
        fix = "merge or leave out small domains"
        raise validate.fail("labels", got, "two domains or more, of two points or more", fix)
    shuffled = random.permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    folds = np.empty(len(labels), int)
    folds[order] = np.arange(len(labels)) % min(FOLDS, int(sizes.min()))

    def predict(seen: np.ndarray, asked: np.ndarray) -> np.ndarray:
        model = LogisticRegression(C=STRENGTH, max_iter=2000)
        model.fit(rows[seen], labels[seen])
        return model.predict_proba(rows[asked])

    probabilities = held_out(folds, predict)
    return probabilities / probabilities.sum(axis=1, keepdims=True)
