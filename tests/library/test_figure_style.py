"""What figures share: intervals, ticks, numbers as text, and the numbers that a figure shows."""

import zlib

import numpy as np
import pytest
import scipy.stats

from figures import output, style


def test_a_mean_has_the_interval_of_student_and_ignores_what_is_missing():
    random = np.random.default_rng(zlib.crc32(b"intervals of a figure"))
    samples = random.normal(size=(2, 7))
    samples[1, 3] = np.nan
    middle, half = style.estimate(samples)
    for row, centre, width in zip(samples, middle, half):
        known = row[np.isfinite(row)]
        low, high = scipy.stats.t.interval(
            0.95, known.size - 1, loc=known.mean(), scale=scipy.stats.sem(known)
        )
        np.testing.assert_allclose((centre - width, centre + width), (low, high), rtol=1e-12)


@pytest.mark.parametrize("seeds", [0, 1])
def test_a_mean_of_too_few_seeds_has_no_interval(seeds):
    samples = np.full((1, 3), np.nan)
    samples[0, :seeds] = 2.0
    middle, half = style.estimate(samples)
    assert np.isnan(half).all()
    assert np.array_equal(middle, [2.0 if seeds else np.nan], equal_nan=True)


@pytest.mark.parametrize("successes", [0, 3, 10])
def test_a_success_rate_has_the_interval_of_wilson(successes):
    figure, (axes,) = style.panels(1)
    style.fractions(axes, [1.0], [[i < successes for i in range(10)]])
    (row,) = output.numbers(figure)
    exact = scipy.stats.binomtest(successes, 10).proportion_ci(method="wilson")
    # The normal quantile is rounded to 1.96, which is off by 2e-5.
    np.testing.assert_allclose((row["y_low"], row["y_high"]), exact, atol=2e-5)


def test_a_logarithmic_axis_has_a_place_for_zero_and_none_for_infinity():
    _, (axes,) = style.panels(1)
    style.ticks(axes, [0.0, 0.1, 10.0, np.inf])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "0.1", "10"]
    np.testing.assert_allclose(axes.get_xticks(), [0.025, 0.1, 10.0])


@pytest.mark.parametrize(
    ("value", "text"), [(np.inf, "∞"), (-0.4, "−0.4"), (2.0, "2"), (0.123456, "0.123")]
)
def test_numbers_read_as_a_reader_writes_them(value, text):
    assert style.plain(value) == text


def test_coloured_points_are_listed_with_the_number_that_colours_them():
    figure, (axes,) = style.panels(1)
    axes.scatter([1.0, 2.0], [3.0, 4.0], c=[5.0, 6.0])
    axes.scatter([1.0], [3.0], color="black")
    rows = [(row["x"], row["y"], row.get("value")) for row in output.numbers(figure)]
    assert rows == [(1.0, 3.0, 5.0), (2.0, 4.0, 6.0), (1.0, 3.0, None)]
