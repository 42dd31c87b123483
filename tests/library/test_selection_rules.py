"""What all rules of coverage share: distinct picks, precision, tracing, memory, refusals."""

import subprocess
import sys
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.selection import coverage, kernels

KEY = jax.random.key(zlib.crc32(b"selection rules"))
GAUSSIAN = kernels.Gaussian(1.0)


def rows_of(name, number=40, dimension=3, dtype=np.float64):
    random = np.random.default_rng(zlib.crc32(name.encode()))
    return random.normal(size=(number, dimension)).astype(dtype)


def information(rows, number):
    weights = jnp.abs(jnp.asarray(rows))
    similarities = jnp.eye(rows.shape[1], dtype=rows.dtype)
    return coverage.information_gain(weights, similarities, number=number)


RULES = {
    "k_center": lambda rows, number: coverage.k_center(rows, number=number, first=0),
    "lazy": lambda rows, number: coverage.facility_location(rows, number=number, kernel=GAUSSIAN),
    "stochastic": lambda rows, number: coverage.facility_location(
        rows, number=number, kernel=GAUSSIAN, method="stochastic"
    ),
    "dpp_map": lambda rows, number: coverage.dpp_map(rows, number=number, kernel=GAUSSIAN),
    "d_optimal": lambda rows, number: coverage.d_optimal(rows, number=number, ridge=0.5),
    "kmeans_plus_plus": lambda rows, number: coverage.kmeans_plus_plus(KEY, rows, number=number),
    "stratified": lambda rows, number: coverage.coverage_stratified(
        KEY, jnp.asarray(rows)[:, 0], number=number, drop=0.0
    ),
    "information": information,
    "k_dpp": lambda rows, number: coverage.k_dpp(KEY, rows, number=number, kernel=GAUSSIAN),
}


def uneven(a, b):
    """A kernel without ties on its diagonal: ties go by the order of the points."""
    return jnp.exp(a[:, :1] + b[:, 0][None]) * GAUSSIAN(a, b)


# Rules whose picks are a function of the set of points alone, whatever their order.
FIXED = {
    "lazy": RULES["lazy"],
    "d_optimal": RULES["d_optimal"],
    "dpp_map": lambda rows, number: coverage.dpp_map(rows, number=number, kernel=uneven),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_gives_distinct_picks_in_the_precision_of_its_input_and_can_be_traced(name):
    single, double = (rows_of("shared", dtype=dtype) for dtype in (np.float32, np.float64))
    found = RULES[name](double, 12)
    traced = jax.jit(lambda rows: RULES[name](rows, 12))(double)
    for one, dtype in ((found, double.dtype), (RULES[name](single, 12), single.dtype)):
        assert one.indices.shape == one.gains.shape == (12,) and one.objective.shape == ()
        assert sorted(set(one.indices.tolist()) & set(range(40))) == sorted(one.indices.tolist())
        assert one.gains.dtype == one.objective.dtype == dtype
    assert len(set(traced.indices.tolist())) == 12
    np.testing.assert_allclose(traced.objective, found.objective, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in RULES if name not in ("dpp_map", "k_dpp")])
def test_all_points_can_be_picked_even_where_some_coincide(name):
    rows = rows_of("duplicates", number=12)
    rows = np.concatenate([rows, rows[:6], rows[:3]])
    assert sorted(RULES[name](rows, 21).indices.tolist()) == list(range(21))


@pytest.mark.parametrize("name", FIXED)
def test_the_order_of_the_points_does_not_matter(name):
    rows = rows_of("order")
    order = np.random.default_rng(3).permutation(40)
    straight, shuffled = FIXED[name](rows, 12), FIXED[name](rows[order], 12)
    assert order[np.asarray(shuffled.indices)].tolist() == straight.indices.tolist()


@pytest.mark.parametrize("name", ["lazy", "d_optimal", "k_center"])
def test_gains_never_grow_and_add_up(name):
    found = RULES[name](rows_of("gains"), 30)
    assert (np.diff(np.asarray(found.gains)) <= 1e-12).all()
    if name == "lazy":
        assert float(jnp.sum(found.gains)) == pytest.approx(float(found.objective), rel=1e-12)


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("number", [0, 41, 2.0, True])
def test_a_number_of_picks_that_cannot_be_is_refused(name, number):
    with pytest.raises(ValueError, match=r"^number: got .*expected an integer from 1 to 40"):
        RULES[name](rows_of("shared"), number)


@pytest.mark.parametrize("name", [name for name in RULES if name not in ("stratified",)])
def test_nan_is_refused(name):
    rows = rows_of("shared")
    rows[4, 1] = np.nan
    with pytest.raises(ValueError, match=r"^(points|weights): got 1 NaN or infinite of 120 values"):
        RULES[name](rows, 5)


def skewed(a, b):
    return jnp.maximum(a @ b.T, 0) + jnp.sum(a, axis=1, keepdims=True)


def negative(a, b):
    return -(a @ b.T)


@pytest.mark.parametrize("name", ["facility_location", "dpp_map"])
@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (skewed, "an asymmetry of"),
        (negative, "a negative one among the"),
        (lambda a, b: jnp.sum(a @ b.T, axis=1), r"shape \(40,\), expected shape \(40, 40\)"),
        (lambda a, b: jnp.full((a.shape[0], b.shape[0]), jnp.nan), "1600 NaN"),
    ],
)
def test_a_kernel_that_is_none_is_refused(name, kernel, message):
    with pytest.raises(ValueError, match=f"^kernel: got .*{message}"):
        getattr(coverage, name)(rows_of("shared"), number=3, kernel=kernel)


def test_a_negative_similarity_outside_the_sample_is_found():
    rows = np.abs(rows_of("far away", number=500))
    rows[137] = -rows[137]  # not among the 64 points that are looked at first
    for method in ("lazy", "stochastic"):
        with pytest.raises(ValueError, match=r"^kernel: got a negative one among the entries"):
            coverage.facility_location(rows, number=300, kernel=kernels.linear, method=method)


def own_cosine(a, b):
    """A cosine that no check knows as one."""
    return kernels.cosine(a, b)


@pytest.mark.parametrize("rule", ["dpp_map", "k_dpp", "lazy", "stochastic"])
def test_a_zero_row_outside_the_sample_is_named_under_a_cosine(rule):
    rows = rows_of("zero row", number=130)
    rows[37] = 0  # not among the 64 points that are looked at first
    rules = {
        "dpp_map": lambda kernel: coverage.dpp_map(rows, number=2, kernel=kernel),
        "k_dpp": lambda kernel: coverage.k_dpp(KEY, rows, number=2, kernel=kernel),
    }
    kernel = kernels.cosine if rule in rules else kernels.clipped_cosine
    call = rules.get(
        rule,
        lambda kernel: coverage.facility_location(rows, number=2, kernel=kernel, method=rule),
    )
    with pytest.raises(ValueError, match=r"^points: got length zero in row 37, expected .*cosine"):
        call(kernel)


def test_similarities_that_are_nan_are_no_rank():
    rows = rows_of("zero row", number=130)
    rows[37] = 0
    with pytest.raises(ValueError, match=r"^kernel: got similarities that are NaN"):
        coverage.dpp_map(rows, number=2, kernel=own_cosine)


@pytest.mark.parametrize("rule", ["dpp_map", "dpp_map_from_matrix", "k_dpp", "k_dpp_from_matrix"])
def test_more_picks_than_the_rank_are_refused_and_as_many_are_not(rule):
    rows = rows_of("shared")
    given = jnp.asarray(rows) @ rows.T if rule.endswith("matrix") else rows
    first = (KEY, given) if rule.startswith("k_dpp") else (given,)
    options = {} if rule.endswith("matrix") else {"kernel": kernels.linear}
    found = getattr(coverage, rule)(*first, number=3, **options)
    assert np.isfinite(found.objective)
    with pytest.raises(ValueError, match=r"^number: got 4, expected at most 3, the kernel's rank"):
        getattr(coverage, rule)(*first, number=4, **options)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((3, 2)), r"shape \(3, 2\)"),
        (np.triu(np.ones((3, 3))), "asymmetry"),
        (np.eye(3) - 2 * np.ones((3, 3)), "negative one among the eigenvalues"),
        (np.full((3, 3), np.nan), "9 NaN"),
    ],
)
def test_a_matrix_that_is_no_kernel_is_refused(matrix, message):
    for call in (
        lambda: coverage.dpp_map_from_matrix(matrix, number=1),
        lambda: coverage.k_dpp_from_matrix(KEY, matrix, number=1),
    ):
        with pytest.raises(ValueError, match=f"^matrix: got .*{message}"):
            call()


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda rows: coverage.k_center(rows, number=3, first=40), "first"),
        (lambda rows: coverage.k_center(rows.astype(int), number=3, first=0), "points"),
        (lambda rows: coverage.d_optimal(rows, number=3, ridge=0.0), "ridge"),
        (
            lambda rows: coverage.facility_location(rows, number=3, kernel=GAUSSIAN, method="x"),
            "method",
        ),
        (
            lambda rows: coverage.facility_location(rows, number=3, kernel=GAUSSIAN, miss=1.0),
            "miss",
        ),
        (lambda rows: coverage.coverage_stratified(KEY, rows[:, 0], number=3, drop=1.0), "drop"),
        (lambda rows: coverage.coverage_stratified(KEY, rows[:, 0], number=39), "number"),
        (lambda rows: coverage.coverage_stratified(KEY, rows[:, 0], number=3, strata=0), "strata"),
        (lambda rows: coverage.information_gain(rows, np.eye(3), number=3), "weights"),
        (
            lambda rows: coverage.information_gain(np.abs(rows), np.eye(2), number=3),
            "similarities",
        ),
        (
            lambda rows: coverage.information_gain(np.abs(rows), np.eye(3), number=3, power=1.5),
            "power",
        ),
        (lambda rows: kernels.Gaussian(0.0), "length_scale"),
    ],
)
def test_other_bad_arguments_are_refused(call, argument):
    with pytest.raises(ValueError, match=f"^{argument}: got ") as refused:
        call(rows_of("shared"))
    assert "\n" not in str(refused.value)


def test_facility_location_stays_far_below_the_matrix():
    """20,000 points: the matrix would take 1,600 MB in this precision."""
    script = """
import resource, numpy as np
from diversity_jax.selection import coverage, kernels
rows = np.random.default_rng(0).normal(size=(20_000, 8)).astype(np.float32)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
coverage.facility_location(rows[:200], number=2, kernel=kernels.clipped_cosine)
base = peak()
coverage.facility_location(rows, number=3, kernel=kernels.clipped_cosine).indices.tolist()
print(peak() - base)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert float(ended.stdout) < 160
