"""Kernels: functions of two tables of points `[n, d]`, `[m, d]` that give `[n, m]`.

    gaussian    exp(-|x - z|^2 / (2 l^2))
    laplace     exp(-|x - z| / l)
    matern      1/2: laplace;  3/2: (1 + r) exp(-r), r = sqrt(3) |x - z| / l;
                5/2: (1 + r + r^2 / 3) exp(-r), r = sqrt(5) |x - z| / l
    polynomial  (scale x.z + offset)^degree
    sobolev     1 + 2 pi^2 (u^2 - u + 1/6), u the fraction of x - z; d = 1

Distances are seen from the middle of both tables, in units of their reach, so that a shift or a
scale of all changes nothing but rounding. In few dimensions they are sums of squared differences,
which keep all digits. In many they are one matrix product, at a fraction of the price; where its
rounding would show in the kernel (clusters many lengthscales apart, single precision), and for
`laplace`, which feels the root of it, differences are taken all the same. Squares within the
rounding of the product are 0, so that a point's kernel with itself is exactly 1.

A function of one's own, of jax arrays, is a kernel too wherever one is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy.typing as npt
from jax import lax
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import rows, traced, validate, vectors
from diversity_jax.records import Record
from diversity_jax.selection import squares

FEW = 4  # up to this dimension differences cost no more than products
SEEN = {64: 1e-9, 32: 2e-3}  # rounding of a square, in squared lengthscales, that products may have
MATERN = {0.5: "laplace", 1.5: "matern-3/2", 2.5: "matern-5/2"}


class Kernel(Record):
    """A positive semi-definite function of two points; called with tables it gives the matrix."""

    def __call__(self, points: npt.ArrayLike, others: npt.ArrayLike) -> Float[Array, "n m"]:
        """Values `[n, m]` between all points of two tables; exactly symmetric of one with itself.

        It is the caller's to keep n times m small: see `products`.
        """
        one, two = jnp.asarray(points), jnp.asarray(others)
        _check_pair(one, two)
        return _own(self, one) if points is others else _across(self, one, two)

    def diagonal(self, points: npt.ArrayLike) -> Float[Array, " n"]:
        """Values of each point with itself."""
        raise NotImplementedError

    def _values(self, points: Float[Array, "n d"], others: Float[Array, "m d"]) -> Array:
        raise NotImplementedError


class Radial(Kernel):
    """A kernel that falls with the distance alone, from 1; made by `gaussian`, `laplace`, `matern`.

    Its nearest point is the nearest in space, which needs no kernel values.
    """

    lengthscale: ScalarLike
    profile: str = eqx.field(static=True)

    def diagonal(self, points: npt.ArrayLike) -> Float[Array, " n"]:
        """Ones."""
        given = jnp.asarray(points)
        return jnp.ones(given.shape[0], _floating(given))

    def _values(self, points: Float[Array, "n d"], others: Float[Array, "m d"]) -> Array:
        dtype = jnp.result_type(_floating(points), others)
        points, others = points.astype(dtype), others.astype(dtype)
        length = jnp.asarray(self.lengthscale, dtype)
        frame = squares.frame(points, others)
        one, two = frame.inside(points), frame.inside(others)
        # Where it is cut a distance of one rounding is beyond any profile, and 0 times it is 0.
        ratio = jnp.minimum(frame.unit / length, jnp.finfo(dtype).max ** 0.45)
        return _profile(self.profile, _squares(one, two, ratio, self.profile == "laplace"), ratio)


def gaussian(lengthscale: ScalarLike) -> Radial:
    """``exp(-|x - z|^2 / (2 l^2))``, l the lengthscale.

    Errors: ValueError for a lengthscale that is not one finite number above zero.
    """
    return Radial(_number("lengthscale", lengthscale), "gaussian")


def laplace(lengthscale: ScalarLike) -> Radial:
    """``exp(-|x - z| / l)``, of the Euclidean distance; as `matern` of smoothness 1/2.

    Errors: ValueError for a lengthscale that is not one finite number above zero.
    """
    return Radial(_number("lengthscale", lengthscale), "laplace")


def matern(lengthscale: ScalarLike, smoothness: float) -> Radial:
    """Matern's kernel of smoothness 1/2, 3/2 or 5/2, which have closed forms.

    Errors: ValueError for another smoothness (`gaussian` is the limit of large ones), and as
    `gaussian`.
    """
    if smoothness not in MATERN:
        got, fix = repr(smoothness), "smoother still is kernels.gaussian"
        raise validate.fail("smoothness", got, "one of 0.5, 1.5, 2.5", fix)
    return Radial(_number("lengthscale", lengthscale), MATERN[smoothness])


class Polynomial(Kernel):
    """``(scale x.z + offset)^degree``."""

    offset: ScalarLike
    scale: ScalarLike
    degree: int = eqx.field(static=True)

    def diagonal(self, points: npt.ArrayLike) -> Float[Array, " n"]:
        """``(scale |x|^2 + offset)^degree``."""
        rows = jnp.asarray(points)
        return self._raised(jnp.sum(rows.astype(_floating(rows)) ** 2, axis=1))

    def _values(self, points: Float[Array, "n d"], others: Float[Array, "m d"]) -> Array:
        return self._raised(points.astype(_floating(points)) @ others.T)

    def _raised(self, products: Array) -> Array:
        scale, offset = (jnp.asarray(one, products.dtype) for one in (self.scale, self.offset))
        return (scale * products + offset) ** self.degree


def polynomial(degree: int, offset: ScalarLike = 1.0, scale: ScalarLike = 1.0) -> Polynomial:
    """``(scale x.z + offset)^degree``; it has to do with the origin, and grows with the points.

    Errors: ValueError for a degree below 1, an offset below 0 (not positive then), a scale that is
    not above 0.
    """
    validate.integer("degree", degree, "pass 1 for a linear kernel", least=1)
    validate.shape("offset", offset, (), "pass one number")
    validate.nonnegative("offset", offset, "below zero the kernel is not positive")
    validate.finite("offset", offset)
    return Polynomial(_plain(offset), _number("scale", scale), int(degree))


class Sobolev(Kernel):
    """``1 + 2 pi^2 (u^2 - u + 1/6)``, u the fraction of ``x - z``."""

    def diagonal(self, points: npt.ArrayLike) -> Float[Array, " n"]:
        """``1 + pi^2 / 3``."""
        given = jnp.asarray(points)
        _check_line(given)
        return jnp.full(given.shape[0], 1 + math.pi**2 / 3, _floating(given))

    def _values(self, points: Float[Array, "n d"], others: Float[Array, "m d"]) -> Array:
        _check_line(points)
        dtype = jnp.result_type(_floating(points), others)
        one, two = (jnp.mod(given.astype(dtype)[:, 0], 1) for given in (points, others))
        # u and 1 - u are alike, so that the sign of the difference does not matter.
        u = jnp.abs(one[:, None] - two[None])
        return 1 + 2 * math.pi**2 * (u * (u - 1) + 1 / 6)


def sobolev() -> Sobolev:
    """The periodic kernel on the line whose eigenvalues on uniform points are 1, then j^-2 twice.

    ``1 + 2 sum_j cos(2 pi j (x - z)) / j^2 = 1 + 2 pi^2 (u^2 - u + 1/6)``, period 1, one column.
    """
    return Sobolev()


class Given(Kernel):
    """A kernel from a function of one's own of two tables of jax arrays."""

    function: Callable[..., Any] = eqx.field(static=True)

    def diagonal(self, points: npt.ArrayLike) -> Float[Array, " n"]:
        """Values of each point with itself, pair by pair, in blocks."""
        given = jnp.asarray(points)
        size = rows.rows_per_chunk(given.shape[0], 8 * given.shape[1] + 8, most=4096)
        return rows.map_rows(_pairs, size, self, given)

    def _values(self, points: Float[Array, "n d"], others: Float[Array, "m d"]) -> Array:
        wanted = (points.shape[0], others.shape[0])
        fix = "write a function of two tables [n, d] and [m, d] in jax.numpy that gives [n, m]"
        try:
            values = jnp.asarray(self.function(points, others))
        except (jax.errors.TracerArrayConversionError, jax.errors.ConcretizationTypeError) as error:
            raise validate.fail("kernel", "one that jax cannot trace", "one of jax", fix) from error
        if values.shape != wanted:
            raise validate.fail("kernel", f"shape {values.shape}", f"shape {wanted}", fix)
        return values


@jax.jit
def _across(kernel: Kernel, points: Array, others: Array) -> Array:
    with jax.default_matmul_precision("highest"):
        return kernel._values(points, others)


@jax.jit
def _own(kernel: Kernel, points: Array) -> Array:
    values = _across(kernel, points, points)
    # A matrix product need not have the same rounding above and below the diagonal.
    return (values + values.T) / 2


def known(kernel: object) -> Kernel:
    """`kernel` itself, or a function as a kernel.

    Errors: ValueError for what cannot be called.
    """
    if isinstance(kernel, Kernel):
        return kernel
    if not callable(kernel) or isinstance(kernel, type):
        fix = "pass e.g. kernels.gaussian(1.0), or a function of two tables"
        raise validate.fail("kernel", repr(kernel), "a kernel", fix)
    return Given(kernel)


def _pairs(kernel: Kernel, points: Array) -> Array:
    return jax.vmap(lambda row: kernel._values(row[None], row[None])[0, 0])(points)


def _squares(one: Array, two: Array, ratio: Array, kinked: bool) -> Array:
    """Squared distances `[n, m]` between framed points, with the digits that the kernel needs."""
    dimension, dtype = one.shape[1], one.dtype
    if dimension <= FEW:
        # Written out, for a short program that makes one pass.
        apart = [one[:, place][:, None] - two[:, place][None] for place in range(dimension)]
        return sum((each**2 for each in apart[1:]), apart[0] ** 2)
    if kinked:
        return squares.by_differences(two, one)
    own = squares.lengths(two)
    longest = lax.stop_gradient(jnp.maximum(own.max(), squares.lengths(one).max()))
    slack = 8 * (dimension + 4) * jnp.finfo(dtype).eps * longest
    exactly = ~(slack * ratio * ratio <= SEEN[jnp.finfo(dtype).bits])

    def by_products() -> Array:
        values = squares.by_products(two, own, one)
        return jnp.where(values <= slack, 0, values)

    return lax.cond(exactly, lambda: squares.by_differences(two, one), by_products)


def _profile(name: str, values: Array, ratio: Array) -> Array:
    """The kernel of framed squared distances; `ratio` is the frame's unit in lengthscales."""
    if name == "gaussian":
        return jnp.exp(-(values * (ratio * ratio)) / 2)
    # Beyond the cut all are 0, and without it a product with it would be infinite times 0.
    far = jnp.minimum(vectors.root(values) * ratio, 1000)
    if name == "laplace":
        return jnp.exp(-far)
    if name == "matern-3/2":
        far = math.sqrt(3) * far
        return (1 + far) * jnp.exp(-far)
    far = math.sqrt(5) * far
    return (1 + far + far * far / 3) * jnp.exp(-far)


def _check_pair(points: Array, others: Array) -> None:
    validate.shape("points", points, (None, None), "give one point per row")
    fix = "give both tables the same columns"
    validate.shape("others", others, (None, points.shape[1]), fix)


def _check_line(points: Array) -> None:
    fix = "the Sobolev kernel is one of the line: pass one column"
    validate.shape("points", points, (None, 1), fix)


def _floating(points: Array) -> Any:
    return points.dtype if jnp.issubdtype(points.dtype, jnp.inexact) else jnp.zeros(0).dtype


def _number(name: str, value: ScalarLike) -> ScalarLike:
    """One number above zero: a plain float where it can be seen, so that the kernel has a hash."""
    validate.shape(name, value, (), "pass one number")
    good = traced.positive(name, value)
    return _plain(traced.only(good, value, value))


def _plain(value: ScalarLike) -> Any:
    seen = validate.concrete(value)
    return jnp.asarray(value) if seen is None else float(seen)
