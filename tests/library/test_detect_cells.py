"""What cells of a user's table are: names as they are written, missing ones, commas."""

import numpy as np
import pytest

from diversity_jax.graph_learning import tables
from tests.library.test_detect_command import HEAD, ROWS, lines, text


@pytest.fixture(name="here")
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def with_column(name, cells, separator=","):
    """The table as text, with one more column."""
    rows = [[*line, cell] for line, cell in zip(lines(), cells)]
    return text([[*HEAD, name], *rows], separator)


def test_labels_and_levels_are_what_is_written(here):
    """ "none" and "-" are labels like others; "01" shows that numbers are names."""
    (here / "rows.csv").write_text(text([HEAD, *lines()]))
    expected = tables.detect("rows.csv", label="kind").scores
    for low, high in (("-", "none"), ("?", "N/A"), ("01", "1"), ("1.1", "1.10"), ("1,068", "2")):
        kinds = [[*line[:4], f'"{high if line[4] == "high" else low}"'] for line in lines()]
        (here / "other.csv").write_text(text([HEAD, *kinds]))
        found = tables.detect("other.csv", label="kind")
        assert set(found.classes) == {low, high} and not found.noticed
        np.testing.assert_array_equal(found.scores, expected)
    ends = ["1", "1.0", "2"] * 10
    assert tables.detect({"x": range(30), "y": ends}, label="y", keep=("x",)).classes == ("1", "2")
    (here / "other.csv").write_text(with_column("code", ["01", "1", "none"] * 10))
    made = tables.detect("other.csv", label="kind", categories=("code",)).encoding
    assert made.parts[-1].levels == ("01", "1", "none")


def test_what_is_read_as_missing_is_told(here):
    (here / "other.csv").write_text(with_column("z", ["NA", "null", "NA", *range(27)]))
    found = tables.detect("other.csv", label="kind", drop_missing=True, keep=("z",))
    assert found.left_out == (1, 2, 3)
    assert "Read as missing: NA (2 cells), null (1 cell)." in str(found)
    options = {"label": "y", "drop_missing": True, "keep": ("x",)}
    given = {"x": [1.0, None, *range(8)], "y": ["NaN", *"ababababa"]}
    assert tables.detect(given, **options).noticed == ("missing: NaN (1 cell)",)


@pytest.mark.parametrize("separator", [",", ";"])
def test_commas_that_may_part_thousands_are_no_decimal_points_in_silence(here, separator):
    """Unless another column has decimal commas and none has decimal points."""
    thousands = [f"{row},{row + 100}" for row in range(1, 31)]
    quoted = [f'"{cell}"' for cell in thousands]
    (here / "other.csv").write_text(with_column("z", quoted, separator))
    told = r"table: got the text '1,101' in column z, row 1, expected a number: .*--category z"
    with pytest.raises(ValueError, match=told):
        tables.detect("other.csv", label="kind")
    assert len(tables.detect("other.csv", label="kind", drop=("z",)).scores) == ROWS
    named = tables.detect("other.csv", label="kind", categories=("z",), levels=40).encoding
    assert named.parts[-1].reason or named.parts[-1].kind == "category"
    if separator == ";":
        sure = with_column("z", quoted, separator).replace(".", ",")
        (here / "other.csv").write_text(sure)
        found = tables.detect("other.csv", label="kind")
        assert "decimal commas in x, y, z" in str(found) and "z" in found.encoding.features
