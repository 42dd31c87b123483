"""Checks that several files of claims make."""

from diversity_jax.checks import combine, identity, ordering


def same(left, right, *, condition: float, scale: float | None = 1.0):
    """Two outputs are equal up to the rounding of a solve of some 25 unknowns of that condition."""

    def check(dataset):
        return identity(
            dataset[left].values, dataset[right].values, scale=scale,
            terms=1e3, condition=condition, resolution=1e-6,
        )  # fmt: skip

    return check


def nearer(distances, growth, power=0.0):
    """Distances `[seed, number]` fall from the fewest centroids to the most, by name.

    With a power: as fast as that power of `growth`, of the centroids' number, by name.
    """
    parts = {
        name: ordering(values[:, -1] * growth[name] ** power, values[:, 0], resolution=0.6)
        for name, values in distances.items()
    }
    return combine(parts)
