"""Texts with two labels, from packages that ship them: code, dictionary glosses, quotations.

Sources, each a domain of a mix:

- "code": functions of Python's standard library, 80 to 800 characters of source each, from its
  twelve largest modules; second label the module. Python's own licence (PSF).
- "wordnet:NAME", for each of the 25 subjects by which the dictionary's nouns are filed: glosses of
  WordNet 3.0; second label how deep the noun lies in the tree of hypernyms (the fewest steps to
  "entity"), in three classes of like size. Princeton's WordNet licence; Debian's `wordnet-base`.
- "fortunes:NAME": short quotations and jokes, without the signature; second label whether they had
  one. Debian's `fortunes`; of mixed origin and never to be redistributed.

Each source is read whole and checked, repeated texts are dropped, and the rest is put in the order
of the texts' sha256: a fixed shuffle, the same on every machine, in which the first `n` texts are
a sample of all. Nothing is downloaded and nothing is cached.
"""

from __future__ import annotations

import ast
import hashlib
import io
import os
import re
import sysconfig
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import equinox as eqx
import numpy as np
from jaxtyping import Int32

from diversity_jax import validate, wordnet
from diversity_jax.datasets import DatasetMissing
from diversity_jax.records import Record

FORTUNES = (
    "art", "computers", "cookie", "definitions", "education", "food", "law", "linux", "literature",
    "medicine", "miscellaneous", "people", "politics", "science", "songs-poems", "sports",
    "wisdom", "work",
)  # fmt: skip
SOURCES = (
    "code",
    *(f"wordnet:{subject}" for subject in wordnet.SUBJECTS),
    *(f"fortunes:{name}" for name in FORTUNES),
)
_GLOSSES = ("wordnet:animal", "wordnet:plant", "wordnet:food", "wordnet:body")
MIXES = {
    "wordnet": _GLOSSES,
    "code+wordnet": ("code", *_GLOSSES),
    "code, quotes, science, animals": (
        "code", "fortunes:people", "fortunes:science", "wordnet:animal",
    ),
}  # fmt: skip
LICENCES = {
    "code": "Python's standard library, PSF licence",
    "wordnet": "WordNet 3.0, Copyright 2006 by Princeton University, WordNet 3.0 licence",
    "fortunes": "Debian's fortunes, quotations of mixed origin, not to be redistributed",
}
INSTALL = {
    "code": "apt-get install libpython3-stdlib",
    "wordnet": "apt-get install wordnet-base",
    "fortunes": "apt-get install fortunes",
}
FOLDERS = {
    "code": Path(sysconfig.get_path("stdlib")),
    "wordnet": Path("/usr/share/wordnet"),
    "fortunes": Path("/usr/share/games/fortunes"),
}
SHORTEST_CODE, LONGEST_CODE = 80, 800
MODULES = 12
# Parts of the standard library that are not on every machine, or no library.
_NO_LIBRARY = {
    "__pycache__", "dist-packages", "distutils", "ensurepip", "idlelib", "lib-dynload", "lib2to3",
    "pydoc_data", "site-packages", "test", "tests", "tkinter", "turtledemo",
}  # fmt: skip


class LabelledTexts(Record):
    """Texts with two labels each.

    Text `i` is of the domain ``domain_names[domains[i]]`` and, within it, of the class
    ``class_names[classes[i]]``, named "DOMAIN: CLASS".
    """

    domains: Int32[np.ndarray, " n"]
    classes: Int32[np.ndarray, " n"]
    texts: tuple[str, ...] = eqx.field(static=True)
    name: str = eqx.field(static=True)
    domain_names: tuple[str, ...] = eqx.field(static=True)
    class_names: tuple[str, ...] = eqx.field(static=True)
    licence: str = eqx.field(static=True)


def mix(
    name: str | Sequence[str],
    *,
    per_domain: int,
    folders: Mapping[str, str | Path] | None = None,
) -> LabelledTexts:
    """The first `per_domain` texts of each domain of a mix, domain after domain.

    `name` is one of `MIXES`, or a tuple of `SOURCES`. A text that an earlier domain of the mix
    has too is left out of the later one. `folders` says where to look for "code", "wordnet" or
    "fortunes" in place of where Python and Debian put them. Three seconds for "code".

    Errors: DatasetMissing, with the install line, when a source is absent, and ValueError for a
    file that is not what it should be and for more texts than there are.
    """
    if isinstance(name, str):
        validate.choice("name", name, tuple(MIXES))
    sources = MIXES[name] if isinstance(name, str) else tuple(name)
    for source in sources:
        validate.choice("name", source, SOURCES)
    if not sources or len(set(sources)) < len(sources):
        raise validate.fail("name", repr(name), "sources, each once", "pass a tuple of sources")
    validate.integer("per_domain", per_domain, "pass e.g. 300", least=1)
    entries: dict[str, tuple[str, str]] = {}  # the domain and the class of each text
    for source, pairs in _read_all(sources, folders or {}).items():
        unused = [pair for pair in pairs if pair[0] not in entries]
        if len(unused) < per_domain:
            expected = f"at most {len(unused)}, as many as there are of {source!r}"
            raise validate.fail("per_domain", per_domain, expected, "lower it")
        entries.update((text, (source, label)) for text, label in unused[:per_domain])
    return _labelled(entries, name if isinstance(name, str) else ", ".join(name), sources)


def available(name: str, *, folders: Mapping[str, str | Path] | None = None) -> bool:
    """Whether the files of a mix are there; `mix` verifies their content."""
    validate.choice("name", name, tuple(MIXES))
    for source in MIXES[name]:
        kind, _, part = source.partition(":")
        place = _place(kind, folders or {})
        files = {"code": "ast.py", "wordnet": "data.noun", "fortunes": part}
        if not os.access(place / files[kind], os.R_OK):
            return False
    return True


def _read_all(
    sources: Sequence[str], folders: Mapping[str, str | Path]
) -> dict[str, list[tuple[str, str]]]:
    """All texts of each source, with their second label, in the order of their sha256."""
    for given in folders:
        validate.choice("folders", given, tuple(FOLDERS))
    nouns, pairs_of = None, {}
    for source in sources:
        kind, _, part = source.partition(":")
        place = _place(kind, folders)
        if kind == "code":
            pairs = _functions(place)
        elif kind == "fortunes":
            pairs = _quotations(place / part)
        else:
            nouns = nouns or _nouns(place / "data.noun")
            pairs = wordnet.by_depth(nouns, part)
        pairs_of[source] = sorted(pairs.items(), key=_shuffled)
    return pairs_of


def _shuffled(pair: tuple[str, str]) -> bytes:
    return hashlib.sha256(pair[0].encode()).digest()


def _place(kind: str, folders: Mapping[str, str | Path]) -> Path:
    return Path(folders.get(kind, FOLDERS[kind])).expanduser()


def _labelled(entries, name, sources):
    short = [source.rpartition(":")[2] for source in sources]
    names = tuple(short) if len(set(short)) == len(short) else sources
    called = dict(zip(sources, names))
    labels = [f"{called[source]}: {label}" for source, label in entries.values()]
    order = {source: place for place, source in enumerate(sources)}
    # Classes are numbered domain after domain, in alphabetical order within a domain.
    pairs = {(order[source], label) for (source, _), label in zip(entries.values(), labels)}
    classes = tuple(label for _, label in sorted(pairs))
    kinds = dict.fromkeys(source.partition(":")[0] for source in sources)
    return LabelledTexts(
        np.array([order[source] for source, _ in entries.values()], np.int32),
        np.array([classes.index(label) for label in labels], np.int32),
        tuple(entries),
        name,
        names,
        classes,
        "; ".join(LICENCES[kind] for kind in kinds),
    )


def _functions(root: Path) -> dict[str, str]:
    modules: dict[str, str] = {}
    files = 0
    for path in _library_files(root):
        files += 1
        source = _read(path, "code").decode("utf-8-sig", "replace")
        # A copyright notice of its own may mean terms of its own.
        if "copyright" in source.lower():
            continue
        module = path.relative_to(root).parts[0].removesuffix(".py")
        # Lines as the parser counts them: a form feed before a function ends none.
        lines = io.StringIO(source, newline=None).readlines()
        for node in _definitions(_parsed(source, path).body):
            text = textwrap.dedent("".join(lines[node.lineno - 1 : node.end_lineno])).strip()
            if SHORTEST_CODE <= len(text) <= LONGEST_CODE:
                modules.setdefault(text, module)
    if not files:
        raise _missing("code", f"no Python file in {root}")
    sizes = sorted(Counter(modules.values()).items(), key=lambda pair: (-pair[1], pair[0]))
    largest = {module for module, _ in sizes[:MODULES]}
    return {text: module for text, module in modules.items() if module in largest}


def _library_files(root: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(root):
        kept = (name for name in folders if name not in _NO_LIBRARY)
        folders[:] = sorted(name for name in kept if not name.startswith("config-"))
        for file in sorted(files):
            # What the build wrote down about the machine it ran on is no library either.
            if file.endswith(".py") and not file.startswith("_sysconfigdata"):
                yield Path(place) / file


def _parsed(source: str, path: Path) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise _corrupt(path, "code", f"no Python: {error}") from error


def _definitions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods, but no functions inside functions, whose text would come twice."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _definitions(node.body)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _nouns(path: Path) -> wordnet.Nouns:
    try:
        return wordnet.parse(_read(path, "wordnet"))
    except ValueError as error:
        raise _corrupt(path, "wordnet", str(error)) from error


def _quotations(path: Path) -> dict[str, str]:
    content = _read(path, "fortunes")
    try:
        whole = re.sub(".\b", "", content.decode("utf-8-sig"))  # what is struck over on paper
    except UnicodeDecodeError as error:
        raise _corrupt(path, "fortunes", "no text in UTF-8") from error
    parts = re.split(r"^%(?:\n|\Z)", whole, flags=re.MULTILINE)
    if len(parts) < 2:
        raise _corrupt(path, "fortunes", "no line '%' between quotations")
    labels: dict[str, str] = {}
    for part in parts:
        text, *signature = re.split(r"\n\s*--\s", part, maxsplit=1)
        if text.strip():
            labels.setdefault(text.strip(), "signed" if signature else "unsigned")
    return labels


def _read(path: Path, kind: str) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(kind, f"no file {path}") from None
    except OSError as error:
        raise _corrupt(path, kind, f"unreadable: {error.strerror}") from error


def _missing(kind: str, what: str) -> DatasetMissing:
    return DatasetMissing(f"{kind}: {what}; run: {INSTALL[kind]} (for another place set folders)")


def _corrupt(path: Path, kind: str, got: str) -> ValueError:
    fix = f"run: {INSTALL[kind].replace('install', 'install --reinstall')}"
    return validate.fail(str(path), got, "the package's own file", fix)
