"""Real images as tokens: halves, sequences, heads trained on them, and other people's clusterers.

Tokens are images minus the mean of all images of the data set (all classes, not only the chosen
ones: that mean would put the centroids of a pair on one line), on its first principal
components. Both come from the whole training split, unlabelled; labels enter only where said.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from diversity_jax import datasets, seeds
from diversity_jax.attention import layer, training

SEPARATOR = "|"


class Prepared(NamedTuple):
    """All tokens of a data set, and the way back to pixels."""

    tokens: np.ndarray
    images: datasets.Images
    projection: datasets.Projection


class Half(NamedTuple):
    """One half of the chosen classes' tokens, a class a row, padded to `room`; and its moments."""

    bank: Float[np.ndarray, "k room d"]
    counts: Int[np.ndarray, " k"]
    means: Float[np.ndarray, "k d"]
    covariances: Float[np.ndarray, "k d d"]

    @property
    def tokens(self) -> np.ndarray:
        """The tokens, each image once, class after class."""
        return np.concatenate([row[:count] for row, count in zip(self.bank, self.counts)])

    @property
    def labels(self) -> np.ndarray:
        """The class of each of `tokens`."""
        return np.repeat(np.arange(len(self.counts), dtype=np.int32), self.counts)


@lru_cache(maxsize=4)
def prepared(data: str, dimension: int, per_class: int) -> Prepared:
    """The training split of data set `data` as tokens; `per_class` 0 keeps all images."""
    images = datasets.load(data)
    if per_class:
        images = datasets.select(images, images.classes, per_class)
    tokens, projection = datasets.prepare(images.pixels, dimension=dimension)
    return Prepared(tokens.astype(np.float64), images, projection)


def halves(key: Array, whole: Prepared, names: tuple[str, ...]) -> tuple[Half, Half]:
    """Random halves of each class, scaled so that the first half's centroids have mean square 1."""
    random = seeds.numpy_generator(key)
    chosen = [whole.images.classes.index(name) for name in names]
    orders = [random.permutation(np.flatnonzero(whole.images.labels == c)) for c in chosen]
    # Every choice of classes gets the same room, so that few shapes are compiled.
    room = (int(np.bincount(whole.images.labels).max()) + 1) // 2
    rows = [[order[: len(order) // 2], order[len(order) // 2 :]] for order in orders]
    raw = [[whole.tokens[part[half]] for part in rows] for half in (0, 1)]
    unit = np.sqrt(np.mean([np.sum(part.mean(axis=0) ** 2) for part in raw[0]]))
    first, second = (_half([part / unit for part in parts], room) for parts in raw)
    return first, second


def _half(parts: list[np.ndarray], room: int) -> Half:
    bank = np.zeros((len(parts), room, parts[0].shape[1]))
    for slot, part in zip(bank, parts):
        slot[: len(part)] = part
    labels = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
    _, means, covariances = datasets.class_moments(np.concatenate(parts), labels, len(parts))
    return Half(bank, np.asarray([len(part) for part in parts], np.int32), means, covariances)


def draw(
    key: Array, bank: Float[Array, "k room d"], counts: Int[Array, " k"], shape: tuple[int, ...]
) -> tuple[Float[Array, "*shape d"], Int[Array, "*shape"]]:
    """Independent tokens, classes equally likely, images of a class with replacement."""
    which, place = jax.random.split(key)
    labels = jax.random.randint(which, shape, 0, bank.shape[0], jnp.int32)
    rows = jax.random.randint(place, shape, 0, counts[labels], jnp.int32)
    return bank[labels, rows], labels


@partial(jax.jit, static_argnames=("length", "batch", "steps"))
def train(
    key: Array,
    start: Float[Array, "h d"],
    bank: Array,
    counts: Array,
    strength: Array,
    regularisations: Float[Array, " r"],
    learning_rate: Array,
    *,
    length: int,
    batch: int,
    steps: int,
) -> Float[Array, "r h d"]:
    """Heads after online SGD on fresh sequences, once per regularisation, on the same draws.

    The regulariser is estimated on the tokens of the batch; nothing sees a label.
    """

    def descend(regularisation: Array) -> Array:
        def loss(step_key: Array, heads: Array) -> Array:
            tokens, _ = draw(step_key, bank, counts, (batch, length))
            outputs = jax.vmap(
                lambda one: layer.linear_attention(
                    one, heads, strength=strength, clusters=bank.shape[0]
                )
            )(tokens)
            squares = (tokens @ heads.T) ** 2
            pairs = (jnp.sum(squares, axis=-1) ** 2 - jnp.sum(squares**2, axis=-1)) / 2
            risk = jnp.mean(jnp.sum((tokens - outputs) ** 2, axis=-1))
            return risk + regularisation * jnp.mean(pairs)

        path = training.online(
            key, loss, start, learning_rate=learning_rate, frames=1, stride=steps
        )
        return path.heads

    return jax.vmap(descend)(regularisations)


@partial(jax.jit, static_argnames=("number", "length"))
def run_layers(
    key: Array,
    bank: Float[Array, "k room d"],
    counts: Int[Array, " k"],
    heads: Float[Array, "r k d"],
    strengths: Float[Array, " layers"],
    *,
    number: int,
    length: int,
) -> tuple[Float[Array, "n d"], Int[Array, " n"], Float[Array, "layers n d"]]:
    """Fresh sequences one after the other: tokens, classes, and the outputs of every layer.

    The in-context layer first, then the layer with each set of heads.
    """
    tokens, labels = draw(key, bank, counts, (number, length))
    clusters, dimension = bank.shape[0], bank.shape[2]
    context = jax.vmap(
        lambda one: layer.in_context_attention(one, strength=strengths[0], scale=clusters)
    )(tokens)
    trained = jax.vmap(
        lambda these, strength: jax.vmap(
            lambda one: layer.linear_attention(one, these, strength=strength, clusters=clusters)
        )(tokens)
    )(heads, strengths[1:])
    outputs = jnp.concatenate([context[None], trained]).reshape(1 + len(heads), -1, dimension)
    return tokens.reshape(-1, dimension), labels.reshape(-1), outputs


class Fitted(NamedTuple):
    """scikit-learn's clusterers, fitted without labels on the training half."""

    k_means: Any
    mixture: Any
    on_outputs: Any


def fit(key: Array, tokens: np.ndarray, context_outputs: np.ndarray, clusters: int) -> Fitted:
    """KMeans and GaussianMixture on `tokens`, and KMeans on the in-context layer's outputs.

    Ten starts for k-means, five for the mixture; full covariances with 1e-3 of the centroids'
    mean square added to each variance.
    """
    from sklearn.cluster import KMeans
    from sklearn.mixture import GaussianMixture as Peer

    state = int(seeds.numpy_generator(seeds.stream(key, "peers")).integers(2**31))
    k_means = KMeans(clusters, n_init=10, random_state=state)  # pyright: ignore[reportArgumentType]
    mixture = Peer(clusters, n_init=5, reg_covar=1e-3, max_iter=500, random_state=state)
    on_outputs = KMeans(clusters, n_init=10, random_state=state)  # pyright: ignore[reportArgumentType]
    return Fitted(k_means.fit(tokens), mixture.fit(tokens), on_outputs.fit(context_outputs))


def agreement(labels: np.ndarray, found: np.ndarray, clusters: int) -> tuple[float, float]:
    """Accuracy under the best renaming of the clusters found, and the adjusted Rand index."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import adjusted_rand_score

    table = np.zeros((clusters, clusters))
    np.add.at(table, (labels, found), 1)
    rows, columns = linear_sum_assignment(table, maximize=True)
    return table[rows, columns].sum() / labels.size, adjusted_rand_score(labels, found)
