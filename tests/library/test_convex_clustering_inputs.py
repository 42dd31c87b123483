"""What the solvers refuse, and the parts that they are made of: components and projections."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.convex_clustering import components, graphs, inputs, problem, projections, solver
from diversity_jax.convex_clustering.problem import Graph
from tests.library.convex_problems import DUALS, NORMS, PRIMALS, half_of, scattered

BAD = [
    ("gamma", lambda p, g: solver.solve(p, g, gamma=-1.0)),
    ("gamma", lambda p, g: solver.solve(p, g, gamma=np.nan)),
    ("gamma", lambda p, g: solver.solve(p, g, gamma=[1.0, 2.0])),
    ("gammas", lambda p, g: solver.path(p, g, 1.0)),
    ("gammas", lambda p, g: solver.path(p, g, [])),
    ("gammas", lambda p, g: solver.path(p, g, [1.0, -1.0])),
    ("gammas", lambda p, g: solver.path(p, g, [np.inf])),
    ("norm", lambda p, g: solver.solve(p, g, gamma=1.0, norm="L2")),
    ("method", lambda p, g: solver.solve(p, g, gamma=1.0, method="amma")),
    ("points", lambda p, g: solver.solve(p[:-1], g, gamma=1.0)),
    ("points", lambda p, g: solver.solve(np.where(p == p[3], np.nan, p), g, gamma=1.0)),
    ("points", lambda p, g: solver.solve(p.astype(np.float32), g, gamma=1.0)),
    ("tolerance", lambda p, g: solver.solve(p, g, gamma=1.0, tolerance=1e-17)),
    ("tolerance", lambda p, g: solver.solve(p, g, gamma=1.0, tolerance=0)),
    ("tolerance", lambda p, g: solver.solve(p, g, gamma=1.0, tolerance=np.nan)),
    ("tolerance", lambda p, g: solver.gamma_max(p, g, tolerance=0)),
    ("iterations", lambda p, g: solver.solve(p, g, gamma=1.0, iterations=0)),
    ("points", lambda p, g: solver.batch(p, g, [1.0])),
    ("points", lambda p, g: solver.batch(np.full((1, *p.shape), np.inf), g, [1.0])),
    ("together", lambda p, g: solver.batch(p[None], g, [1.0], together=0)),
    ("graphs", lambda p, g: solver.batch(p[None], problem.stacked([g, g]), [1.0])),
    ("method", lambda p, g: jax.jit(lambda x: solver.solve(x, g, gamma=1.0, method="fast").gap)(p)),
]


@pytest.mark.parametrize(("argument", "call"), BAD)
def test_bad_input_is_named_with_what_it_should_be(argument, call):
    points, graph = scattered("bad")
    with pytest.raises(ValueError, match=rf"^{argument}: got .*, expected .*; ") as error:
        call(points, graph)
    assert "\n" not in str(error.value)


def test_a_tolerance_is_refused_where_the_precision_ends_and_taken_just_above():
    points, graph = scattered("limits")
    for method in ("fast", "admm", "ama"):
        least = inputs.least_tolerance(points, graph, gamma=0.2, method=method)
        with pytest.raises(ValueError, match=r"^tolerance"):
            solver.solve(points, graph, gamma=0.2, tolerance=0.99 * least, method=method)
    least = inputs.least_tolerance(points, graph, gamma=0.2, method="fast")
    assert solver.solve(points, graph, gamma=0.2, tolerance=least).gap <= 2 * least * half_of(
        points
    )


def test_a_graph_in_pieces_is_refused_with_its_pieces_and_the_way_to_join_them():
    graph = Graph([(0, 1), (1, 2), (3, 4)], [1.0, 1.0, 1.0], nodes=6)
    with pytest.raises(ValueError, match="graph: got") as error:
        solver.solve(np.zeros((6, 1)), graph, gamma=1.0)
    for words in (
        "3 components",
        "3 nodes (0, 1, 2)",
        "2 nodes (3, 4)",
        "1 node (5)",
        "graphs.complete_components(points, graph)",
    ):
        assert words in str(error.value)
    assert graphs.components(graph).tolist() == [0, 0, 0, 1, 1, 2]


def test_components_in_traced_code_are_those_of_the_host():
    random = np.random.default_rng(zlib.crc32(b"components"))
    chain = np.stack([np.arange(39), np.arange(1, 40)], axis=1)
    program = jax.jit(components.spread, static_argnums=0)
    for ends in (chain, chain[::-1, ::-1].copy(), random.integers(0, 40, (39, 2))):
        kept = random.random(39) < 0.7
        labels = np.asarray(program(40, jnp.asarray(ends), jnp.asarray(kept)))
        _, host = components.joined(40, ends, kept)
        assert ((labels[:, None] == labels) == (host[:, None] == host)).all()
        assert (labels <= np.arange(40)).all() and (labels[labels] == labels).all()


@pytest.mark.parametrize("norm", NORMS)
def test_projections_are_the_nearest_points_of_their_balls(norm):
    """Feasible, themselves where inside, and the rest points away from the ball."""
    random = np.random.default_rng(zlib.crc32(b"balls"))
    rows, radii = random.normal(size=(40, 3)), random.uniform(0, 2, 40)
    rows[0], radii[1] = 0.0, 0.0
    near = projections.project(rows, radii, norm)
    sizes = np.linalg.norm(near, ord=DUALS[norm], axis=1)
    assert (sizes <= radii * (1 + 1e-14)).all()
    inside = np.linalg.norm(rows, ord=DUALS[norm], axis=1) <= radii
    np.testing.assert_array_equal(near[inside], rows[inside])
    # <row - near, z> over the ball is largest at `near`: radius times the norm of the rest.
    rest = rows - near
    np.testing.assert_allclose(
        np.sum(rest * near, axis=1),
        radii * np.linalg.norm(rest, ord=PRIMALS[norm], axis=1),
        atol=1e-14,
    )
    other = projections.project(jnp.asarray(rows).T, jnp.asarray(radii), norm, axis=0)
    np.testing.assert_allclose(other.T, near, atol=1e-15)
