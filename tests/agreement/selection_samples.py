"""Simulated averages against theory by z-score, at a false-alarm rate that is fixed beforehand."""

import numpy as np
from scipy import stats

FALSE_ALARMS = 1e-4


def assert_means(samples, expected):
    """The column means of independent rows `[n, m]` are `expected` `[m]`, as far as noise tells."""
    samples = np.asarray(samples, float).reshape(len(samples), -1)
    expected = np.asarray(expected, float).reshape(-1)
    assert samples.shape[1] == expected.size
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    scores = (samples.mean(axis=0) - expected) / error
    limit = stats.norm.isf(FALSE_ALARMS / 2 / expected.size)
    assert np.all(np.abs(scores) < limit), (scores, limit)
