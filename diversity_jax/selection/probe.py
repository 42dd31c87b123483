"""The domain probe and the entropy regressor: one trunk, trained by Adam on embeddings.

The trunk of arXiv 2502.04380, section 4.2 and its code: ``d -> 2d -> d -> d/2 -> 256 -> outputs``
with ReLU between, no dropout and no normalisation. `width` scales the hidden layers, since the
paper's own (58 million weights at d = 3584) are out of reach of a laptop.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array, ArrayLike, Float, Int, PyTree, ScalarLike

from diversity_jax import seeds, validate
from diversity_jax.records import Record
from diversity_jax.selection.scores import check_range

LAST_HIDDEN = 256
Loss = Callable[[Array, Array], Array]  # outputs and what is wanted


class Trunk(nnx.Module):
    """The network: embeddings `[n, d]` to outputs `[n, o]`."""

    def __init__(
        self,
        dimension: int,
        outputs: int,
        *,
        width: float = 1.0,
        dtype: np.dtype | type | None = None,
        rngs: nnx.Rngs,
    ):
        sizes = layer_sizes(dimension, outputs, width=width)
        self.layers = nnx.List(
            nnx.Linear(before, after, rngs=rngs, dtype=dtype, param_dtype=dtype or jnp.float32)
            for before, after in pairwise(sizes)
        )

    def __call__(self, embeddings: Float[Array, "n d"]) -> Float[Array, "n o"]:
        values = embeddings
        for layer in self.layers[:-1]:
            values = nnx.relu(layer(values))
        return self.layers[-1](values)


class Fitted(Record):
    """A trained network as data: its weights, the loss of each epoch, and what was held out.

    `kept` are the weights after each of the epochs asked for, stacked; see `at`.
    """

    parameters: PyTree
    losses: Float[Array, " epochs"]  # mean over the batches of each epoch
    held_out: Float[Array, ""]  # accuracy of a probe, mean squared error of a regressor
    kept: PyTree
    kept_held_out: Float[Array, " kept"]
    graph: nnx.GraphDef = eqx.field(static=True)

    def at(self, place: ScalarLike) -> Fitted:
        """The network as it was after the epoch number `place` of those kept; may be traced."""
        parameters = jax.tree.map(lambda stack: stack[place], self.kept)
        return eqx.tree_at(
            lambda fitted: (fitted.parameters, fitted.held_out),
            self,
            (parameters, self.kept_held_out[place]),
        )

    def outputs(self, embeddings: Float[ArrayLike, "n d"]) -> Float[Array, "n o"]:
        """What the network says of `embeddings` `[n, d]`: logits, or predictions `[n, 1]`."""
        return nnx.merge(self.graph, self.parameters)(jnp.asarray(embeddings))

    def probabilities(self, embeddings: Float[ArrayLike, "n d"]) -> Float[Array, "n k"]:
        """The domains' probabilities by a probe."""
        return jax.nn.softmax(self.outputs(embeddings), axis=1)


def layer_sizes(dimension: int, outputs: int, *, width: float = 1.0) -> tuple[int, ...]:
    """Sizes from input to output; hidden ones are `width` times the paper's, at least one.

    Errors: ValueError for sizes that are no integers above zero and a width that is not positive.
    Source: arXiv 2502.04380, section 4.2.
    """
    for name, value in (("dimension", dimension), ("outputs", outputs)):
        validate.integer(name, value, "pass e.g. 4", least=1)
    if not width > 0:
        raise validate.fail("width", width, "a number above 0", "pass 1 for the paper's own")
    hidden = (2 * dimension, dimension, dimension // 2, LAST_HIDDEN)
    return (dimension, *(max(1, round(width * size)) for size in hidden), outputs)


def parameter_count(dimension: int, outputs: int, *, width: float = 1.0) -> int:
    """Weights and biases of the network; 58,275,332 at d = 3584 and four domains."""
    sizes = layer_sizes(dimension, outputs, width=width)
    return sum((before + 1) * after for before, after in pairwise(sizes))


def fit_probe(
    key: Array,
    embeddings: Float[ArrayLike, "n d"],
    labels: Int[ArrayLike, " n"],
    *,
    domains: int,
    width: float = 1.0,
    epochs: int = 1,
    batch: int = 32,
    learning_rate: float = 1e-3,
    held_out: float = 0.03,
    keep: tuple[int, ...] = (),
) -> Fitted:
    """Train a probe of domains by cross-entropy; `held_out` of the result is its accuracy.

    The paper's settings are batch 1, learning rate 1e-5, one epoch and 3% held out. Entropies of a
    probe depend on how long it was trained (labels are often a function of the embedding): report
    `epochs` and `learning_rate` with them; `keep` names epochs whose networks are kept on the way
    (`Fitted.at`).

    Errors: ValueError for shapes, labels outside the domains, sizes that leave no batch, and epochs
    to keep that do not rise from 1 to `epochs`.
    Source: arXiv 2502.04380, section 4.2.
    """
    embeddings = jnp.asarray(embeddings)
    validate.shape("labels", labels, (len(embeddings),), "pass one per embedding")
    check_range(labels, domains=domains)

    def loss(outputs: Array, wanted: Array) -> Array:
        return optax.softmax_cross_entropy_with_integer_labels(outputs, wanted).mean()

    def score(outputs: Array, wanted: Array) -> Array:
        return jnp.mean((jnp.argmax(outputs, axis=1) == wanted).astype(outputs.dtype))

    return _fit(
        key, embeddings, jnp.asarray(labels), loss, score, outputs=domains, width=width,
        epochs=epochs, batch=batch, learning_rate=learning_rate, held_out=held_out, keep=keep,
    )  # fmt: skip


def fit_regressor(
    key: Array,
    embeddings: Float[ArrayLike, "n d"],
    rewards: Float[ArrayLike, " n"],
    *,
    width: float = 1.0,
    epochs: int = 1,
    batch: int = 32,
    learning_rate: float = 1e-3,
    held_out: float = 0.03,
    keep: tuple[int, ...] = (),
) -> Fitted:
    """Train the second network to predict `rewards` by squared error, `held_out` that error.

    Errors: ValueError for NaN, and as for `fit_probe`.
    Source: arXiv 2502.04380, section 4.2 (psi_div).
    """
    embeddings = jnp.asarray(embeddings)
    validate.shape("rewards", rewards, (len(embeddings),), "pass one per embedding")
    validate.finite("rewards", rewards)

    def loss(outputs: Array, wanted: Array) -> Array:
        return jnp.mean((outputs[:, 0] - wanted) ** 2)

    return _fit(
        key, embeddings, jnp.asarray(rewards), loss, loss, outputs=1, width=width,
        epochs=epochs, batch=batch, learning_rate=learning_rate, held_out=held_out, keep=keep,
    )  # fmt: skip


def _fit(
    key: Array, embeddings: Array, wanted: Array, loss: Loss, score: Loss, *, outputs: int,
    width: float, epochs: int, batch: int, learning_rate: float, held_out: float,
    keep: tuple[int, ...],
) -> Fitted:  # fmt: skip
    out, inside = _split(key, embeddings, held_out=held_out, batch=batch)
    marks = _marks(epochs, keep)
    validate.positive("learning_rate", learning_rate, "pass e.g. 1e-3")
    network = Trunk(
        embeddings.shape[1], outputs, width=width, dtype=embeddings.dtype,
        rngs=nnx.Rngs(seeds.stream(key, "weights")),
    )  # fmt: skip
    graph, parameters = nnx.split(network, nnx.Param)
    optimiser = optax.adam(learning_rate)

    def cost(parameters: PyTree, rows: Array) -> Array:
        return loss(nnx.merge(graph, parameters)(embeddings[rows]), wanted[rows])

    def step(held: PyTree, rows: Array) -> tuple[PyTree, Array]:
        parameters, state = held
        value, slope = jax.value_and_grad(cost)(parameters, rows)
        changes, state = optimiser.update(slope, state, parameters)
        return (optax.apply_updates(parameters, changes), state), value

    def epoch(held: PyTree, number: Array) -> tuple[PyTree, Array]:
        trained, kept = held
        order = jax.random.fold_in(seeds.stream(key, "order"), number)
        shuffled = jax.random.permutation(order, inside)
        batches = shuffled[: shuffled.size // batch * batch].reshape(-1, batch)
        trained, values = jax.lax.scan(step, trained, batches)
        # Every epoch writes to the next mark's place, so the last to write is the mark itself.
        place = jnp.searchsorted(jnp.asarray(marks), number + 1)
        kept = jax.tree.map(lambda stack, now: stack.at[place].set(now), kept, trained[0])
        return (trained, kept), values.mean()

    def scored(parameters: PyTree) -> Array:
        return score(nnx.merge(graph, parameters)(embeddings[out]), wanted[out])

    room = jax.tree.map(lambda now: jnp.zeros((len(marks), *now.shape), now.dtype), parameters)
    start = (parameters, optimiser.init(parameters)), room
    ((parameters, _), kept), losses = jax.lax.scan(epoch, start, jnp.arange(epochs))
    marked = jax.lax.map(scored, kept)
    kept = jax.tree.map(lambda stack: stack[: len(keep)], kept)
    return Fitted(parameters, losses, marked[-1], kept, marked[: len(keep)], graph)


def _split(key: Array, embeddings: Array, *, held_out: float, batch: int) -> tuple[Array, Array]:
    """Numbers of the samples held out, and of those trained on."""
    validate.shape("embeddings", embeddings, (None, None), "pass one row per sample")
    validate.finite("embeddings", embeddings)
    number = embeddings.shape[0]
    if not 0 < held_out < 1:
        raise validate.fail("held_out", held_out, "a share above 0 and below 1", "pass e.g. 0.03")
    kept = max(1, round(held_out * number))
    if not 1 <= batch <= number - kept:
        expected = f"1 to {number - kept}, the samples that are not held out"
        raise validate.fail("batch", batch, expected, "lower it, or pass more samples")
    order = jax.random.permutation(seeds.stream(key, "held out"), number)
    return order[:kept], order[kept:]


def _marks(epochs: int, keep: tuple[int, ...]) -> tuple[int, ...]:
    """The epochs to keep, and the last one."""
    validate.integer("epochs", epochs, "train at least once", least=1)
    rising = all(before < after for before, after in pairwise((0, *keep)))
    if not rising or (keep and keep[-1] > epochs):
        raise validate.fail("keep", keep, f"epochs that rise from 1 to {epochs}", "sort them")
    return keep if keep and keep[-1] == epochs else (*keep, epochs)
