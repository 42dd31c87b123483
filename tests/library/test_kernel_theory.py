"""The theory of kernel ridge as a library: records, precisions, and one clear error each."""

from fractions import Fraction

import jax
import numpy as np
import pytest

from diversity_jax.kernel_ridge import theory

LINE = np.array([0.0, 1.0, 3.0, 4.0])
KERNEL = np.exp(-((LINE[:, None] - LINE) ** 2) / 2)
CELLS = np.array([0, 0, 1, 1])


def refused(words, function, *arguments, **options):
    """One line with all of the words: argument, got, expected, fix."""
    with pytest.raises(ValueError) as raised:
        function(*arguments, **options)
    message = str(raised.value)
    assert "\n" not in message and ", expected " in message and "; " in message, message
    for word in words:
        assert word in message, (word, message)


def orthogonality(kernel=KERNEL, cells=CELLS, ridge=0.1):
    return theory.orthogonality(kernel, cells, ridge=ridge)


def test_every_name_is_there_and_records_have_their_shapes():
    assert all(callable(getattr(theory, name)) for name in theory.__all__)
    found = orthogonality()
    assert found.local_effective_dimensions.shape == (2,) and found.correlations.shape == (2, 2)
    assert found.kappa_bounds.shape == found.pair_bounds.shape == found.excess_bounds.shape == (2,)
    assert "kappa_minus=" in repr(found)


@pytest.mark.parametrize(
    "function", [theory.orthogonality, theory.local_effective_dimensions, theory.partition_excess]
)
def test_bad_kernels_cells_and_ridges(function):
    def call(kernel=KERNEL, cells=CELLS, ridge=0.1):
        return function(kernel, cells, ridge=ridge)

    refused(["kernel_matrix", "(4, 3)", "(n, n)"], call, KERNEL[:, :3])
    refused(["kernel_matrix", "(0, 0)"], call, np.zeros((0, 0)))
    refused(["kernel_matrix", "NaN"], call, np.where(np.eye(4) > 0, np.nan, KERNEL))
    refused(["kernel_matrix", "asymmetry"], call, np.triu(KERNEL))
    refused(["kernel_matrix", "eigenvalue", "positive semi"], call, KERNEL - 2 * np.eye(4))
    refused(["kernel_matrix", "real numbers"], call, KERNEL * 1j)
    refused(["cells", "(3,)", "(4)"], call, cells=CELLS[:3])
    refused(["cells", "float64", "integers"], call, cells=CELLS * 1.0)
    refused(["cells", "from -1"], call, cells=CELLS - 1)
    refused(["cells", "no point in cell 1 of 3"], call, cells=CELLS * 2)
    for bad in (0.0, -1.0, np.nan):
        refused(["ridge", "> 0"], call, ridge=bad)
    refused(["ridge", "finite"], call, ridge=np.inf)


def test_effective_dimensions_refuse_the_same():
    for bad in (0.0, -1.0):
        refused(["ridge", "> 0"], theory.effective_dimension, KERNEL, ridge=bad)
    refused(["(4,)"], theory.effective_dimension, KERNEL[0], ridge=0.1)
    refused(["eigenvalues", "-1"], theory.spectral_effective_dimension, [-1.0, 1], ridge=0.1)
    refused(["eigenvalues", "(1, 2)"], theory.spectral_effective_dimension, [[1.0, 1]], ridge=0.1)


def test_a_ridge_below_rounding_is_refused_and_says_which_is_not():
    """A kernel of nearly dependent rows, in both precisions; independent rows need no ridge."""
    near = np.exp(-((np.arange(40)[:, None] - np.arange(40)) ** 2) / 2 / 20**2)
    for function in (theory.effective_dimension, lambda k, **g: orthogonality(k, CELLS40, **g)):
        refused(["ridge", "rounding", "higher precision"], function, near, ridge=1e-18)
        single = near.astype(np.float32)
        refused(["ridge", "rounding"], function, single, ridge=1e-10)
    exact = theory.effective_dimension(near, ridge=1e-6)
    np.testing.assert_allclose(
        theory.effective_dimension(near.astype(np.float32), ridge=0.02),
        theory.effective_dimension(near, ridge=0.02),
        rtol=1e-3,
    )
    assert 1 < float(exact) < 40
    # What the error names will do.
    for function in (theory.effective_dimension, lambda k, **g: orthogonality(k, CELLS40, **g)):
        with pytest.raises(ValueError) as raised:
            function(near, ridge=1e-18)
        function(near, ridge=float(str(raised.value).split("e.g. ")[1].split()[0]))
    assert float(theory.effective_dimension(np.eye(3), ridge=1e-300)) == 3
    assert float(orthogonality(np.eye(4), ridge=1e-200).kappa_minus) == 1


CELLS40 = np.arange(40) % 4


def test_a_kernel_that_is_not_positive_in_single_precision_says_so():
    broken = (KERNEL - 0.2 * np.ones((4, 4)) - 0.5 * np.eye(4)).astype(np.float32)
    words = ["float32", "64 bits", "diagonal"]
    refused(words, theory.effective_dimension, broken, ridge=0.1)


def test_zero_one_point_and_copies():
    zero = orthogonality(np.zeros((4, 4)))
    assert float(zero.effective_dimension) == float(zero.excess) == 0
    assert float(zero.kappa_minus) == float(zero.kappa_plus) == 1
    assert float(theory.effective_dimension([[3.0]], ridge=1.5)) == pytest.approx(2 / 3)
    copies = theory.effective_dimension(np.ones((50, 50)), ridge=1e-8)
    assert float(copies) == pytest.approx(1, rel=1e-6)


def test_traced_values_are_refused():
    def traced(ridge):
        return theory.effective_dimension(KERNEL, ridge=ridge)

    with pytest.raises(ValueError, match="outside jit"):
        jax.jit(traced)(0.1)


def test_blocks_that_are_no_kernel_of_two_sets():
    first, second, between = KERNEL[:2, :2], KERNEL[2:, 2:], KERNEL[:2, 2:]
    call = theory.principal_angles
    refused(["between", "(2, 1)", "(2, 2)"], call, first, second, between[:, :1])
    refused(["between", "above 1"], call, first, second, between * 100)
    refused(["second", "zeros"], call, first, second * 0, between * 0)
    for bad in (1.0, 1e-20):
        refused(["tolerance"], call, first, second, between, tolerance=bad)
    refused(["shift", "> 0"], theory.correlation_limits, first, second, between, shift=0.0)


def test_new_points_that_do_not_fit():
    def call(targets=LINE, between=KERNEL, own=(1.0,) * 4, places=CELLS):
        return theory.prediction_gaps(KERNEL, CELLS, targets, between, own, places, ridge=0.1)

    refused(["targets", "(3,)"], call, targets=LINE[:3])
    refused(["targets", "NaN"], call, targets=LINE * np.nan)
    refused(["between", "(4, 3)"], call, between=KERNEL[:, :3])
    refused(["own", "explains"], call, own=np.full(4, 0.1))
    refused(["places", "(3,)"], call, places=CELLS[:3])
    refused(["places", "0 to 1"], call, places=CELLS + 1)


def test_costs_and_growth_refuse_what_is_no_count():
    refused(["points", "0"], theory.exact_cost, 0)
    refused(["points", "2.5"], theory.exact_cost, 2.5)
    refused(["centres", "11", "from 1 to 10"], theory.nystrom_cost, 10, 11)
    refused(["iterations", "0"], theory.falkon_cost, 10, 5, iterations=0)
    refused(["points", "0"], theory.park_cost, [5, 0], 1, iterations=2)
    refused(["centres", "6", "from 1 to 5"], theory.park_cost, [9, 5], 6, iterations=2)
    refused(["sizes", "no cell"], theory.park_cost, [], 1, iterations=2)
    refused(["centres", "(3,)"], theory.park_cost, [9, 5], [1, 2, 3], iterations=2)
    refused(["candidates", "-1"], theory.park_cost, [9], 1, iterations=2, candidates=-1)
    refused(["values", "(1,)"], theory.growth, [1, 2], [1.0])
    refused(["values", "> 0"], theory.growth, [1, 2], [1.0, 0])
    refused(["sizes", "alike"], theory.growth, [2, 2], [1.0, 3])


def test_rates_and_risks_refuse_numbers_outside_their_range():
    refused(["decay", "(0, 1]"], theory.rate_exponents, decay=2.0, source=1.0)
    refused(["source", "1/2 to 1"], theory.rate_exponents, decay=0.5, source=2.0)
    refused(["number"], theory.sobolev_eigenvalues, 0)
    refused(["ridge"], theory.sobolev_effective_dimension, ridge=0.0)
    for risk in (theory.population_risk, theory.equivalent_risk):
        task = {"samples": 10, "ridge": 0.1, "noise": 0.1}
        refused(["samples"], risk, [1.0], **{**task, "samples": 0})
        refused(["noise", "-1"], risk, [1.0], **{**task, "noise": -1})
        refused(["coefficients", "NaN"], risk, [np.nan], **task)
        refused(["eigenvalues", "(2,)"], risk, [1.0], eigenvalues=[1.0, 2.0], **task)
    task = {"samples": 2, "ridge": 1e-16, "noise": 0.1}
    refused(["ridge", "degree"], theory.equivalent_risk, [1.0, 1], eigenvalues=[1.0, 1], **task)


def test_exact_partitions_refuse_floats_and_sizes():
    call = theory.partition_exactly
    refused(["fractions"], call, [[0.5]], [0], [1], ridge=Fraction(1))
    refused(["ridge"], call, [[1]], [0], [1], ridge=Fraction(0))
    refused(["2 cells"], call, [[1]], [0, 1], [1], ridge=Fraction(1))
    refused(["singular"], call, [[-1]], [0], [1], ridge=Fraction(1))
