"""Data whose true anomaly score is known: three pairs of mixtures, and a dense core in a square.

Labels are -1 and 1. A few are switched after drawing, and the truth is how improbable the label
then is under the densities that were drawn from: the log odds ``log P(-y | x) - log P(y | x)``.

The pairs, classes equally likely, rotations by 45 degrees:

    "crossed"     1: N((2, -2), .6) and N((-2, 2), .6);  -1: one long cluster between them
    "overlapping" 1: N((0, 0), 1) and N((3, 3), .8);     -1: two clusters that overlap them
    "ringed"      1: eight clusters of variance .15 on a circle of radius 3;  -1: N(0, .25) inside

The papers show theirs as pictures only (2604.21462, D1 to D3); these are made to look alike.
"""

from __future__ import annotations

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Bool, Float, Key

from diversity_jax import seeds, traced, validate
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.records import Record

Name = Literal["crossed", "overlapping", "ringed"]
NAMES = ("crossed", "overlapping", "ringed")
CORE = (100, 50, 3)  # rows of the square, of the core, of each far group


class Pair(Record):
    """Two equally likely classes: the mixtures of label -1 and of label 1."""

    negative: GaussianMixture
    positive: GaussianMixture


class Labelled(Record):
    """Points `[n, d]` and their labels `[n]`, some of them switched.

    `labels` are those observed, `switched` says which are not as drawn, and `log_odds` are those
    against the label observed: above zero it is the less likely one.
    """

    points: Float[Array, "n d"]
    labels: Float[Array, " n"]
    switched: Bool[Array, " n"]
    log_odds: Float[Array, " n"]


class Core(Record):
    """A dense core inside a square, and far groups.

    `anomalous` are rows of the square inside the core, where the other class is denser; `isolated`
    those of the far groups.
    """

    points: Float[Array, "n 2"]
    labels: Float[Array, " n"]
    anomalous: Bool[Array, " n"]
    isolated: Bool[Array, " n"]


def pair(name: Name) -> Pair:
    """The mixtures called `name` (module docstring).

    Errors: ValueError for an unknown name.
    """
    validate.choice("name", name, NAMES)
    if name == "crossed":
        turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
        long = turn @ np.diag([4, 0.25]) @ turn.T
        return Pair(
            GaussianMixture.full([1.0], [[0.0, 0.0]], long[None]),
            GaussianMixture.isotropic([0.5, 0.5], [[2.0, -2.0], [-2.0, 2.0]], 0.6),
        )
    if name == "overlapping":
        return Pair(
            GaussianMixture.diagonal(
                [0.5, 0.5], [[1.5, 1.5], [3.0, 0.0]], [[1.5, 0.5], [1.0, 1.0]]
            ),
            GaussianMixture.isotropic([0.5, 0.5], [[0.0, 0.0], [3.0, 3.0]], [1.0, 0.8]),
        )
    angles = 2 * np.pi * np.arange(8) / 8
    ring = 3 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Pair(
        GaussianMixture.isotropic([1.0], [[0.0, 0.0]], 0.25),
        GaussianMixture.isotropic(np.full(8, 1 / 8), ring, 0.15),
    )


def draw(key: Key[Array, ""], classes: Pair, *, each: int, switched: float = 0.03) -> Labelled:
    """`each` rows of label -1, then as many of label 1; the nearest whole number to a share
    `switched` of all labels, anywhere, is switched.

    Shapes: `2 each` rows.
    Errors: ValueError for a number of rows that is no integer from 1, a share outside [0, 1].
    """
    validate.integer("each", each, "draw at least one row of each class", least=1)
    if not 0 <= switched <= 1:
        raise validate.fail("switched", switched, "a share from 0 to 1", "pass e.g. 0.03")
    below, _ = classes.negative.sample(seeds.stream(key, "negative"), each)
    above, _ = classes.positive.sample(seeds.stream(key, "positive"), each)
    points = jnp.concatenate([below, above])
    order = jax.random.permutation(seeds.stream(key, "switched"), 2 * each)
    changed = order < round(2 * each * switched)
    drawn = jnp.where(jnp.arange(2 * each) < each, -1.0, 1.0)
    labels = jnp.where(changed, -drawn, drawn)
    return Labelled(points, labels, changed, log_odds(classes, points, labels))


def log_odds(classes: Pair, points: npt.ArrayLike, labels: npt.ArrayLike) -> Float[Array, " n"]:
    """``log P(-y | x) - log P(y | x)`` of equally likely classes, for labels of -1 and 1.

    Shapes: points `[n, d]`, labels `[n]`.
    Errors: ValueError for other labels, and as `GaussianMixture.log_density`.
    """
    validate.shape("labels", labels, (np.shape(points)[0],), "give every point one label")
    signs = jnp.asarray(labels)
    good = traced.holds("labels", signs, lambda y: abs(y) == 1, "each -1 or 1", "number them so")
    toward = classes.negative.log_density(points) - classes.positive.log_density(points)
    return traced.only(good, signs * toward, signs)


def core(key: Key[Array, ""], *, times: int = 1) -> Core:
    """Per unit of `times`: 100 rows of label -1, uniform on [-5, 5]^2; 50 of label 1 on
    [-1.5, 1.5]^2; 3 of label -1 around (9, 6) and 3 of label 1 around (8.2, 6), deviation 0.1.

    Shapes: `156 times` rows.
    Errors: ValueError for a number of times that is no integer from 1.
    """
    validate.integer("times", times, "draw the data at least once", least=1)
    square, dense, far = (number * times for number in CORE)

    def uniform(name: str, number: int, reach: float) -> Array:
        stream = seeds.stream(key, name)
        dtype = jnp.result_type(float)
        return jax.random.uniform(stream, (number, 2), dtype, -reach, reach)

    noise = jax.random.normal(seeds.stream(key, "far"), (2 * far, 2), jnp.result_type(float))
    middles = jnp.repeat(jnp.array([[9.0, 6.0], [8.2, 6.0]]), far, axis=0)
    wide, inside = uniform("square", square, 5.0), uniform("core", dense, 1.5)
    points = jnp.concatenate([wide, inside, middles + 0.1 * noise])
    signs = np.repeat([-1.0, 1.0, -1.0, 1.0], [square, dense, far, far])
    place = np.arange(len(signs))
    anomalous = (jnp.abs(points) <= 1.5).all(1) & (place < square)
    return Core(points, jnp.asarray(signs), anomalous, jnp.asarray(place >= square + dense))


def joined(first: Labelled | Core, second: Labelled | Core) -> Labelled | Core:
    """The rows of both, in this order, of one kind.

    Errors: ValueError for two kinds of data.
    """
    if type(first) is not type(second):
        got = f"{type(first).__name__} and {type(second).__name__}"
        raise validate.fail("second", got, "two of one kind", "draw both in one way")
    arrays = [jax.tree.leaves(part) for part in (first, second)]
    pairs = [jnp.concatenate(both) for both in zip(*arrays)]
    return eqx.tree_at(jax.tree.leaves, first, pairs)
