"""Checks of what goes with the error: of random cells, of whole studies, of designs."""

import numpy as np

from diversity_jax.checks import combine, correlation, inequality, ordering, probability


def least(dataset):
    """The least mean squared error on each path, NaN without a graph: [point, seed, graph]."""
    error = dataset.error.values
    return np.where(np.isnan(error).all(axis=-1), np.nan, np.min(error, axis=-1))


def predicts(name, *, at_least):
    """Over random cells, one graph each, a number of the graph goes with its error, by ranks."""

    def check(dataset):
        return correlation(
            dataset[name].values[0, :, 0], least(dataset)[0, :, 0],
            at_least=at_least, resolution=0.4, method="spearman",
        )  # fmt: skip

    return check


def study_ranks(dataset, name):
    """For each data set the rank correlation of a number with the error, over all its graphs."""
    from scipy import stats  # here, so that listing claims does not import it

    errors = least(dataset)[0]
    found = []
    for values, error in zip(dataset[name].values[0], errors):
        known = np.isfinite(values) & np.isfinite(error)
        enough = known.sum() > 3
        found.append(stats.spearmanr(values[known], error[known])[0] if enough else np.nan)
    return np.maximum(np.array(found, float), 1e-3)


def better(first, second):
    """Within data sets, the second goes with the error more closely than the first."""
    return lambda dataset: ordering(
        study_ranks(dataset, first), study_ranks(dataset, second), resolution=0.2
    )


def named(dataset, name, design):
    """An output of the experiment on designs, by seeds."""
    place = int(np.flatnonzero(dataset.design.values == design)[0])
    values = least(dataset) if name == "error" else dataset[name].values
    return values[0, :, place]


def smaller(small, large):
    """The error on one design is smaller than on another."""
    return lambda dataset: ordering(
        named(dataset, "error", small), named(dataset, "error", large), resolution=1.0
    )


def connected(dataset):
    """The complete graph, which is connected best, has less error than cliques barely joined."""
    return smaller("complete", "cliques, one edge a pair")(dataset)


def counted(dataset, weights, name, count):
    """An output of the experiment on neighbours at a number of them, by seeds."""
    point = int(np.flatnonzero(dataset.weights.values == weights)[0])
    graph = int(np.flatnonzero(dataset["count"].values == count)[0])
    values = least(dataset) if name == "error" else dataset[name].values
    return values[point, :, graph]


def less_at(small, large):
    """Error and oracle term, unit weights: smaller at one number of neighbours than at another."""

    def check(dataset):
        return combine(
            {
                name: ordering(
                    counted(dataset, "unit", name, small), counted(dataset, "unit", name, large),
                    resolution=0.5,
                )
                for name in ("error", "oracle")
            }
        )  # fmt: skip

    return check


def on_average(few, many):
    """The error, a mean over a range of neighbours, is smaller than over another; unit weights."""

    def check(dataset):
        counts = dataset["count"].values
        point = int(np.flatnonzero(dataset.weights.values == "unit")[0])
        errors = least(dataset)[point]
        means = [
            errors[:, (counts >= low) & (counts <= high)].mean(axis=1) for low, high in (few, many)
        ]
        return ordering(*means, resolution=0.5)

    return check


def near_best(dataset, factor=1.0):
    """The error at a multiple of rho is within 1.5 times the least on the path, in most graphs."""
    error = dataset.error.values[0, :, 0]
    place = int(np.abs(dataset.factor.values - factor).argmin())
    near = error[:, place] <= 1.5 * error.min(axis=-1)
    return probability(near.sum(), near.size, at_least=0.8, resolution=0.15)


def within_axes(dataset, name="oracle"):
    """The oracle term is at most the end of the published axis, in nine graphs of ten."""
    values = dataset[name].values[0, :, 0]
    return inequality(values, np.full_like(values, 12.5), delta=0.1, resolution=0.7)


def too_small(dataset, weights="kernel"):
    """rho of the problem solved is larger than the one read off, at 12 neighbours."""
    solved = counted(dataset, weights, "shortfall", 12)
    return ordering(np.ones_like(solved), solved, resolution=2.5)
