"""Squared distances that keep their digits far from the origin, at any scale, in far clusters.

``|x - y|^2 = |x|^2 + |y|^2 - 2 x.y`` is one fast matrix product, but its rounding is that of the
largest ``|x|^2``. So rows are seen from their middle, in units of their spread (a power of two, so
that this costs no digit), and where squares that matter are below `half` of the digits of the
largest, as within clusters that are far from each other, sums of squared differences take over.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from diversity_jax.records import Record

UNROLL = 8
STEP = 1 / 8  # of the spread: the grid on which the middle lies


class Frame(Record):
    """Where rows lie and how far they reach: ``row = middle + unit * framed row``."""

    middle: Float[Array, " d"]
    unit: Float[Array, ""]

    def inside(self, rows: Float[Array, "n d"]) -> Float[Array, "n d"]:
        """Rows as seen from the middle, in units: their largest entry is near 1."""
        return rows / self.unit - (self.middle / self.unit)[None]

    def outside(self, rows: Float[Array, "n d"]) -> Float[Array, "n d"]:
        """Framed rows back where they came from."""
        return self.middle[None] + self.unit * rows

    def squared(self, values: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Squared distances between framed rows in the rows' own unit; NaN where out of range."""
        own = values * self.unit * self.unit
        least = jnp.finfo(own.dtype).tiny
        return jnp.where((values == 0) | (own >= least), own, jnp.nan)


def frame(*tables: Float[Array, "_ d"]) -> Frame:
    """The common frame of all rows of `tables`; its middle is that of the last one."""
    tables = tuple(lax.stop_gradient(rows) for rows in tables)
    size = power_of_two(_reach(*tables))
    # Divided first: a sum of large rows would leave the range.
    middle = jnp.mean(tables[-1] / size, axis=0)
    step = power_of_two(_reach(*(rows / size - middle[None] for rows in tables)))
    # A middle of few digits: the digits that rows have are left to what they differ by.
    middle = jnp.round(middle / (STEP * step)) * (STEP * step)
    return Frame(middle * size, step * size)


def power_of_two(values: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The largest power of two that is not above each positive value; 1 for zero and what is NaN.

    A division by it changes no digit.
    """
    values = lax.stop_gradient(values)
    usable = (values >= jnp.finfo(values.dtype).tiny) & (values < jnp.inf)
    _, exponent = jnp.frexp(jnp.where(usable, values, 1))
    return jnp.ldexp(jnp.ones_like(values), exponent - 1)


def _reach(*tables: Float[Array, "_ d"]) -> Float[Array, ""]:
    return jnp.max(jnp.stack([jnp.max(jnp.abs(rows), initial=0) for rows in tables]))


def lengths(rows: Float[Array, "n d"]) -> Float[Array, " n"]:
    """Squared lengths."""
    return jnp.sum(rows**2, axis=1)


def half(reach: Float[Array, ""]) -> Float[Array, ""]:
    """The square below which products of rows of squared length `reach` lose half of the digits."""
    return jnp.finfo(reach.dtype).eps ** 0.5 * reach


def by_products(
    rows: Float[Array, "n d"], own: Float[Array, " n"], others: Float[Array, "m d"]
) -> Float[Array, "m n"]:
    """Squared distances by one matrix product, from rows and their `lengths`."""
    # In this order of the factors the few are transposed, not the many.
    products = (rows @ others.T).T
    return jnp.maximum(lengths(others)[:, None] + own[None] - 2 * products, 0)


def by_differences(rows: Float[Array, "n d"], others: Float[Array, "m d"]) -> Float[Array, "m n"]:
    """Squared distances without cancellation, at some four times the price."""

    @jax.checkpoint
    def add(squares: Array, coordinate: tuple[Array, Array]) -> tuple[Array, None]:
        one, other = coordinate
        return squares + (one[None] - other[:, None]) ** 2, None

    start = jnp.zeros((others.shape[0], rows.shape[0]), rows.dtype)
    return lax.scan(add, start, (rows.T, others.T), unroll=UNROLL)[0]


def between(
    rows: Float[Array, "n d"],
    own: Float[Array, " n"],
    others: Float[Array, "m d"],
    exactly: Bool[Array, ""],
) -> Float[Array, "m n"]:
    """Squared distances, by differences where `exactly` says so."""
    return lax.cond(
        exactly,
        lambda: by_differences(rows, others),
        lambda: by_products(rows, own, others),
    )


def nearest_differences(
    rows: Float[Array, "n d"], number: Array, places: Array, start: Float[Array, " n"]
) -> Float[Array, " n"]:
    """The least of `start` and the squared distances to the rows at the first `number` places."""

    def lower(turn: Array, nearest: Array) -> Array:
        return jnp.minimum(nearest, lengths(rows - rows[places[turn]][None]))

    return lax.fori_loop(0, number, lower, start)
