"""Equal values name the same stream, seed and result, and unequal ones never do."""

import json
import math

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax import files, results, seeds

steady = settings(derandomize=True, deadline=None, max_examples=60)
few = settings(derandomize=True, deadline=None, max_examples=25)
numbers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**32, 2**53, 2**53 + 1, 2**60, -(2**63), 2**70, 10**400]),
    st.sampled_from([0.0, -0.0, 0.1, 1.0, 2.5, 1e300, math.inf, -math.inf]),
    st.floats(allow_nan=False),
)
scalars = st.one_of(
    numbers, st.booleans(), st.none(), st.sampled_from(["", "a", "1", "1.0", "Infinity", "None"])
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)


def same(one, other):
    """Equality as people have it: lists and tuples alike, True no number, "1" no 1."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def disguised(value, draw):
    """The same value as other types: numpy's, tuples for lists, floats for whole numbers."""
    if isinstance(value, dict):
        return {np.str_(key): disguised(value[key], draw) for key in reversed(list(value))}
    if isinstance(value, list):
        inner = [disguised(item, draw) for item in value]
        forms = [inner, tuple(inner)]
        if value and all(type(item) is int and abs(item) < 2**31 for item in value):
            forms.append(np.array(value))
        return draw(st.sampled_from(forms))
    if isinstance(value, bool):
        return draw(st.sampled_from([value, np.bool_(value)]))
    if isinstance(value, float):
        whole = [int(value)] if math.isfinite(value) and value == int(value) else []
        return draw(st.sampled_from([value, np.float64(value), *whole]))
    if isinstance(value, int) and abs(value) < 2**53:
        return draw(st.sampled_from([value, np.int64(value), float(value), np.float64(value)]))
    return np.str_(value) if isinstance(value, str) else value


@steady
@given(st.data())
def test_a_digest_is_that_of_a_value_and_not_of_its_type(data):
    one, other = data.draw(values), data.draw(values)
    assert results.digest(one) == results.digest(disguised(one, data.draw))
    assert (results.digest(one) == results.digest(other)) == same(one, other)


@steady
@given(st.data())
def test_a_folder_is_named_by_the_values_of_what_changed(data):
    fields = st.dictionaries(st.sampled_from(["seeds", "lengths", "seed"]), values, min_size=1)
    one, other = data.draw(fields), data.draw(fields)
    where = results.folder("some", "smoke", one)
    assert where == results.folder("some", "smoke", disguised(one, data.draw))
    assert (where == results.folder("some", "smoke", other)) == same(one, other)


def test_arrays_that_differ_in_one_place_differ_in_their_digest():
    long = np.arange(5000) / 7
    for place in (0, 2500, 4999):
        moved = long.copy()
        moved[place] = np.nextafter(moved[place], 1e9)
        assert results.digest({"a": moved}) != results.digest({"a": long})
    assert results.digest(long) == results.digest(long.tolist()) == results.digest(tuple(long))


@pytest.mark.parametrize(
    "value", [{1: 2}, {None: 1}, {"a": {3}}, [object()], b"bytes", 1j, np.array([1j]), math]
)
def test_what_has_no_canonical_form_has_no_digest(value):
    for function in (results.digest, files.as_json):
        with pytest.raises(ValueError, match=r": got .*, expected .*; (convert|name)"):
            function(value)


@steady
@given(values)
def test_json_is_strict_and_comes_back(value):
    def refuse(word):
        raise AssertionError(word)

    back = json.loads(files.as_json(value), parse_constant=refuse)
    assert back == files.plain(value) == files.plain(back)
    assert results.digest(back) == results.digest(files.plain(value))


def words(key):
    return tuple(np.asarray(jax.random.key_data(key)).tolist())


names = st.one_of(
    st.integers(-(2**65), 2**65), st.integers(-2, 2), st.text(max_size=3), st.sampled_from("01-")
)


@few
@given(st.data())
def test_a_stream_is_that_of_a_name_and_not_of_its_type(data):
    one, other, root = data.draw(names), data.draw(names), seeds.root(5)
    key = words(seeds.stream(root, one))
    kinds = [np.str_] if isinstance(one, str) else [int]
    if isinstance(one, int) and abs(one) < 2**31:
        kinds += [np.int32, np.int64, np.asarray, jax.numpy.asarray]
    assert key == words(seeds.stream(root, data.draw(st.sampled_from(kinds))(one)))
    assert (key == words(seeds.stream(root, other))) == (type(one) is type(other) and one == other)


@pytest.mark.parametrize("name", [1.0, np.float64(2), True, np.True_, None, b"a", (1,), [1], 0.5])
def test_a_name_that_is_neither_text_nor_an_integer_is_refused(name):
    with pytest.raises(ValueError, match=r"^names: got .*expected text or integers"):
        seeds.stream(seeds.root(0), name)


def test_a_traced_name_is_refused_and_told_the_way_out():
    with pytest.raises(ValueError, match=r"^names: .*jax\.random\.fold_in"):
        jax.jit(lambda number: seeds.stream(seeds.root(0), number))(3)


@pytest.mark.parametrize(
    "indices",
    [
        [2**32], [2**32 + 7], [0, 2**64], [0.5], [1.0], [True], [-1], [None], 3, [[1]], ["1"],
        np.array([2**32]), np.array([0.0]), np.array([2**63], np.uint64), [0, 10**30],
    ],
)  # fmt: skip
def test_a_number_that_is_no_seed_of_its_own_is_refused(indices):
    with pytest.raises(ValueError, match=r"^indices: got .*expected"):
        seeds.seed_keys(seeds.root(0), indices)


@few
@given(st.lists(st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 4)), min_size=2, max_size=2))
def test_seeds_have_one_key_a_number(pair):
    keys = seeds.seed_keys(seeds.root(1), pair)
    assert (words(keys[0]) == words(keys[1])) == (pair[0] == pair[1])
    assert words(keys[1]) == words(seeds.seed_keys(seeds.root(1), np.uint32(pair))[1])
