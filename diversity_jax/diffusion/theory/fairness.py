"""Fair shares and a fair end of training, found through the theory's derivatives.

`fair_fractions` moves samples between classes, at a fixed number of them, until all classes are
generalised (or memorised) at the same time. With logits x, fractions ``softmax(x)`` and log times
``l(x)``, it takes Gauss-Newton steps on ``r = l - mean(l)`` within a radius that shrinks when a
step does not help, with the derivatives of `losses.class_times`, which go through the fixed point
of the spectrum by the implicit function theorem. Where no such fractions exist it ends where the
times are closest, or at the smallest share, with a residual that says so.

`fair_stop` is the time at which the class that has most left to gain, or has lost most since,
has least of it: with the regret ``(L_c(tau) - min L_c) / (1 - min L_c)`` of class c's test loss,
the minimum over tau of the largest regret. Unlike a crossing of curves it exists for any classes.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from diversity_jax import special, validate
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import losses
from diversity_jax.diffusion.theory.equations import from_model
from diversity_jax.diffusion.theory.equations.contours import along, around, span
from diversity_jax.records import Record

SMALLEST = 0.01  # no class is given a smaller share
STEPS, LONGEST, TOLERANCE = 30, 1.0, 1e-6
WHICH = ("generalisation", "memorisation")


class FairFractions(Record):
    """Fractions at which classes are learned together, if `converged`."""

    fractions: Float[Array, " k"]
    times: Float[Array, " k"]
    residual: Float[Array, ""]  # largest difference of a log time from their mean
    converged: Bool[Array, ""]


class FairStop(Record):
    """A time to stop training at, and each class's regret there."""

    time: Float[Array, ""]
    regret: Float[Array, " k"]


class _Search(Record):
    """Where the search is to look next, the best so far, and how far it may step from there."""

    trial: Float[Array, " k"]
    best: Float[Array, " k"]
    logs: Float[Array, " k"]
    residual: Float[Array, ""]
    move: Float[Array, " k"]
    radius: Float[Array, ""]


def fair_fractions(model: ClassModel, *, which: str = "generalisation") -> FairFractions:
    """The class fractions, at fixed n, at which all classes reach their time together.

    Times as in `losses.class_times`: 90% of the test loss's fall, or a gap of .05 between test and
    train loss. A local search from the model's own fractions; no share goes below 1%. `residual` is
    what is left of the difference of log times, above 1e-6 where no such fractions were found.

    Errors: ValueError for an unknown `which` or for one class.
    Cost: thirty evaluations with derivatives, and some twenty seconds to compile.
    Source: derived (module docstring).
    """
    validate.choice("which", which, WHICH)
    if model.classes < 2:
        raise validate.fail("model", "one class", "two or more", "there is nothing to balance")
    return _search(model, which)


@eqx.filter_jit
def _search(model: ClassModel, which: str) -> FairFractions:
    def apart(logits: Array) -> tuple[Array, Array]:
        logs = jnp.log(_times(_with(model, _shares(logits)), which))
        return logs - jnp.mean(logs), logs

    def step(_: Array, held: _Search) -> _Search:
        jacobian, logs = jax.jacfwd(apart, has_aux=True)(held.trial)
        left = logs - jnp.mean(logs)
        residual = jnp.max(jnp.abs(left))
        # Shifting all logits changes nothing: the direction is pinned rather than left singular.
        normal = jacobian.T @ jacobian + 1e-9 * jnp.eye(left.shape[0]) + 1.0
        move = special.solve_small(normal, jacobian.T @ left)
        better = (residual < held.residual) & jnp.isfinite(move).all()
        best = _Search(held.trial, held.trial, logs, residual, move, 2 * held.radius)
        kept = eqx.tree_at(lambda search: search.radius, held, held.radius / 4)
        now = jax.tree.map(lambda new, old: jnp.where(better, new, old), best, kept)
        now = eqx.tree_at(lambda search: search.radius, now, jnp.minimum(now.radius, LONGEST))
        size = jnp.maximum(jnp.max(jnp.abs(now.move)), 1e-300)
        trial = now.best - now.move * jnp.minimum(1.0, now.radius / size)
        return eqx.tree_at(lambda search: search.trial, now, trial)

    start = jnp.log(jnp.maximum(model.fractions - SMALLEST, 1e-6))
    start, empty = start - jnp.mean(start), jnp.full(start.shape, jnp.nan)
    first = _Search(start, start, empty, jnp.asarray(jnp.inf), empty, jnp.asarray(LONGEST / 2))
    last = jax.lax.fori_loop(0, STEPS, step, first)
    return FairFractions(
        _shares(last.best), jnp.exp(last.logs), last.residual, last.residual < TOLERANCE
    )


def _shares(logits: Float[Array, " k"]) -> Float[Array, " k"]:
    spare = 1 - SMALLEST * logits.shape[0]
    return SMALLEST + spare * jax.nn.softmax(logits)


def _times(model: ClassModel, which: str) -> Float[Array, " k"]:
    times = losses.class_times(model, generalisation="share", memorisation="gap")
    return getattr(times, which)


def _with(model: ClassModel, fractions: Array) -> ClassModel:
    return eqx.tree_at(lambda model: model.fractions, model, fractions)


def fair_stop(model: ClassModel, *, times: int = 400) -> FairStop:
    """The training time at which the largest regret of any class's test loss is least.

    In the units of `losses.flow_losses`. Found on a logarithmic grid of `times` times from before
    the fastest mode is learned to after the slowest, to a grid step (some 5%); 1 - regret is the
    share of its possible gain that a class has at that time.

    Shapes: a time, and regrets `[k]`.
    Errors: ValueError for fewer than 10 times.
    Source: derived (module docstring).
    """
    if times < 10:
        raise validate.fail("times", times, "an integer >= 10", "leave it out")
    system = from_model.system(model)
    path = around(system)
    grid = jnp.exp(span(system, path, times))
    return stop_of(grid, along(path, grid).test)


def stop_of(times: Float[Array, " t"], test: Float[Array, "t k"]) -> FairStop:
    """The same criterion on test losses at given `times`.

    A class whose loss never falls below its start gives NaN.

    Source: the module docstring.
    """
    least = jnp.min(test, axis=0)[None, :]
    regret = (test - least) / (1 - least)
    place = jnp.argmin(jnp.max(regret, axis=1))
    return FairStop(times[place], regret[place])
