"""Which code made a result, and on what: a hash of the files that it reaches, versions, device."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from diversity_jax import _doors

LIBRARY = "diversity_jax"
FOLLOWED = (LIBRARY, "experiments", "figures", "paper_repro")
ROOT = Path(__file__).resolve().parent.parent  # the checkout, or where packages are installed
# Storing and listing results, and which door a module came through, computes none of their numbers.
PLUMBING = {f"{LIBRARY}.{name}" for name in ("_doors", "catalogue", "files", "results", "validate")}
TOLD = ("__doc__", "getdoc", "getsource")  # how code reads what was written about code
SHIPPED = ("resources", "get_data", "__file__")  # and how it reads what lies beside it
NO_DATA = {".py", ".pyc", ".pyi", ".ipynb", ".md"}
VERSIONS = ("jax", "jaxlib", "numpy", "equinox", "optax", "scipy", "scikit-learn")


def of_files(*starts: Path, root: Path = ROOT) -> str:
    """Fingerprint (16 hex digits) of the files `starts` below `root` and what they import.

    Files that lie beside a module count where it reads such. Comments, blank lines and strings that
    nothing reads (docstrings, unless code asks for one) do not count, any other character does.
    """
    digest = hashlib.sha256()
    paths = reached(*starts, root=root)
    for path, source in sorted(_sources(paths, root).items()):
        digest.update(repr((path.relative_to(root).as_posix(), source)).encode())
        if any(word in source for word in SHIPPED):
            for file in _beside(path, root):
                digest.update(repr(file.relative_to(root).as_posix()).encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _sources(paths: set[Path], root: Path) -> dict[Path, str]:
    """What counts of each file; packages count for what their own lines do when one is opened."""
    told = set()
    for path in paths:
        if any(word in code(path) for word in TOLD):
            told |= {path, *_needed(path, root)}
    packages = {above for path in paths for above in _above(path, root)}
    return {path: _active(_text(path), path in told) for path in paths | packages}


def _above(path: Path, root: Path) -> Iterator[Path]:
    """The `__init__` of each package that `path` lies in, all of which run before it does."""
    for folder in path.relative_to(root).parents:
        init = root / folder / "__init__.py"
        if folder.parts and init.exists():
            yield init


def _beside(path: Path, root: Path) -> list[Path]:
    """Files that are no code: the library's own data, and what lies in the folder of `path`."""
    folders = {path.parent, root / LIBRARY / "data"}
    found = {file for folder in folders for file in folder.rglob("*") if file.is_file()}
    return sorted(file for file in found if file.suffix not in NO_DATA)


def reached(*starts: Path, root: Path = ROOT) -> set[Path]:
    """The files `starts` and every module that they import, directly or through others.

    Followed are `diversity_jax`, `experiments` and `figures` below `root`, without what only
    stores results. Of a package that loads its modules when they are asked for, whoever has the
    package itself reaches all of them.
    """
    paths, waiting = set(starts), list(starts)
    while waiting:
        for path in _needed(waiting.pop(), root):
            if path not in paths:
                paths.add(path)
                waiting.append(path)
    return paths


def code(path: Path) -> str:
    """The source of `path` without comments, docstrings and blank lines."""
    return _active(_text(path))


def _text(path: Path) -> str:
    """A source as Python reads it: in its declared encoding, without a byte-order mark."""
    with tokenize.open(path) as file:
        return file.read()


# What is derived from a file is kept by its text, so that a change is never missed: the
# experiments of one run reach the same files again and again.
@lru_cache(maxsize=4096)
def _active(source: str, told: bool = False) -> str:
    """`source` without what changes nothing; with its docstrings where code is `told` them."""
    written = io.StringIO(source).readlines()
    silent, within = _strings(ast.parse(source), written)
    cut = [] if told else silent
    kept = [row for rows in within for row in rows]
    if told:
        kept += [row for (first, _), (last, _) in silent for row in range(first, last)]
    lines = list(written)
    for (row, column), (last, end) in sorted(_comments(source) + cut, reverse=True):
        tail = lines[last - 1][end:]
        lines[row - 1 : last] = [lines[row - 1][:column] + tail, *[""] * (last - row)]
    return "\n".join(_lines_that_count(lines, written, set(kept)))


def _lines_that_count(lines: list[str], written: list[str], kept: set[int]) -> Iterator[str]:
    """All but empty lines and blanks at the end, which count where a string is `kept` open."""
    for row, line in enumerate(lines, start=1):
        # An empty line after a backslash ends the statement, and joins nothing to it.
        opened = row > 1 and (row - 1 in kept or written[row - 2].rstrip("\n").endswith("\\"))
        if line.strip() or opened:
            yield line.rstrip("\n") if row in kept else line.rstrip()


def environment() -> dict[str, Any]:
    """Versions and device: what may change rounding, and is shown with every result."""
    from importlib.metadata import version

    import jax

    device = jax.devices()[0]
    light = jax.config.read("jax_disable_most_optimizations")  # pyright: ignore[reportAttributeAccessIssue]
    return {
        "versions": {package: version(package) for package in VERSIONS},
        "flags": os.environ.get("XLA_FLAGS", ""),
        "compilation": "light" if light else "full",
        "device": f"{len(jax.devices())} x {device.platform} ({device.device_kind})",
    }


Place = tuple[int, int]


def _comments(source: str) -> list[tuple[Place, Place]]:
    """Where each comment begins and ends."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [(token.start, token.end) for token in tokens if token.type == tokenize.COMMENT]


def _strings(tree: ast.Module, lines: list[str]) -> tuple[list[tuple[Place, Place]], list[range]]:
    """Where statements lie that are nothing but a text, and the rows whose end any other holds."""
    silent, within = [], []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and _is_text(node.value, str):
            first = node.lineno, _column(lines, node.lineno, node.col_offset)
            last = node.end_lineno or 0, _column(lines, node.end_lineno, node.end_col_offset)
            silent.append((first, last))
        elif isinstance(node, ast.JoinedStr) or _is_text(node, str | bytes):
            first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
            within.append(range(first, last))
        else:
            waiting.extend(ast.iter_child_nodes(node))
    return silent, within


def _is_text(node: ast.AST, kinds: Any) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, kinds)


def _column(lines: list[str], row: int | None, offset: int | None) -> int:
    """The character at which byte `offset` of a row begins."""
    return len(lines[(row or 1) - 1].encode()[:offset].decode())


def _needed(path: Path, root: Path) -> Iterator[Path]:
    """The files that the imports in `path` reach at once."""
    run, held = _imports(_text(path), path.relative_to(root).parent.parts)
    for module in run | held:
        file = _file(module, root)
        if file is None:
            continue
        if _counts(module):
            yield file
        if module in held and file.name == "__init__.py" and _is_lazy(_text(file)):
            below = file.parent.rglob("*.py")
            yield from (part for part in below if _counts(_module(part, root)))


@lru_cache(maxsize=4096)
def _imports(source: str, package: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """Modules that `source` runs, and those that it has by a name, under names that are current.

    It lies in the folders `package`.
    """
    run: set[str] = set()
    held: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            run.update(alias.name for alias in node.names)
            # Without `as`, the name that `import a.b` gives is `a`.
            held.update(alias.name if alias.asname else _first(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            run.add(module)
            held.update(f"{module}.{alias.name}" for alias in node.names)
    return {_doors.MOVED.get(name, name) for name in run}, {
        _doors.MOVED.get(name, name) for name in held
    }


def _first(module: str) -> str:
    return module.partition(".")[0]


def _counts(module: str) -> bool:
    return module not in PLUMBING and not module.startswith("experiments.runner")


def _file(module: str, root: Path) -> Path | None:
    if _first(module) not in FOLLOWED:
        return None
    base = root.joinpath(*module.split("."))
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((path for path in candidates if path.exists()), None)


def _module(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@lru_cache(maxsize=4096)
def _is_lazy(init: str) -> bool:
    """Whether a package of this source opens its doors by `_doors.lazily`."""
    calls = (node for node in ast.walk(ast.parse(init)) if isinstance(node, ast.Call))
    return any(ast.unparse(call.func).rpartition(".")[2] == "lazily" for call in calls)
