"""Which code made a result, and on what: a hash of the files that it reaches, versions, device."""

from __future__ import annotations

import ast
import hashlib
import io
import itertools
import os
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from diversity_jax import _doors

LIBRARY = "diversity_jax"
FOLLOWED = (LIBRARY, "experiments", "figures")
ROOT = Path(__file__).resolve().parent.parent  # the checkout, or where packages are installed
# Storing and listing results, and which door a module came through, computes none of their numbers.
PLUMBING = {
    LIBRARY, *(f"{LIBRARY}.{name}" for name in ("_doors", "catalogue", "results", "validate")),
}  # fmt: skip
VERSIONS = ("jax", "jaxlib", "numpy", "equinox", "optax", "scipy", "scikit-learn")


def of_files(*starts: Path, root: Path = ROOT) -> str:
    """Fingerprint (16 hex digits) of the files `starts` below `root` and what they import.

    Arrays that come with the library count where a module reads them. Comments, docstrings and
    blank lines do not count, any other character does.
    """
    digest = hashlib.sha256()
    for path in sorted(reached(*starts, root=root)):
        source = code(path)
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(source.encode())
        if "resources.files" in source:  # how a module reads what is shipped with it
            for array in sorted((root / LIBRARY / "data").glob("*.npz")):
                digest.update(array.read_bytes())
    return digest.hexdigest()[:16]


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
    return _active(path.read_text())


# What is derived from a file is kept by its text, so that a change is never missed: the
# experiments of one run reach the same files again and again.
@lru_cache(maxsize=4096)
def _active(source: str) -> str:
    lines = io.StringIO(source).readlines()
    tokens = list(tokenize.generate_tokens(iter(lines).__next__))
    for (row, column), (last, end) in reversed(_passive(tokens)):
        tail = lines[last - 1][end:]
        lines[row - 1 : last] = [lines[row - 1][:column] + tail, *[""] * (last - row)]
    return "\n".join(line.rstrip() for line in lines if line.strip())


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


def _passive(tokens: list[tokenize.TokenInfo]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where comments and statements that are nothing but a string begin and end."""
    places, starts = [], True
    silent = (tokenize.COMMENT, tokenize.NL)
    for token, following in itertools.pairwise(tokens):
        alone = starts and following.type in (tokenize.NEWLINE, tokenize.COMMENT)
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and alone):
            places.append((token.start, token.end))
        if token.type not in silent:
            starts = token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    return places


def _needed(path: Path, root: Path) -> Iterator[Path]:
    """The files that the imports in `path` reach at once."""
    run, held = _imports(path.read_text(), path.relative_to(root).parent.parts)
    for module in run | held:
        file = _file(module, root)
        if file is None:
            continue
        if _counts(module):
            yield file
        if module in held and file.name == "__init__.py" and _is_lazy(file.read_text()):
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
