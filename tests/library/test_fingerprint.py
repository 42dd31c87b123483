"""Which changes of the code make a result stale, and which do not."""

import pytest

from experiments.runner import fingerprint
from tests.library import fake_house


@pytest.fixture
def house(monkeypatch, tmp_path):
    folder = fake_house.copy(
        tmp_path / "copy",
        one="from diversity_jax import mixtures\nfrom experiments import near\nPRESETS = {}\n",
        near='"""Shared."""\n\n\ndef half(x):\n    """Half."""\n    return x / 2  # exact\n',
        other="PRESETS = {}\n",
    )
    monkeypatch.setattr(fingerprint, "CHECKOUT", folder)

    def of(name="one"):
        fingerprint.of.cache_clear()
        return fingerprint.of(name)

    yield folder, of
    fingerprint.of.cache_clear()


@pytest.mark.parametrize(
    "path",
    [
        "experiments/one.py",
        "experiments/near.py",
        "experiments/runner/compute.py",
        "diversity_jax/mixtures.py",
        "diversity_jax/gaussians.py",  # through mixtures
        "diversity_jax/seeds.py",  # through the runner, which makes the keys
    ],
)
def test_a_change_of_reached_code_counts(house, path):
    folder, of = house
    before = of()
    with (folder / path).open("a") as file:
        file.write("\nADDED = 1\n")
    assert of() != before


def test_shipped_arrays_count_where_their_module_is_imported(house):
    folder, of = house
    (folder / "experiments" / "texts.py").write_text(
        "from diversity_jax import embeddings\nPRESETS = {}\n"
    )
    before, without = of("texts"), of()
    with (folder / "diversity_jax" / "data" / "subset.npz").open("ab") as file:
        file.write(b"one more byte")
    assert of("texts") != before
    assert of() == without


@pytest.mark.parametrize(
    "path",
    [
        "experiments/other.py",
        "experiments/runner/execute.py",
        "diversity_jax/results.py",
        "diversity_jax/attention/layer.py",
    ],
)
def test_a_change_elsewhere_does_not_count(house, path):
    folder, of = house
    before = of()
    with (folder / path).open("a") as file:
        file.write("\nADDED = 1\n")
    assert of() == before


def test_comments_and_docstrings_do_not_count_but_every_other_string_does(house):
    folder, of = house
    path = folder / "experiments" / "near.py"
    before = of()
    path.write_text(
        '"""Shared by\n\nseveral."""\n# above\n\ndef half(x):\n    # inside\n    r"""A half."""\n\n'
        "    return x / 2  # or nearly so\n"
    )
    assert of() == before
    digests = [before]
    for body in (
        "x / 3",
        'x / 2 + len("""a\n    # no comment\n    """)',
        'x / 2 + len("""a\n    # none at all\n    """)',
        '{0: "x"}[0]',
        '{0: "y"}[0]',
        'lambda: "x"',
        'lambda: "y"',
    ):
        path.write_text(f"def half(x):\n    return {body}\n")
        digests.append(of())
    assert len(set(digests)) == len(digests)


def test_every_blank_inside_a_text_counts(house):
    folder, of = house
    path = folder / "experiments" / "near.py"
    digests = []
    for text in ("a\n\nb", "a\nb", "a \nb", "a\n b", "a\n\n\nb", "a\n  \nb", "a\n# b"):
        for prefix in ("", "f"):
            path.write_text(f'TABLE = {prefix}"""{text}"""\n')
            digests.append(of())
    path.write_text('def half(x):\n    f"""{x.show()}"""\n    return x\n')  # it runs: no docstring
    digests.append(of())
    path.write_text("def half(x):\n    return x\n")
    digests.append(of())
    assert len(set(digests)) == len(digests)


def test_docstrings_count_where_they_are_read(house):
    folder, of = house
    near = folder / "experiments" / "near.py"
    (folder / "experiments" / "one.py").write_text(
        "from experiments import near\nPRESETS = {}\nTITLE = near.half.__doc__\n"
    )
    before = of()
    near.write_text(near.read_text().replace("Half.", "A half."))
    assert of() != before


def test_the_packages_that_a_module_lies_in_count(house):
    (house[0] / "experiments" / "doors.py").write_text(
        "from diversity_jax.selection import reward\nPRESETS = {}\n"
    )
    for path in ("diversity_jax/selection/__init__.py", "diversity_jax/__init__.py"):
        assert changes(house, "doors", path)


@pytest.mark.parametrize(
    "line",
    [
        "import importlib.resources as shelf",
        "from importlib.resources import files",
        "import pkgutil\n\nTABLE = pkgutil.get_data('experiments', 'table.csv')",
        "from pathlib import Path\n\nHERE = Path(__file__).parent",
    ],
)
def test_files_beside_a_module_that_reads_such_count(house, line):
    folder, of = house
    (folder / "experiments" / "tables.py").write_text(f"{line}\nPRESETS = {{}}\n")
    for name in ("table.csv", "other.txt"):
        before, without = of("tables"), of("other")
        (folder / "experiments" / name).write_text("1, 2\n")
        assert of("tables") != before
        before = of("tables")
        (folder / "experiments" / name).write_text("1, 3\n")
        assert of("tables") != before and of("other") == without
    before = of("tables")  # that two files change places is a change too
    one, other = (folder / "experiments" / name for name in ("table.csv", "other.txt"))
    kept = one.read_bytes()
    other.write_text("1, 4\n")
    before = of("tables")
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    assert of("tables") != before


def test_a_source_is_read_as_python_reads_it(house):
    folder, of = house
    path = folder / "experiments" / "near.py"
    path.write_bytes(b"\xef\xbb\xbfNAME = 1\n")
    assert of() is not None  # a byte-order mark is no character of it
    found = []
    for encoding, text in (("latin-1", "é"), ("utf-8", "é"), ("latin-1", "Ã©")):
        path.write_bytes(f"# -*- coding: {encoding} -*-\nNAME = '{text}'\n".encode(encoding))
        found.append(of())
    assert found[0] == found[1] != found[2]


def test_what_is_laid_out_for_storing_counts(house):
    """The labels and the padding of outputs are part of a result; how it is written is not."""
    assert changes(house, "one", "diversity_jax/grids.py")
    assert not changes(house, "one", "diversity_jax/files.py")


def test_relative_imports_are_followed(house):
    folder, of = house
    package = folder / "diversity_jax" / "package"
    package.mkdir()
    (package / "__init__.py").write_text("from . import inner\n")
    (package / "inner.py").write_text("from ..outer import value\n")
    (folder / "diversity_jax" / "outer.py").write_text("value = 1\n")
    (folder / "experiments" / "one.py").write_text("import diversity_jax.package as package\n")
    before = of()
    (folder / "diversity_jax" / "outer.py").write_text("value = 2\n")
    assert of() != before


def changes(house, name, path):
    """Whether a change of the file `path` makes results of the experiment `name` stale."""
    folder, of = house
    before = of(name)
    with (folder / path).open("a") as file:
        file.write("\nADDED = 1\n")
    return of(name) != before


@pytest.mark.parametrize(
    "line",
    [
        "from diversity_jax.diffusion import losses",
        "from diversity_jax.diffusion.losses import curves",
        "import diversity_jax.diffusion.losses as losses",
    ],
)
def test_a_module_under_the_name_it_had_first_is_followed_to_where_it_is(house, line):
    (house[0] / "experiments" / "moved.py").write_text(f"{line}\nPRESETS = {{}}\n")
    assert changes(house, "moved", "diversity_jax/diffusion/theory/losses.py")
    assert changes(house, "moved", "diversity_jax/diffusion/model.py")  # through losses
    assert not changes(house, "moved", "diversity_jax/attention/layer.py")


@pytest.mark.parametrize(
    ("line", "outside"),
    [
        ("from diversity_jax import selection", False),
        ("import diversity_jax.selection as chosen", False),
        ("import diversity_jax.selection", True),  # which gives the name `diversity_jax`
        ("import diversity_jax", True),
    ],
)
def test_who_has_a_package_that_loads_lazily_reaches_all_of_it(house, line, outside):
    (house[0] / "experiments" / "doors.py").write_text(f"{line}\nPRESETS = {{}}\n")
    assert changes(house, "doors", "diversity_jax/selection/probe.py")
    assert changes(house, "doors", "diversity_jax/selection/theory/bessel.py")
    assert changes(house, "doors", "diversity_jax/attention/layer.py") is outside
    assert not changes(house, "doors", "diversity_jax/results.py")


def test_who_has_one_module_of_such_a_package_reaches_that_one(house):
    (house[0] / "experiments" / "doors.py").write_text(
        "from diversity_jax.selection import reward\nPRESETS = {}\n"
    )
    assert changes(house, "doors", "diversity_jax/selection/reward.py")
    assert not changes(house, "doors", "diversity_jax/selection/probe.py")
