"""The library in single precision: one more process, with the tests whose point is not precision.

Left out is what asks for float64, or for digits that float32 does not have; all else has to pass
as it stands.
"""

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = ("attention", "diffusion", "diffusion_sampling", "mixtures", "selection_scores")
DOUBLE_ONLY = {
    "attention": (
        "linear_attention_is_its_definition",
        "scale_defaults_to_the_number",
        "is_linear_attention_with_identity_heads",
        "an_idle_softmax_head",
        "manifold_starts_lie_on",
        "finds_its_least_eigenvector",
        "a_rotated_basis",
        "precision_follows",
        "a_named_start",
    ),
    "diffusion": (
        "fall_evenly",
        "small_systems",
        "collapse_comes_earlier",
        "(one_line_by_name and activation)",
        "steep_activations",
    ),
    "diffusion_sampling": ("blocks_sum_to_what", "a_small_majority"),
    "mixtures": (
        "memory_beyond",
        "singular_covariance",
        "the_derivative_in_a_zero_weight",
        "results_have_the_type",
        "plain_numbers_follow",
        "jit_and_vmap",
        "differentiable_in_the_parameters",
    ),
    "selection_scores": (
        "the_toy_has_its_eight",
        "scikit_learns_cosines",
        "of_scipy_and_numpy",
        "vendi_counts",
        "entropy_is_that_of_scipy",
        "the_error_of_the_hard_weight",
        "bad_labelled_points",
    ),
}


def in_single_precision(*words, **environment):
    return subprocess.run(
        [sys.executable, *words],
        cwd=CHECKOUT,
        env={**os.environ, "JAX_ENABLE_X64": "0", "DIVERSITY_JAX_TEST_X64": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_does_not_ask_for_double_precision_passes_in_single():
    files = [f"tests/library/test_{name}.py" for name in FILES]
    left_out = [f"not {part}" for name in FILES for part in DOUBLE_ONLY[name]]
    # The tests ask for float64 on their way to other things; that the library does not is below.
    quiet = ("-W", "ignore:Explicitly requested dtype")
    words = ("-m", "pytest", "-n0", *quiet, "-k", " and ".join(left_out), *files)
    ended = in_single_precision(*words)
    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-2000:]
    assert " passed" in ended.stdout


def test_numpys_double_precision_becomes_single_in_silence():
    script = """
import jax.numpy as jnp
import numpy as np

from diversity_jax.attention import layer, measures, settings, theory
from diversity_jax.mixtures import GaussianMixture

mixture = GaussianMixture.isotropic(np.full(2, 0.5), np.eye(2, 3), np.full(2, 0.1))
points = np.random.default_rng(0).normal(size=(4, 3))
heads = np.eye(2, 3)
made = (
    mixture.means,
    mixture.at_time(np.float64(0.3)).score(points),
    settings.orthonormal(clusters=2, dimension=3, variance=np.float64(0.1)).variances,
    layer.linear_attention(points, heads, strength=np.float64(0.6)),
    measures.alignment(heads, np.eye(2, 3)),
    theory.population_risk(heads, mixture, length=5.0, strength=0.6),
    theory.strengths(dimension=3, length=5, variance=0.1).best,
)
assert {array.dtype for array in made} == {jnp.dtype(jnp.float32)}, made
"""
    ended = in_single_precision("-W", "error", "-c", script)
    assert ended.returncode == 0, ended.stderr[-2000:]
