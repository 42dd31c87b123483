"""Two domains with equal covariance: keeping the highest posterior entropy keeps a slab (T9).

Along the axis between the means, with its origin half-way, in units of the deviation, domain 1 has
mean ``delta/2`` and domain 2 ``-delta/2``; the posterior log-odds are ``delta u + log(p_1/p_2)``.
Entropy falls with their absolute value, so the highest entropies are ``|log-odds| <= t``: the slab
between ``(-t - logit) / delta`` and ``(t - logit) / delta``, in which each domain is a truncated
normal; directions across the axis are untouched. t is set by the fraction kept. As that falls to
zero, so does t, and densities at the point where the log-odds are zero are ``p_1 f_1 = p_2 f_2``:
the shares tend to one half for any prior.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.special import entr, ndtri
from jaxtyping import Array, Float, ScalarLike

from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments
from diversity_jax.selection.theory.numerics.roots import increasing_root
from diversity_jax.selection.theory.truncation import normal_mass, truncated_normal


class EntropySlab(Record):
    """What the slab keeps: `threshold` on the absolute log-odds, and `entropy` there (in nats).

    One number for each of the two domains, the first one first: `shares` of the kept points,
    `retained` probability of a domain's point to be kept, `means` and `variances` of the kept
    along the axis.
    """

    threshold: Float[Array, ""]
    entropy: Float[Array, ""]
    shares: Float[Array, " k"]
    retained: Float[Array, " k"]
    means: Float[Array, " k"]
    variances: Float[Array, " k"]


def entropy_slab(*, separation: ScalarLike, prior: ScalarLike, fraction: ScalarLike) -> EntropySlab:
    """Shares, retention and moments after keeping the `fraction` of highest posterior entropy.

    `separation` is the distance of the means over the deviation (above zero), `prior` the
    probability of the first domain, at ``+separation/2`` on the axis. ``|log-odds| <= threshold``.
    Exact for two Gaussians with equal covariance and their true posterior; differentiable.

    Errors: ValueError for a separation that is not positive, a prior outside (0, 1), a fraction
    outside (0, 1].
    Source: derived.
    """
    _arguments.positive_number("separation", separation)
    _arguments.inside_unit("prior", prior)
    _arguments.fraction(fraction)
    return _slab(*_arguments.floating(separation, prior, fraction))


@jax.jit
def _slab(separation: Array, prior: Array, fraction: Array) -> EntropySlab:
    logit = jnp.log(prior) - jnp.log1p(-prior)
    priors = jnp.stack([prior, 1 - prior])
    centres = jnp.stack([separation, -separation]) / 2
    threshold = _threshold(separation, logit, priors, centres, fraction)
    ends = jnp.stack([-threshold - logit, threshold - logit]) / separation
    logs, moments = jax.vmap(truncated_normal)(ends[0] - centres, ends[1] - centres)
    retained = jnp.exp(logs)
    odds = 1 / (1 + jnp.exp(threshold))
    return EntropySlab(
        threshold=threshold,
        entropy=entr(odds) + entr(1 - odds),
        shares=jax.nn.softmax(jnp.log(priors) + logs),
        retained=retained,
        means=centres + moments.mean,
        variances=moments.variance,
    )


def _threshold(
    separation: Array, logit: Array, priors: Array, centres: Array, fraction: Array
) -> Array:
    everything = fraction >= 1
    inner = jnp.where(everything, 0.5, fraction)

    def surplus(threshold):
        ends = jnp.stack([-threshold - logit, threshold - logit]) / separation
        return priors @ normal_mass(ends[0] - centres, ends[1] - centres) - inner

    # Beyond it lies less than 1 - fraction, whichever domain a point comes from.
    reach = -ndtri((1 - inner) / 2)
    most = jnp.abs(logit) + separation * (separation / 2 + reach)
    threshold = increasing_root(surplus, jnp.zeros_like(most), most)
    return jnp.where(everything, jnp.inf, threshold)
