"""Streams: bad input leaves the state unharmed, files go on with the same bits, one program."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.graph_learning import online, quantise, saved, theory
from tests.agreement.graph_problems import generator
from tests.library.test_graph_inputs import refused

START = online.initial(4, 2, bandwidth=1.5, regularisation=0.05)
POINTS = generator("stream of the library").normal(size=(30, 2)) * 3
LABELS = np.where(np.arange(30) % 5 == 0, np.sign(POINTS[:, 0]), np.nan)


def same(one, other):
    """Equal bits, and equal types."""
    first, second = jax.tree.leaves(one), jax.tree.leaves(other)
    return len(first) == len(second) and all(
        a.dtype == b.dtype and np.asarray(a).tobytes() == np.asarray(b).tobytes()
        for a, b in zip(first, second)
    )


@pytest.fixture(scope="module")
def state():
    return online.run(START, POINTS, LABELS)[0]


@pytest.mark.parametrize(
    "words, point, label",
    [
        (["point", "(3,)", "(2)", "2 coordinates"], [1.0, 2, 3], None),
        (["point", "()", "(2)"], 1.0, None),
        (["point", "nan", "entries up to"], [1.0, np.nan], None),
        (["point", "inf", "leave it out"], [np.inf, 0.0], None),
        (["point", "1e+308", "entries up to"], [1e308, 0.0], None),
        (["point", "type <U1", "numbers"], ["a", "b"], None),
        (["label", "2.0", "-1 to 1"], [1.0, 2], 2.0),
        (["label", "(2,)", "one number"], [1.0, 2], [1.0, 0]),
        (["label", "type <U3", "classes.encode"], [1.0, 2], "yes"),
    ],
)
def test_a_bad_point_or_label_is_refused_and_the_state_unharmed(state, words, point, label):
    before = jax.tree.map(np.array, state)
    for call in (online.step, online.insert):
        refused(words, call, state, point, label)
    assert same(before, state)


def test_a_bad_part_of_a_stream_is_refused_before_anything_is_learned(state):
    bad = POINTS.copy()
    bad[7, 1] = np.nan
    refused(["points", "nan in row 7"], online.run, state, bad)
    refused(["points", "nan in row 7"], quantise.extend, state.quantiser, bad)
    refused(["points", "(30, 1)", "(any, 2)"], online.run, state, POINTS[:, :1])
    refused(["labels", "(29,)", "(30)"], online.run, state, POINTS, LABELS[1:])
    wrong = np.where(np.arange(30) == 3, -4, LABELS)
    refused(["labels", "-4.0", "row 3"], online.run, state, POINTS, wrong)
    refused(["every", "-1"], online.run, state, POINTS, every=-1)
    several = online.initial(4, 2, bandwidth=1.5, regularisation=0.05, classes=2)
    refused(["labels", "nan, 1.0", "row 1"], online.run, several, POINTS[:2], [[0, 1], [np.nan, 1]])


@pytest.mark.parametrize(
    "words, options",
    [
        (["number", "0"], {"number": 0}),
        (["dimension", "2.5"], {"dimension": 2.5}),
        (["multiplier", "1.0", "above 1", "1.5"], {"multiplier": 1.0}),
        (["multiplier", "nan"], {"multiplier": np.nan}),
        (["most_pinned", "4", "0 to 3"], {"most_pinned": 4}),
        (["bandwidth", "0.0"], {"bandwidth": 0.0}),
        (["regularisation", "0.0", "no label reaches"], {"regularisation": 0.0}),
        (["classes", "0"], {"classes": 0}),
    ],
)
def test_bad_settings(words, options):
    settings = {"number": 4, "dimension": 2, "bandwidth": 1.0, "regularisation": 0.1} | options
    number, dimension = settings.pop("number"), settings.pop("dimension")
    refused(words, online.initial, number, dimension, **settings)


@pytest.mark.parametrize(
    "words, options",
    [
        (["multiplier", "1.000000001, which is 1.0 in float32"], {"multiplier": 1 + 1e-9}),
        (["bandwidth", "1e-50, which is 0.0 in float32"], {"bandwidth": 1e-50}),
        (["regularisation", "1e+50, which is inf in float32"], {"regularisation": 1e50}),
    ],
)
def test_settings_that_single_precision_does_not_hold(words, options):
    settings = {"bandwidth": 1.0, "regularisation": 0.1} | options
    assert online.initial(4, 2, **settings)
    with jax.enable_x64(False):
        refused([*words, "JAX_ENABLE_X64"], online.initial, 4, 2, **settings)


def single(state):
    kinds = {"f": jnp.float32, "i": jnp.int32, "b": bool}
    return jax.tree.map(lambda leaf: leaf.astype(kinds[leaf.dtype.kind]), state)


@pytest.mark.parametrize("members", [1, 10**3, 10**6, 10**9])
def test_long_streams_of_few_labels_keep_their_digits(state, members):
    """Against the absorbed walk; a factor has no digit left in single precision, in double few."""
    counts = jnp.where(state.labelled > 0, 1, members).astype(int)
    weights = jnp.where(jnp.eye(4, dtype=bool), 0, jnp.full((4, 4), 0.25))
    long = eqx.tree_at(
        lambda at: (at.quantiser.multiplicities, at.weights, at.labelled, at.sums),
        state,
        (counts, weights, jnp.array([2, 0, 0, 5]), jnp.array([[2.0], [0], [0], [-1]])),
    )
    held = np.array([True, False, False, True])
    walk = theory.hard_absorption(
        weights, held, regularisation=float(state.regularisation), multiplicities=counts
    )
    wanted = np.asarray(walk.chances) @ [1, -0.2]
    np.testing.assert_allclose(online.values(long), wanted, rtol=1e-8)
    found = online.values(single(long))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_counts_and_sums_end_before_they_lose_what_is_added(state):
    full = single(state)
    at = int(quantise.place(full.quantiser, POINTS[0]))
    many = full.quantiser.multiplicities
    left = np.iinfo(np.int32).max - 1 - int(many.sum()) + int(many[at])
    full = eqx.tree_at(
        lambda at: (at.quantiser.multiplicities, at.labelled, at.sums),
        full,
        (
            many.at[at].set(left),
            full.labelled.at[at].set(2**24),
            full.sums.at[at].set(2.0**24),
        ),
    )
    centre = full.quantiser.centroids[at]
    last, value = online.step(full, centre, 1.0)
    assert value == 1 and last.sums[at, 0] / last.labelled[at] == 1
    assert int(last.quantiser.multiplicities.sum()) == np.iinfo(np.int32).max
    after, value = online.step(last, centre, 1.0)
    assert np.isnan(value) and int(after.quantiser.refused) == 1
    assert same(after.quantiser.multiplicities, last.quantiser.multiplicities)


def test_bad_questions_to_the_theory():
    for function in (theory.distortion_bound, theory.optimum_bound):
        refused(["multiplier", "1.0", "above 1"], function, 1.0, multiplier=1)
        refused(["radius", "-1"], function, -1.0, multiplier=2)
    refused(["multiplier", "0.5"], theory.approximation_factor, 0.5)
    refused(["dimension", "0"], theory.distortion_exponent, 0)
    refused(["largest", "1", "first"], theory.merges_bound, 1.0, 2.0, multiplier=2)


def test_a_traced_bad_point_leaves_the_state_and_is_counted(state):
    step = online.step
    good = jnp.asarray(POINTS[0])
    for point, label in (
        (good.at[1].set(jnp.nan), 1.0),
        (good.at[0].set(-jnp.inf), jnp.nan),
        (good.at[0].set(1e308), jnp.nan),
        (good, 2.0),
    ):
        after, value = jax.jit(step)(state, point, label)
        assert np.isnan(value) and int(after.quantiser.refused) == 1
        mended = jax.tree.map(jnp.asarray, after)
        assert same(mended.quantiser.centroids, state.quantiser.centroids)
        assert same((mended.weights, mended.sums, mended.labelled),
                    (state.weights, state.sums, state.labelled))  # fmt: skip
        assert same(mended.quantiser.multiplicities, state.quantiser.multiplicities)
    broken = jax.jit(lambda m: quantise.update(quantise.initial(4, 2, multiplier=m), [1.0, 2]))
    assert int(broken(1.0).refused) == 1 and int(broken(1.0).count) == 0
    assert int(broken(1.5).refused) == 0 and int(broken(1.5).count) == 1


def test_nothing_is_known_before_a_label_or_a_point():
    assert np.isnan(online.predict(START, [0.0, 1.0]))
    assert np.isnan(online.predict(START, POINTS)).all()
    assert int(quantise.place(START.quantiser, [0.0, 1.0])) == -1
    assert float(quantise.radius_bound(START.quantiser)) == 0
    _, found = online.run(START, POINTS)
    np.testing.assert_array_equal(found, 0)
    empty, found = online.run(START, POINTS[:0])
    assert same(empty, START) and found.shape == (0,)


@pytest.mark.bits
@pytest.mark.parametrize("cut", [1, 13])
def test_a_stream_goes_on_from_a_file_with_the_same_bits(tmp_path, cut):
    whole, found = online.run(START, POINTS, LABELS, every=2)
    part, first = online.run(START, POINTS[:cut], LABELS[:cut], every=2)
    saved.save(tmp_path / "state.npz", part)
    back = saved.restore(tmp_path / "state.npz")
    assert same(back, part) and type(back) is online.Learner and back.numbers is True
    end, rest = online.run(back, POINTS[cut:], LABELS[cut:], every=2)
    assert same(end, whole)
    assert same(np.concatenate([first, rest]), np.asarray(found))
    assert (np.isfinite(found) == (np.arange(1, 31) % 2 == 0)).all()
    saved.save(tmp_path / "state.npz", part.quantiser)
    assert same(saved.restore(tmp_path / "state.npz"), part.quantiser)


def test_files_that_are_no_states(tmp_path, state):
    (tmp_path / "words.npz").write_text("no state")
    refused(["path", "words.npz", "saved.save"], saved.restore, tmp_path / "words.npz")
    np.savez(tmp_path / "other.npz", a=np.ones(2))
    refused(["path", "other.npz"], saved.restore, tmp_path / "other.npz")
    saved.save(tmp_path / "whole.npz", state)
    content = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[: len(content) // 2])
    refused(["path", "cut.npz"], saved.restore, tmp_path / "cut.npz")
    with pytest.raises(FileNotFoundError):
        saved.restore(tmp_path / "none.npz")
    refused(["state", "dict"], saved.save, tmp_path / "new.npz", {"a": 1})
    assert not (tmp_path / "new.npz").exists()
    with np.load(tmp_path / "whole.npz") as file:
        held = dict(file)
    np.savez(tmp_path / "long.npz", **held | {"weights": held["weights"].astype(np.longdouble)})
    refused(["path", "long.npz"], saved.restore, tmp_path / "long.npz")


def test_one_compilation_whatever_the_length_and_however_many_steps():
    for function in (online._step, online._part, online._insert, quantise._update):
        function.clear_cache()
    state = START
    for length in (3, 1, 20, online.BLOCK + 5):
        rows = np.resize(POINTS, (length, 2))
        state, _ = online.run(state, rows, np.resize(LABELS, length), every=length)
    assert online._part._cache_size() == 1
    state = START
    for point in POINTS[:4]:
        state, _ = online.step(state, point, 1.0)
        state, _ = online.step(state, jnp.asarray(point))
        state = online.insert(state, point.tolist())
    quantiser = START.quantiser
    for point in POINTS[:4]:
        quantiser = quantise.update(quantiser, point)
    for function in (online._step, online._insert, quantise._update):
        assert function._cache_size() == 1


def test_memory_is_that_of_the_state_whatever_was_seen(state):
    sizes = [leaf.nbytes for leaf in jax.tree.leaves(START)]
    assert sizes == [leaf.nbytes for leaf in jax.tree.leaves(state)]
    # Neither of the two programs calls the host.
    lowered = online._step.lower(state, POINTS[0], LABELS[:1]).as_text()
    assert "callback" not in lowered


@pytest.mark.parametrize("near", [1e-4, 1e-30])
@pytest.mark.parametrize(
    "multiplier, double",
    [(1.5, True), (1 + 1e-3, True), (1 + 1e-9, True), (1 + 1e-15, True), (1 + 1e-6, False)],
)
def test_a_multiplier_next_to_1_ends_at_the_distance_to_merge(multiplier, double, near):
    """Turn by turn the smallest would take 1e16: the radius ends just above the pair's distance."""
    with jax.enable_x64(double):
        state = quantise.initial(2, 1, multiplier=multiplier)
        state = quantise.extend(state, np.array([[0.0], [near], [50.0], [1e4]]))
    np.testing.assert_array_equal(state.multiplicities, [3, 1])
    rounding = 16 * np.finfo(state.radius.dtype).eps
    assert 50 < float(state.radius) <= 50 * multiplier * (1 + rounding)
