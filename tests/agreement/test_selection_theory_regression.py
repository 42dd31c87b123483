"""Discriminant analysis and ridge regression after selection: samples, exact sums, limits."""

import zlib

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from diversity_jax.selection import theory
from tests.agreement.selection_samples import assert_means


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def levels(separation, rule, fraction):
    """The levels of the first domain's own normal law between which its points are kept."""
    if rule == "near_other":
        return 0.0, fraction
    if rule == "random":
        return 0.0, 1.0
    slab = theory.entropy_slab(separation=separation, prior=0.5, fraction=fraction)
    ends = np.array([-1, 1]) * float(slab.threshold) / separation - separation / 2
    return tuple(stats.norm.cdf(ends))


def kept_axis(random, shape, separation, ends):
    """The axis coordinate of kept points of the first domain, at +separation/2."""
    low, high = ends
    return separation / 2 + special.ndtri(low + (high - low) * random.random(shape))


def fitted_errors(random, separation, ends, samples, dimension, repeats):
    """Exact test errors of `repeats` discriminant rules that were fitted to kept points."""
    half, sign = samples // 2, np.array([1.0, -1.0])[None, :, None]
    points = random.standard_normal((repeats, 2, half, dimension))
    points[..., 0] = sign * kept_axis(random, (repeats, 2, half), separation, ends)
    centres = points.mean(2)
    centred = (points - centres[:, :, None]).reshape(repeats, -1, dimension)
    within = centred.swapaxes(1, 2) @ centred / (samples - 2)
    difference = centres[:, 0] - centres[:, 1]
    normal = np.linalg.solve(within, difference[..., None])[..., 0]
    offset = (normal * centres.mean(1)).sum(1)
    along, length = normal[:, 0] * separation / 2, np.linalg.norm(normal, axis=1)
    return special.ndtr([(offset - along) / length, -(along + offset) / length]).mean(0)


def left_over(gaps, errors, sizes, powers):
    """The constant of ``gap = c + b / n + ...``, fitted with weights, over its error."""
    design = np.stack([1.0 / np.array(sizes) ** power for power in range(powers)], 1)
    design = design / np.array(errors)[:, None]
    inverse_gram = np.linalg.inv(design.T @ design)
    constant = (inverse_gram @ design.T @ (np.array(gaps) / np.array(errors)))[0]
    return constant, np.sqrt(inverse_gram[0, 0])


@pytest.mark.parametrize(
    ("separation", "rule"), [(4.0, "random"), (4.0, "entropy"), (2.0, "near_other")]
)
def test_the_discriminants_excess_reaches_the_first_order(separation, rule):
    random = generator(f"discriminant {separation} {rule}")
    after = theory.axis_after(separation=separation, rule=rule, fraction=0.2)
    ends = levels(separation, rule, 0.2)
    sizes, repeats, ratios, errors = (
        [80, 160, 320, 640, 1280],
        [3000, 2500, 2000, 1500, 1000],
        [],
        [],
    )
    for samples, number in zip(sizes, repeats):
        found = theory.lda_error(
            separation=separation,
            difference=after.difference,
            variance=after.variance,
            samples=samples,
            dimension=4,
        )
        excess = fitted_errors(random, separation, ends, samples, 4, number) - float(found.base)
        ratios.append(excess.mean() / float(found.excess))
        errors.append(excess.std() / np.sqrt(number) / abs(float(found.excess)))
    constant, error = left_over(np.array(ratios) - 1, errors, sizes, 3)
    assert abs(constant) < stats.norm.isf(5e-5) * error, (ratios, errors)
    # it would have seen an error of 15%, 19 times in 20
    assert (stats.norm.isf(5e-5) + 1.645) * error < 0.15, error


def midpoint_errors(random, rule, fraction, samples, repeats):
    """Test errors of thresholds half-way between pools on a line that are cut at their quantile.

    Both pools are mirror images, 4 deviations apart; each keeps the points most or least similar to
    the other.
    """
    half = samples // 2
    towards = random.standard_normal((repeats, 2, round(half / fraction)))
    sign = -1.0 if rule == "near_other" else 1.0
    kept = sign * np.partition(sign * towards, half - 1, axis=2)[..., :half].mean(axis=2)
    middle = (kept[:, 1] - kept[:, 0]) / 2
    return special.ndtr([middle - 2.0, -middle - 2.0]).mean(axis=0)


@pytest.mark.parametrize(("rule", "fraction"), [("near_other", 0.2), ("far_other", 0.5)])
def test_the_midpoint_of_pools_cut_at_their_own_quantile(rule, fraction):
    """By the corrected formula, and not by that for a cut fixed beforehand, v / n."""
    random = generator(f"own quantile {rule}")
    after = theory.axis_after(separation=4.0, rule=rule, fraction=fraction)
    sizes, repeats, ratios, errors = [60, 120, 240, 480], 4000, [], []
    for samples in sizes:
        found = theory.lda_error(separation=4.0, dimension=1, samples=samples, **vars(after))
        excess = midpoint_errors(random, rule, fraction, samples, repeats) - float(found.base)
        ratios.append(excess.mean() / float(found.excess))
        errors.append(excess.std() / np.sqrt(repeats) / float(found.excess))
    constant, error = left_over(np.array(ratios) - 1, errors, sizes, 2)
    limit = stats.norm.isf(5e-5) * error
    assert abs(constant) < limit, (ratios, errors)
    fixed = float(after.variance / after.midpoint)
    assert 1 + constant - fixed > limit, (ratios, errors)
    # the chance that the data would not have told the two formulas apart is one in 1e3
    assert 1 - fixed > limit + stats.norm.isf(1e-3) * error


def test_the_midpoint_varies_as_the_rest_where_no_class_has_a_cut_of_its_own():
    for rule, fraction in (("random", 0.2), ("entropy", 0.2), ("near_other", 1.0)):
        after = theory.axis_after(separation=4.0, rule=rule, fraction=fraction)
        assert float(after.midpoint) == float(after.variance)


def test_the_axis_after_selection_is_that_of_samples():
    random = generator("axis after selection")
    for rule, separation in (("near_other", 2.0), ("entropy", 4.0), ("random", 1.0)):
        values = kept_axis(random, 200_000, separation, levels(separation, rule, 0.2))
        after = theory.axis_after(separation=separation, rule=rule, fraction=0.2)
        mean = float(after.difference) / 2
        assert_means(np.stack([values, (values - mean) ** 2], 1), [mean, after.variance])


def test_the_bases_swap_at_the_flip_and_the_gain_of_the_note():
    given = {"variance": 0.2186, "samples": 1e9, "dimension": 5}
    below = theory.lda_error(separation=2.7, difference=-0.1, **given)
    above = theory.lda_error(separation=2.7, difference=0.1, **given)
    assert float(below.base + above.base) == pytest.approx(1.0, rel=1e-14)
    assert float(below.excess) == pytest.approx(-float(above.excess), rel=1e-14)
    after = theory.axis_after(separation=4.0, rule="entropy", fraction=0.2)
    gain = float(4 * after.variance**2 / after.difference**2 + after.variance)
    assert gain == pytest.approx(0.314, abs=6e-4)


def moments_of(means, variance):
    return np.eye(means.shape[1])[None] * variance + means[:, :, None] * means[:, None]


def test_the_gaussian_factor_is_exact_for_centred_rows():
    random = generator("inverse Wishart")
    d, n = 4, 12
    covariance = np.diag([0.3, 1.0, 1.5, 4.0])
    test = np.diag([1.0, 2.0, 3.0, 4.0]) + 0.1
    found = theory.homogeneous_excess(
        covariance[None], jnp.ones(1), test, noise_variance=0.7, samples=n
    )
    rows = random.standard_normal((40_000, n, d)) * np.sqrt(np.diag(covariance))
    inverses = np.linalg.inv(np.einsum("rni,rnj->rij", rows, rows))
    assert_means(0.7 * np.einsum("ij,rji->r", test, inverses), [found])


def test_the_excess_of_kept_points_reaches_the_formula():
    random = generator("excess of kept points")
    d, variance = 5, 1.0
    means = jnp.asarray(random.standard_normal((3, d)))
    shares, counts = jnp.asarray([0.5, 0.25, 0.25]), np.array([2, 1, 1])
    kept = theory.kept_domains(means, variance=variance, rule="near_own", fraction=0.3)
    test = moments_of(np.asarray(means), variance).mean(0)
    band = [
        theory.cosine_band(
            dimension=d, along=float(jnp.linalg.norm(mean)), across=0.0, low=0.7, high=1.0
        )
        for mean in means
    ]
    pools = []
    for mean, own in zip(np.asarray(means), band):
        points = mean + random.standard_normal((300_000, d))
        cosine = points @ mean / np.linalg.norm(points, axis=1) / np.linalg.norm(mean)
        pools.append(points[cosine >= float(own.threshold)])
    gaps, errors, sizes = [], [], [20, 40, 80, 160]
    for n in sizes:
        numbers = counts * n // 4
        repeats = [len(pool) // number for pool, number in zip(pools, numbers)]
        most = min(repeats)
        rows = np.concatenate(
            [
                pool[: most * number].reshape(most, number, d)
                for pool, number in zip(pools, numbers)
            ],
            axis=1,
        )
        inverses = np.linalg.inv(np.einsum("rni,rnj->rij", rows, rows))
        values = np.einsum("ij,rji->r", test, inverses)
        found = float(
            theory.homogeneous_excess(
                kept.second_moments, shares, test, noise_variance=1.0, samples=n
            )
        )
        gaps.append(values.mean() / found - 1)
        errors.append(values.std() / np.sqrt(most) / found)
    constant, error = left_over(gaps, errors, sizes, 3)
    assert abs(constant) < stats.norm.isf(5e-5) * error, (gaps, errors)


def small_design(name):
    random = generator(name)
    inputs, domains = random.standard_normal((30, 4)) + 0.4, random.integers(0, 3, 30)
    teachers = random.standard_normal((3, 4))
    tests = moments_of(random.standard_normal((3, 4)), 0.8)
    return random, inputs, domains, teachers, tests


def test_design_risks_are_those_of_refitted_noise():
    random, inputs, domains, teachers, tests = small_design("refitted noise")
    found = theory.design_risk(inputs, domains, teachers, tests, noise_variance=0.5, ridge=1.3)
    clean = (inputs * teachers[domains]).sum(1)
    noisy = clean + np.sqrt(0.5) * random.standard_normal((40_000, 30))
    fits = np.linalg.solve(inputs.T @ inputs + 1.3 * np.eye(4), inputs.T @ noisy.T).T
    assert_means(fits, found.parameters)
    gaps = fits[:, None] - teachers[None]
    assert_means(np.einsum("rki,kij,rkj->rk", gaps, tests, gaps), found.risks)
    np.testing.assert_allclose(found.risks, found.bias + found.variance, rtol=1e-14)


def test_one_teacher_leaves_no_bias_and_the_trace_of_the_inverse():
    _, inputs, domains, teachers, tests = small_design("one teacher")
    same = np.repeat(teachers[:1], 3, axis=0)
    found = theory.design_risk(inputs, domains, same, tests, noise_variance=0.5, ridge=0.0)
    np.testing.assert_allclose(found.bias, 0.0, atol=1e-20)
    inverse = np.linalg.inv(inputs.T @ inputs)
    np.testing.assert_allclose(
        found.variance, 0.5 * np.einsum("kij,ji->k", tests, inverse), rtol=1e-11
    )


def test_the_limit_minimises_the_population_loss_and_designs_reach_it():
    random, _, _, teachers, tests = small_design("limit of designs")
    means = random.standard_normal((3, 4))
    moments, shares = moments_of(means, 1.0), np.array([0.5, 0.3, 0.2])
    found = theory.heterogeneous_limit(moments, shares, teachers, tests)

    def loss(parameters):
        gaps = parameters[None] - teachers
        return np.einsum("k,ki,kij,kj->", shares, gaps, moments, gaps)

    best = np.asarray(found.parameters)
    for step in np.concatenate([np.eye(4), -np.eye(4)]) * 1e-3:
        assert loss(best + step) > loss(best)
    gaps, errors, sizes, repeats = [], [], [100, 400, 1600, 6400], [1600, 800, 400, 200]
    for n, number in zip(sizes, repeats):
        domains = np.repeat(np.arange(3), (shares * n).round().astype(int))
        values = []
        for _ in range(number):
            inputs = means[domains] + random.standard_normal((n, 4))
            clean = (inputs * teachers[domains]).sum(1)
            fit = np.linalg.solve(inputs.T @ inputs, inputs.T @ clean)
            difference = fit[None] - teachers
            values.append(np.einsum("ki,kij,kj->k", difference, tests, difference))
        gaps.append(np.mean(values, 0) - np.asarray(found.risks))
        errors.append(np.std(values, 0) / np.sqrt(number))
    for domain in range(3):
        constant, error = left_over(
            np.array(gaps)[:, domain], np.array(errors)[:, domain], sizes, 2
        )
        assert abs(constant) < stats.norm.isf(5e-5 / 3) * error, (gaps, errors)


def test_the_pooled_moment_and_the_ridge_of_the_limit():
    _, _, _, teachers, tests = small_design("pooled moment")
    shares = np.array([0.2, 0.3, 0.5])
    pooled = theory.pooled_second_moment(tests, shares)
    np.testing.assert_allclose(pooled, np.einsum("k,kij->ij", shares, tests), rtol=1e-14)
    found = theory.heterogeneous_limit(tests, shares, teachers, tests, ridge_per_sample=0.4)
    pull = np.einsum("k,kij,kj->i", shares, tests, teachers)
    wanted = np.linalg.inv(np.asarray(pooled) + 0.4 * np.eye(4)) @ pull
    np.testing.assert_allclose(found.parameters, wanted, rtol=1e-11)
    # one teacher, no ridge: the limit is the teacher and every risk zero
    same = np.repeat(teachers[:1], 3, axis=0)
    alone = theory.heterogeneous_limit(tests, shares, same, tests)
    np.testing.assert_allclose(alone.parameters, teachers[0], rtol=1e-11)
    np.testing.assert_allclose(alone.risks, 0.0, atol=1e-20)
