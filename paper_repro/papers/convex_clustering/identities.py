"""Claims on edge sensitivities in other words, closed forms and solved problems: G4."""

import numpy as np

from diversity_jax.checks import combine, identity, inequality
from paper_repro.claims import Claim, Control

CODE = "the quantity is the paper's, through its public code; identity derived"


def squares(dataset, walk="square_commute", counted=1):
    """Squared sensitivities of edges: the theory's, the pseudo-inverse's, and by commute times.

    `counted` is how often the pseudo-inverse's rows count an edge.
    """
    wanted = dataset.square_theory.values
    # Commute times are solved with errors that weights over two decades enlarge, squared.
    settings = {"terms": 1e3, "condition": 1e6, "resolution": 1e-6}
    return combine(
        {
            "walk": identity(dataset[walk].values, wanted, **settings),
            "pseudo-inverse": identity(dataset.square.values * counted, wanted, **settings),
        }
    )


def hitting(dataset, name="square_hitting"):
    """Squared sensitivities by differences of hitting times."""
    return identity(
        dataset[name].values, dataset.square_theory.values,
        terms=1e3, condition=1e6, resolution=1e-6,
    )  # fmt: skip


def totals(dataset, resistances="foster", counted=1):
    """The sum of squares is the trace of L^+; conductance times resistance adds up to n - 1.

    `counted` is how often the sum of squares counts an edge.
    """
    settings = {"terms": 1e3, "condition": 1e3, "resolution": 1e-8}
    squared = dataset.trace_theory.values
    whole = dataset[resistances].values
    return combine(
        {
            "trace": identity(squared * counted, dataset.trace.values, **settings),
            "resistances": identity(whole, np.full_like(whole, 23.0), **settings),
        }
    )


def between(dataset, power=1.0):
    """Each squared sensitivity lies between its two bounds by resistance (`power` of the upper)."""
    middle = dataset.square_theory.values.ravel()
    upper, lower = dataset.upper.values.ravel(), dataset.lower.values.ravel()
    return combine(
        {
            "upper": inequality(middle, upper * power, error=1e-12, resolution=0.2),
            "lower": inequality(lower, middle * power, error=1e-12, resolution=0.2),
        }
    )


def same(left, right, *, terms=1e3, condition=1e2, resolution=1e-8):
    """Two outputs are equal up to rounding."""

    def check(dataset):
        return identity(
            dataset[left].values, dataset[right].values,
            terms=terms, condition=condition, resolution=resolution,
        )  # fmt: skip

    return check


def solved(ending="formula"):
    """The solver's objectives, certified to 1e-12 of the points' spread, against those by hand."""

    def check(dataset):
        return combine(
            {
                name: identity(
                    dataset[name].values, dataset[f"{name}_{ending}"].values,
                    epsilon=1e-12, terms=1.0, condition=100.0, resolution=1e-8,
                )
                for name in ("pair", "line", "simplex")
            }
        )  # fmt: skip

    return check


def trees(dataset, above=1.0):
    """On a tree there are two clusters or more below max |(F^+ X)_e|, and `above` it one."""
    found = dataset.tree_clusters.values
    wanted = np.broadcast_to([2.0, above], found.shape)
    return identity(found.astype(float), wanted, terms=1.0, condition=1.0, resolution=1e-8)


CLAIMS = [
    Claim(
        id="G4-commute",
        kind="identity",
        sentence="The squared sensitivity of an edge is its conductance over four squared volumes "
        "times the spread, over all nodes, of the difference between the commute times to its "
        "ends; it is the squared row of the pseudo-inverse of F.",
        source=f"G4; {CODE} (the commute form is that of the authors' notebook)",
        experiment="convex_identities",
        formula="exact",
        check=squares,
        control=Control(
            "the differences' mean not taken off, and each edge counted in both directions",
            lambda d: squares(d, "square_uncentred", 2),
            kind="term dropped",
        ),
    ),
    Claim(
        id="G4-hitting",
        kind="identity",
        sentence="The same by hitting times, without the factor four.",
        source=f"G4; {CODE}",
        experiment="convex_identities",
        formula="exact",
        check=hitting,
        control=Control(
            "commute times' differences, their mean not taken off",
            lambda d: hitting(d, "square_uncentred"),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="G4-sums",
        kind="identity",
        sentence="Squared sensitivities add up to the trace of the Laplacian's pseudo-inverse, and "
        "conductances times resistances to the number of nodes less one.",
        source="G4; derived; the second is Foster's theorem",
        experiment="convex_identities",
        formula="exact",
        check=totals,
        control=Control(
            "each edge in both directions, and weights in place of conductances",
            lambda d: totals(d, "foster_unsquared", 2),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="G4-bounds",
        kind="inequality",
        sentence="A squared sensitivity is at most conductance times resistance over the second "
        "eigenvalue, and at least conductance times half of the squared resistance.",
        source="G4; derived",
        experiment="convex_identities",
        formula="exact",
        check=between,
        control=Control(
            "constants that differ by two", lambda d: between(d, 0.5), kind="rival prediction"
        ),
    ),
    Claim(
        id="G4-closed",
        kind="identity",
        sentence="Largest sensitivity and resistance of complete graph, ring, path, star and of "
        "barbells with one, three and as many bridges as there can be have closed forms, whatever "
        "the weight that all edges share.",
        source=f"G4; {CODE}; the barbell's agrees with the authors' notebook",
        experiment="convex_identities",
        formula="exact",
        check=same("named", "named_formula"),
        control=Control(
            "the weight taken for the affinity",
            same("named_spoiled", "named_formula"),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="G4-solved",
        kind="identity",
        sentence="Two points, points on a line with all pairs joined and the corners of a simplex "
        "have solutions in closed form: they meet at half their distance over w, the second is an "
        "isotonic regression, the third shrinks evenly to its middle.",
        source="G4; derived",
        experiment="convex_identities",
        formula="exact",
        check=solved(),
        control=Control(
            "an objective that counts ordered pairs", solved("spoiled"), kind="rival prediction"
        ),
    ),
    Claim(
        id="G4-tree",
        kind="identity",
        sentence="On a tree all points share one centroid from gamma = max |(F^+ X)_e| on, and "
        "below it they do not.",
        source="G4; derived",
        experiment="convex_identities",
        formula="exact",
        check=trees,
        control=Control(
            "twice that gamma needed", lambda d: trees(d, 2.0), kind="rival prediction"
        ),
    ),
]
