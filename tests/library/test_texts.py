"""Texts with labels, from small forgeries of the packages: what is read, left out and refused."""

import ast
import hashlib
import textwrap

import numpy as np
import pytest

from diversity_jax import texts, wordnet
from diversity_jax.datasets import DatasetMissing


def one_line(error):
    text = str(error.value)
    assert "\n" not in text
    return text


def function(name, length, indent=""):
    """Source of a function of `length` characters, without the indentation."""
    head = f"def {name}():\n"
    body = f"{indent}    return '{'x' * (length - len(head) - 13)}'\n"
    assert len(textwrap.dedent(indent + head + body).strip()) == length
    return indent + head + body


@pytest.fixture
def code(tmp_path):
    """A standard library of 14 modules, of which two are too small to count, and what is none."""
    root = tmp_path / "code"
    files = {
        "asyncio/a.py": function("one", 80) + function("two", 800),
        "asyncio/inner/b.py": "class A:\n    class B:\n" + function("three", 100, " " * 8),
        "asyncio/c.py": function("one", 80) + function("short", 79) + function("long", 801),
        "ast.py": "def outer():\n" + function("inner", 90, " " * 4) + "    return inner\n",
        "owned.py": "# COPYRIGHT somebody\n" + function("owned", 100),
        "test/a.py": function("tested", 100),
        "unittest/test/a.py": function("tested_too", 100),
        "site-packages/a.py": function("installed", 100),
        "config-3/a.py": function("configured", 100),
        "_sysconfigdata_linux.py": function("built", 100),
        "asyncio/data.txt": function("no_code", 100),
    }
    for number in range(12):
        twice = function("twice", 100) if number > 2 else ""
        files[f"m{number:02}.py"] = function(f"of_{number:02}", 100) + twice.replace(
            "x", str(number % 10)
        )
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


# Place in the list below, subject, places of hypernyms with their sign, gloss.
NOUNS = [
    (3, [], "that which is"),
    (5, [(0, "@")], "a beast"),
    (5, [(1, "@")], "a fish"),
    (5, [(2, "@")], "a trout"),
    (5, [(3, "@"), (1, "@")], 'a carp; "it has two hypernyms"'),
    (5, [(4, "@i")], "the first carp of all"),
    (5, [(2, "@")], "a fish"),
    (20, [(0, "@")], "a herb"),
    (20, [(7, "@"), (1, "#m")], "a fish"),
    (20, [(8, "@")], "a rose"),
]
LICENCE = b"  1 A licence  \n  2 in two lines  \n"


def noun_lines(nouns):
    """Lines of data.noun: each begins with the byte at which it stands, so they are made twice."""
    starts = [0] * len(nouns)
    for _ in range(2):
        lines, start = [], len(LICENCE)
        for place, (subject, above, gloss) in enumerate(nouns):
            pointers = "".join(f"{kind} {starts[to]:08} n 0000 " for to, kind in above)
            head = f"{start:08} {subject:02} n 02 word 0 other_word 1 {len(above):03} {pointers}"
            lines.append(f"{head}| {gloss}  \n".encode())
            starts[place] = start
            start += len(lines[-1])
    return lines


@pytest.fixture
def nouns(tmp_path):
    root = tmp_path / "wordnet"
    root.mkdir()
    (root / "data.noun").write_bytes(LICENCE + b"".join(noun_lines(NOUNS)))
    return root


QUOTATIONS = (
    "To be.\n\t\t-- Hamlet, who said more\n\t\t   than that\n%\nTwo lines --\nof text\n%\n"
    "\n%\nTo be.\n%\n_\bS_\bo_\b.\n%\n100% pure\n%\n"
)


@pytest.fixture
def fortunes(tmp_path):
    root = tmp_path / "fortunes"
    root.mkdir()
    for name in ("people", "science"):
        (root / name).write_text(f"{QUOTATIONS}only {name}\n%\n")
    return root


@pytest.fixture
def folders(code, nouns, fortunes):
    return {"code": code, "wordnet": nouns, "fortunes": fortunes}


def read(sources, number, folders):
    """Text -> class of a mix, after a check of its order."""
    mixed = texts.mix(sources, per_domain=number, folders=folders)
    for domain in range(len(sources)):
        mine = [text for text, own in zip(mixed.texts, mixed.domains) if own == domain]
        assert len(mine) == number
        assert mine == sorted(mine, key=lambda text: hashlib.sha256(text.encode()).hexdigest())
    return dict(zip(mixed.texts, (mixed.class_names[number] for number in mixed.classes)))


def test_functions_of_the_twelve_largest_modules_are_read(folders):
    found = read(("code",), 23, folders)
    names = {text.split("(")[0].removeprefix("def "): label for text, label in found.items()}
    assert names.pop("one") == names.pop("two") == names.pop("three") == "code: asyncio"
    # ast and m00 come first of those with one function each.
    assert names.pop("outer") == "code: ast"
    assert names.pop("twice").startswith("code: m")
    assert names == {f"of_{number:02}": f"code: m{number:02}" for number in (0, *range(3, 12))}
    assert {ast.parse(text).body[0].col_offset for text in found} == {0}
    assert {len(text) for text in found} >= {80, 800, 100}
    with pytest.raises(ValueError, match="at most 23"):
        texts.mix(("code",), per_domain=24, folders=folders)


def test_glosses_have_the_depth_of_their_shortest_way_up(folders):
    found = read(("wordnet:animal",), 5, folders)
    # Depths 1, 2, 3, 2 and 3: the second gloss of a fish is dropped.
    assert found == {
        "a beast": "animal: shallow",
        "a fish": "animal: shallow",
        'a carp; "it has two hypernyms"': "animal: shallow",
        "a trout": "animal: middle",
        "the first carp of all": "animal: middle",
    }
    parsed = wordnet.parse((folders["wordnet"] / "data.noun").read_bytes())
    assert parsed.depths.tolist() == [0, 1, 2, 3, 2, 3, 3, 1, 2, 3]
    assert parsed.subjects.tolist() == [subject for subject, _, _ in NOUNS]


def test_quotations_lose_their_signature_and_are_told_apart_by_it(folders):
    assert read(("fortunes:people",), 5, folders) == {
        "To be.": "people: signed",
        "Two lines --\nof text": "people: unsigned",
        "So.": "people: unsigned",
        "100% pure": "people: unsigned",
        "only people": "people: unsigned",
    }


def test_a_text_of_two_domains_stays_with_the_first(folders):
    mixed = texts.mix(("wordnet:animal", "wordnet:plant"), per_domain=2, folders=folders)
    assert {text for text, own in zip(mixed.texts, mixed.domains) if own == 1} == {
        "a herb",
        "a rose",
    }
    other = texts.mix(("wordnet:plant", "wordnet:animal"), per_domain=3, folders=folders)
    assert [own for text, own in zip(other.texts, other.domains) if text == "a fish"] == [0]
    with pytest.raises(ValueError, match="at most 2, as many as there are of 'wordnet:plant'"):
        texts.mix(("wordnet:animal", "wordnet:plant"), per_domain=3, folders=folders)
    assert (
        "only science"
        in texts.mix(("fortunes:people", "fortunes:science"), per_domain=1, folders=folders).texts
    )


def test_a_mix_by_name_has_its_domains_in_order_and_its_licences(folders):
    mixed = texts.mix("code, quotes, science, animals", per_domain=1, folders=folders)
    assert mixed.domain_names == ("code", "people", "science", "animal")
    assert mixed.domains.tolist() == [0, 1, 2, 3] and mixed.domains.dtype == np.int32
    assert all(name in mixed.licence for name in ("PSF", "WordNet 3.0", "not to be redistributed"))
    assert "redistributed" not in texts.mix(("code",), per_domain=1, folders=folders).licence


def test_equal_names_of_two_sources_are_told_apart(folders):
    (folders["fortunes"] / "food").write_text(QUOTATIONS)
    extra = [*NOUNS, (13, [(0, "@")], "a dish")]
    (folders["wordnet"] / "data.noun").write_bytes(LICENCE + b"".join(noun_lines(extra)))
    mixed = texts.mix(("fortunes:food", "wordnet:food"), per_domain=1, folders=folders)
    assert mixed.domain_names == ("fortunes:food", "wordnet:food")
    assert mixed.class_names[1] == "wordnet:food: shallow"


@pytest.mark.parametrize("source", ["code", "wordnet:animal", "fortunes:people"])
def test_fewer_texts_are_the_first_of_more(folders, source):
    few, more = (texts.mix((source,), per_domain=size, folders=folders) for size in (2, 5))
    assert few.texts == more.texts[:2]


def test_this_python_has_functions_enough():
    if not (texts.FOLDERS["code"] / "ast.py").exists():
        with pytest.raises(DatasetMissing):
            texts.mix(("code",), per_domain=1)
        return
    mixed = texts.mix(("code",), per_domain=1000)
    assert len(mixed.class_names) == texts.MODULES and len(set(mixed.texts)) == 1000
    assert all(len(ast.parse(text).body) == 1 for text in mixed.texts[:100])
    assert all(80 <= len(text) <= 800 for text in mixed.texts)


# refusals


@pytest.mark.parametrize(
    "name, number, message",
    [
        ("wordnett", 1, "did you mean"),
        (("code", "wordnet:dragon"), 1, "name: got 'wordnet:dragon'"),
        (("fortunes:drugs",), 1, "name: got 'fortunes:drugs'"),
        ((), 1, "sources, each once"),
        (("code", "code"), 1, "sources, each once"),
        ("wordnet", 0, "per_domain: got 0"),
        ("wordnet", 1.5, "per_domain: got 1.5"),
        ("wordnet", True, "per_domain: got True"),
    ],
)
def test_mixes_that_do_not_exist_are_refused(folders, name, number, message):
    with pytest.raises(ValueError, match=message) as error:
        texts.mix(name, per_domain=number, folders=folders)
    one_line(error)
    with pytest.raises(ValueError, match="folders: got 'glosses'"):
        texts.mix("wordnet", per_domain=1, folders={"glosses": "."})


@pytest.mark.parametrize(
    "name, package",
    [("code", "libpython3-stdlib"), ("wordnet", "wordnet-base"), ("fortunes", "fortunes")],
)
def test_absent_packages_give_the_install_line(folders, tmp_path, name, package):
    mix = "code, quotes, science, animals"
    assert texts.available(mix, folders=folders)
    for place in ("nowhere", "wordnet/data.noun"):
        elsewhere = {**folders, name: tmp_path / place}
        assert not texts.available(mix, folders=elsewhere)
        with pytest.raises(DatasetMissing, match=f"run: apt-get install {package} ") as error:
            texts.mix(mix, per_domain=1, folders=elsewhere)
        one_line(error)


def damaged():
    lines = noun_lines(NOUNS)
    whole = LICENCE + b"".join(lines)
    middle = len(LICENCE + b"".join(lines[:4])) + 60
    return {
        "a byte less": whole[:middle] + whole[middle + 1 :],
        "a byte more": whole[:middle] + b"x" + whole[middle:],
        "a line less": LICENCE + b"".join(lines[:3] + lines[4:]),
        "cut off": whole[: len(whole) - len(lines[-1]) // 2 - 10],
        "no text": whole[:middle] + b"\xff" + whole[middle + 1 :],
        "another file": b"plain words\n" * 9,
        "licence only": LICENCE,
        "empty": b"",
        "a pointer to nowhere": whole.replace(b"@ %08d" % len(LICENCE), b"@ 00000001"),
        "one subject only": LICENCE + b"".join(noun_lines(NOUNS[:1])),
    }


@pytest.mark.parametrize("damage", damaged())
def test_a_damaged_dictionary_is_refused(nouns, damage):
    (nouns / "data.noun").write_bytes(damaged()[damage])
    with pytest.raises(ValueError, match=r"reinstall") as error:
        texts.mix(("wordnet:animal",), per_domain=1, folders={"wordnet": nouns})
    if damage != "one subject only":
        assert "data.noun: got" in str(error.value)
        assert "apt-get install --reinstall wordnet-base" in str(error.value)
    one_line(error)


@pytest.mark.parametrize("content", [b"", b"no separator\n", b"caf\xe9\n%\nb\n"])
def test_damaged_quotations_are_refused(fortunes, content):
    (fortunes / "people").write_bytes(content)
    with pytest.raises(ValueError, match=r"people: got.*--reinstall fortunes") as error:
        texts.mix(("fortunes:people",), per_domain=1, folders={"fortunes": fortunes})
    one_line(error)


def test_damaged_code_is_refused(code):
    (code / "m03.py").write_text("def f(:\n")
    with pytest.raises(ValueError, match=r"m03.py: got no Python.*--reinstall") as error:
        texts.mix(("code",), per_domain=1, folders={"code": code})
    one_line(error)
