"""When backward diffusion decides for a class, by quadrature and by closed forms.

At time t class c is Gaussian around ``e^-t mu_c`` with covariance ``e^-2t C_c + D I``,
``D = 1 - e^-2t``. A point x_t holds the posterior w_c(x_t) of its classes, and two backward paths
from it end independently, so the U-turn return probability of class c is
``phi_c = E[w_c(x_t) | c]`` and two clones agree with probability ``sum_c pi_c phi_c``.

For isotropic classes w depends on x through its part in the span of the centroids' differences,
at most two coordinates for three classes, and on the squared length of the rest, a chi-square
number: an integral in at most three dimensions. Since ``pi_1 (1 - phi_1) = pi_2 (1 - phi_2)``
for two classes, the normalised curves ``(phi_c - pi_c) / (1 - pi_c)`` are one curve there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.diffusion.theory.equations import returns
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.vectors import root

MOST_CLASSES = 3
CRITERIA = ("half", "normalised-half", "bayes", "covariance")
EARLIEST, LATEST, GRID, BISECTIONS = 1e-4, 20.0, 60, 40


def return_probability(mixture: GaussianMixture, time: ScalarLike) -> Float[Array, " k"]:
    """The probability phi_c that a point of class c, noised to `time` and back, returns to c.

    Exact up to quadrature, 1e-3 or better, for isotropic classes and at most three of them (1e-2
    where one of three, far narrower, lies in both others). Where a class is a point mass, time 0
    is the limit from above. Differentiable.

    Shapes: `[k]`.
    Errors: ValueError for other classes, which
    `diversity_jax.diffusion.sampling.return_probability` simulates; for a negative time.
    Source: the definition in arXiv 2402.18491 (clones); per class, derived (module docstring).
    """
    validate.nonnegative("time", time, "the process runs forward only")
    return returns.return_probability(mixture, jnp.asarray(time, float), _alike(mixture))


def _alike(mixture: GaussianMixture) -> bool:
    """Whether all classes are seen to have one variance; refuses what quadrature does not cover."""
    if mixture.kind != "isotropic" or mixture.components > MOST_CLASSES:
        raise validate.fail(
            "mixture", f"{mixture.components} classes with {mixture.kind} covariances",
            "at most 3 isotropic classes",
            "simulate it: diffusion.sampling.return_probability(key, mixture, time, number=...)",
        )  # fmt: skip
    variances = validate.concrete(mixture.variances)
    return variances is not None and bool((variances == variances[0]).all())


def clone_probability(mixture: GaussianMixture, time: ScalarLike) -> Float[Array, ""]:
    """The probability that two backward paths from one x_t end in the same class.

    ``sum_c pi_c phi_c``; valid as `return_probability`.

    Errors: as `return_probability`.
    """
    return mixture.weights @ return_probability(mixture, time)


def speciation_times(mixture: GaussianMixture, *, criterion: str) -> Float[Array, " k"]:
    """The time at which backward diffusion commits to each class, by a named criterion.

    `half`: ``phi_c = 1/2``; inf for a class whose phi_c stays above. `normalised-half`:
    ``(phi_c - pi_c) / (1 - pi_c) = 1/2``. `bayes`: under class c the mean log-odds against each
    other class is its standard deviation; the smallest such time, inf where it is above at all
    times (arXiv 2602.04404, from its abstract). `covariance`: half the logarithm of the eigenvalue
    of the between-class covariance along whose direction the class stands out most (arXiv
    2402.18491; per class it is our reading). Zero for a class that never commits. Times are
    searched in [1e-4, 20]. Differentiable; where eigenvalues of `covariance` coincide, along the
    directions that were found.

    Shapes: `[k]`.
    Errors: ValueError for an unknown criterion, one class, and as `return_probability` for the
    first two.
    """
    validate.choice("criterion", criterion, CRITERIA)
    if mixture.components < 2:
        raise validate.fail("mixture", "one class", "at least two", "there is nothing to decide")
    if criterion == "covariance":
        return _covariance_times(mixture)
    return _searched(mixture, criterion, criterion != "bayes" and _alike(mixture))


@partial(jax.jit, static_argnums=(1, 2))
def _searched(mixture: GaussianMixture, criterion: str, alike: bool) -> Float[Array, " k"]:
    def margin(mixture: GaussianMixture, time: Array) -> Array:
        pi = mixture.weights
        if criterion == "bayes":
            return _committed(mixture.at_time(time))
        phi = returns.return_probability(mixture, time, alike)
        return (phi if criterion == "half" else (phi - pi) / (1 - pi)) - 0.5

    fixed = jax.lax.stop_gradient(mixture)
    found = _committed_until(partial(margin, fixed))
    return _implicit(margin, mixture, jax.lax.stop_gradient(found))


def _implicit(
    margin: Callable[[GaussianMixture, Array], Array], mixture: GaussianMixture, found: Array
) -> Float[Array, " k"]:
    """`found`, the zeros in time of each class's margin, with their derivatives in the mixture.

    ``margin(mixture, t) = 0`` gives ``dt = - dmargin / slope``. Times at 0 and at infinity are no
    zeros, and stay.
    """
    crossed = (found > 0) & jnp.isfinite(found)
    at = jnp.where(crossed, found, 1.0)
    fixed = jax.lax.stop_gradient(mixture)

    def each(of: GaussianMixture, times: Array) -> Array:
        return jnp.diagonal(jax.lax.map(partial(margin, of), times))

    slope = jax.lax.stop_gradient(jax.jvp(partial(each, fixed), (at,), (jnp.ones_like(at),))[1])
    here = each(mixture, at)
    # Of no size, so that times are to the last digit what the bisection found.
    moved = (jax.lax.stop_gradient(here) - here) / jnp.where(crossed, slope, 1.0)
    return found + jnp.where(crossed, moved, 0.0)


def collapse_times(mixture: GaussianMixture, counts: npt.ArrayLike) -> Float[Array, " k"]:
    """When backward diffusion with the exact score of `counts` samples falls onto one of them.

    ``t_c = log(1 + variance_c / (n_c^(2/d) - 1)) / 2``, isotropic classes; inf for one sample.
    Asymptotic in dimension and ``log n``.

    Shapes: `[k]`, as `counts`.
    Errors: ValueError for other covariances, for counts below one (NaN where they are traced), and
    unless there is one count per class.
    Source: arXiv 2402.18491 for one class; with the variance and number of each class, derived.
    """
    if mixture.kind != "isotropic":
        raise validate.fail("mixture", mixture.kind, "isotropic classes", "use isotropic")
    counts = jnp.asarray(counts, float)
    validate.shape("counts", counts, (mixture.components,), "pass one number per class")
    seen = validate.concrete(counts)
    if seen is not None and not (seen >= 1).all():
        fix = "leave out classes without samples"
        raise validate.fail("counts", f"a smallest count of {seen.min()}", "counts >= 1", fix)
    counts = jnp.where(counts >= 1, counts, jnp.nan)
    excess = jnp.expm1(2 * jnp.log(counts) / mixture.dimension)
    return jnp.log1p(mixture.variances / excess) / 2


def _committed(now: GaussianMixture) -> Float[Array, " k"]:
    """Under each class: the mean log-odds minus its deviation, against the closest other class."""
    mean, deviation = log_odds(now)
    margin = mean - deviation
    return jnp.min(jnp.where(jnp.eye(now.components, dtype=bool), jnp.inf, margin), axis=1)


def log_odds(now: GaussianMixture) -> tuple[Float[Array, "k k"], Float[Array, "k k"]]:
    """Mean and deviation, under class c, of the log-odds of c against c'; any covariances.

    ``log(pi_c / pi_c') + KL(c || c')`` and the root of ``tr[(C'^-1 C - I)^2] / 2
    + m' C'^-1 C C'^-1 m``, m the difference of the means.

    Shapes: `[k, k]` each.
    Source: derived.
    """
    shift = now.means[:, None, :] - now.means[None, :, :]
    prior = jnp.log(now.weights)[:, None] - jnp.log(now.weights)[None, :]
    if now.kind == "isotropic":
        ratio, d = now.variances[:, None] / now.variances[None, :], now.dimension
        scaled = jnp.sum(shift**2, axis=2) / now.variances[None, :]
        divergence = (d * (ratio - 1 - jnp.log(ratio)) + scaled) / 2
        return prior + divergence, root(d * (ratio - 1) ** 2 / 2 + scaled * ratio)
    covariances = now.component_covariances()

    def against(own: Array, other: Array, moved: Array) -> tuple[Array, Array]:
        ratio = jnp.linalg.solve(other, own)
        pulled = jnp.linalg.solve(other, moved)
        logs = jnp.linalg.slogdet(other)[1] - jnp.linalg.slogdet(own)[1]
        divergence = (jnp.trace(ratio) - own.shape[0] + moved @ pulled + logs) / 2
        excess = ratio - jnp.eye(own.shape[0])
        spread = jnp.sum(excess * excess.T) / 2 + pulled @ own @ pulled
        return divergence, root(jnp.maximum(spread, 0.0))

    # One pair at a time: batches of LAPACK calls can wait for one another on a CPU.
    k = now.components
    owns, others = (index.ravel() for index in np.indices((k, k)))
    divergence, deviation = jax.lax.map(
        lambda pair: against(covariances[pair[0]], covariances[pair[1]], shift[pair]),
        (jnp.asarray(owns), jnp.asarray(others)),
    )
    return prior + divergence.reshape(k, k), deviation.reshape(k, k)


def _covariance_times(mixture: GaussianMixture) -> Array:
    centred = mixture.means - mixture.mean()[None]
    rooted = jnp.sqrt(mixture.weights)[:, None] * centred
    # The Gram matrix has the eigenvalues of the between-class covariance, and is k by k.
    gram = rooted @ rooted.T
    values, vectors = jnp.linalg.eigh(jax.lax.stop_gradient(gram))
    weights = values[None, :] * vectors**2 / jax.lax.stop_gradient(mixture.weights)[:, None]
    # An eigenvalue moves by v' dG v; eigh's own derivative is NaN where two coincide.
    along = jnp.sum(vectors * (gram @ vectors), axis=0)
    values = values + along - jax.lax.stop_gradient(along)
    # Eigenvalues below one give zero, so that their logarithms are not asked for.
    return jnp.log(jnp.maximum(values[jnp.argmax(weights, axis=1)], 1.0)) / 2


def _committed_until(margin: Callable[[Array], Array]) -> Float[Array, " k"]:
    """Per class the time up to which the margin is positive from the start; inf if it always is.

    A majority's margin can be positive again at late times, where its prior alone decides.
    """
    grid = jnp.asarray(np.geomspace(EARLIEST, LATEST, GRID))
    below = ~(jax.lax.map(margin, grid) > 0)
    first = jnp.argmax(below, axis=0)
    low, high = grid[jnp.maximum(first - 1, 0)], grid[first]

    def halve(_: Array, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = (low + high) / 2
        inside = jnp.diagonal(jax.lax.map(margin, middle)) > 0
        return jnp.where(inside, middle, low), jnp.where(inside, high, middle)

    low, _ = jax.lax.fori_loop(0, BISECTIONS, halve, (low, high))
    return jnp.where(below.any(axis=0), jnp.where(first == 0, 0.0, low), jnp.inf)
