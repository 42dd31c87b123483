"""The pages of `make docs` show formulas and fields as the docstrings have them."""

import html
import re

import pytest

from paper_repro import api_page


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of a theory with its formulas, and that of a class, as HTML."""
    folder = tmp_path_factory.mktemp("site")
    names = ["diversity_jax.attention.theory.risk", "diversity_jax.mixtures"]
    api_page.write(folder, names)
    return [(folder / f"{name.replace('.', '/')}.html").read_text() for name in names]


def text(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def test_formulas_stand_as_written(pages):
    assert "E|X_1 - T(X)_1|^2" in text(pages[0])
    assert "E|T_1|^2  = c^2 [E|x|^2 (x'Ax)^2" in text(pages[0])
    assert "sum_k weights[k] N(means[k], covariance k)" in text(pages[1])


def test_each_field_is_an_item(pages):
    items = re.findall(r"<li><strong>(\w+):</strong>", pages[0])
    assert {"Errors", "Source"} <= set(items) <= set(api_page.FIELDS)


def test_annotations_stand_as_written(pages):
    assert re.search(r"heads: Float\[ArrayLike, ['\"]h d['\"]\]", text(pages[0]))
    assert "jaxlib" not in text(pages[0])


def test_fields_become_a_list_after_the_prose():
    shown = api_page.readable(
        "One line.\n\nWith ``a\n+ b``.\n\nShapes: `[k]` each.\nErrors: ValueError for\nmore.\n"
    )
    assert shown == (
        "One line.\n\nWith ``a + b``.\n\n"
        "- **Shapes:** `[k]` each.\n- **Errors:** ValueError for more."
    )


def test_formulas_set_apart_and_lists_of_names_become_code():
    assert api_page.readable("A.\n\n    x = 1\n      + 2") == "A.\n\n    x = 1\n      + 2"
    shown = api_page.readable("Parts:\n`one`   the first\n`other` the second")
    assert shown == "Parts:\n\n    one   the first\n    other the second"


def test_every_public_module_has_a_page_and_no_other():
    names = api_page.modules("diversity_jax")
    assert {"diversity_jax.mixtures", "diversity_jax.attention.theory.risk"} <= set(names)
    assert len(set(names)) == len(names)
    assert not any(part.startswith("_") for name in names for part in name.split("."))
