"""Tables of any cells become finite features, alike in any unit, or one clear line."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax import columns
from diversity_jax.graph_learning import encoding, tables

steady = settings(derandomize=True, deadline=None, max_examples=60)
few = settings(derandomize=True, deadline=None, max_examples=40)
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=4)
numbers = st.one_of(
    st.integers(-5, 5),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-1e3, 1e3),
)
cells = st.one_of(
    st.lists(st.floats(-1e308, 1e308), min_size=9, max_size=9),
    st.lists(st.integers(0, 3), min_size=9, max_size=9),
    st.lists(st.sampled_from(["p", "q", "1", "2"]), min_size=9, max_size=9),
    st.lists(st.one_of(numbers, words, st.none(), st.booleans()), min_size=9, max_size=9),
)
kinds = st.lists(st.sampled_from(["u", "v", "w"]), min_size=9, max_size=9)


def table(values):
    return columns.given("table", {"x": list(values)})


@steady
@given(
    st.lists(st.integers(-50, 50), min_size=5, max_size=9, unique=True),
    st.integers(-900, 900),
    st.sampled_from([0, 1, -3, 10**6, -(10**9)]),
)
def test_units_and_origin_change_nothing(values, power, shift):
    """Powers of two and whole shifts are exact, so that the features are the same but rounding."""
    plain = encoding.fit(table(values), keep=("x",))
    other = np.ldexp(np.array(values, float) + shift, power)
    moved = encoding.fit(table(other), keep=("x",))
    one, two = plain.encode(table(values)), moved.encode(table(other))
    np.testing.assert_allclose(one, two, atol=1e-12)
    assert abs(two.mean()) < 1e-12 and two.std() == pytest.approx(1)
    np.testing.assert_array_equal(moved.encode(table(other[::-1])), two[::-1])
    np.testing.assert_array_equal(moved.encode(table(other[:2])), two[:2])


@steady
@given(st.lists(st.sampled_from("pqrst"), min_size=4, max_size=30))
def test_rows_of_different_levels_are_all_as_far_apart(levels):
    held = columns.given("table", {"c": levels})
    if len(set(levels)) == 1:
        with pytest.raises(ValueError, match=r"it is . in every row"):
            encoding.fit(held, keep=("c",))
        return
    made = encoding.fit(held, keep=("c",))
    rows = made.encode(held)
    squares = ((rows[:, None] - rows[None]) ** 2).sum(2)
    different = np.array([[one != other for other in levels] for one in levels])
    np.testing.assert_array_equal(squares, 2.0 * different)
    assert made.features == tuple(f"c={level}" for level in sorted(set(levels)))


@few
@given(cells, cells, kinds)
def test_any_table_is_ranked_or_refused_in_one_line(first, second, labels):
    given_cells = {"a": first, "b": second, "y": labels}
    for drop_missing in (False, True):
        try:
            found = tables.detect(given_cells, label="y", drop_missing=drop_missing, neighbours=3)
        except ValueError as error:
            assert ": got " in str(error) and ", expected " in str(error), error
            continue
        assert sorted(found.order.tolist()) == list(range(len(found.labels)))
        assert np.isfinite(found.scores).all() and (np.diff(found.scores[found.order]) <= 0).all()
        low, high = found.judged.bounds
        assert (found.scores >= low - 1e-12).all() and (found.scores <= high + 1e-12).all()
        assert len(found.labels) + len(found.left_out) == 9
        assert str(found) and found._repr_html_()


@few
@given(st.permutations(range(9)), kinds)
def test_the_order_of_rows_and_columns_changes_no_score(order, labels):
    """Of rows without ties."""
    random = np.random.default_rng(9)
    points = random.normal(size=(9, 2))
    if len(set(labels)) < 2:
        return
    one = tables.detect({"a": points[:, 0], "b": points[:, 1], "y": labels}, label="y")
    moved = [labels[row] for row in order]
    held = points[list(order)]
    other = tables.detect({"y": moved, "b": held[:, 1], "a": held[:, 0]}, label="y")
    np.testing.assert_allclose(other.scores, one.scores[list(order)], atol=1e-12)


@steady
@given(
    st.lists(st.tuples(words, words, st.integers(-9, 9)), min_size=1, max_size=5),
    st.sampled_from(",;\t|"),
    st.booleans(),
)
def test_a_file_holds_what_was_written(tmp_path_factory, rows, separator, quoted):
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(text, delimiter=separator, quoting=quoting)
    writer.writerows([["one", "two", "three"], *rows])
    path = tmp_path_factory.mktemp("file") / "rows.csv"
    path.write_bytes(text.getvalue().encode())
    found = columns.read("table", str(path))
    direct = columns.given("table", dict(zip(("one", "two", "three"), map(list, zip(*rows)))))
    assert found.names == direct.names
    for name in ("one", "two"):
        wanted = direct[name]
        decimal = separator != "," and all(
            cell is None or columns.number(str(cell).replace(",", ".")) is not None
            for cell in wanted
        )  # fmt: skip
        if decimal:
            wanted = [cell if cell is None else str(cell).replace(",", ".") for cell in wanted]
        assert found[name] == wanted
    assert found["three"] == [str(number) for _, _, number in rows]
