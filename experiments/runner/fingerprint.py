"""Which code made a result: a hash of the experiment and of the library modules it reaches."""

from __future__ import annotations

import ast
import hashlib
import io
import itertools
import tokenize
from functools import lru_cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
LIBRARY = "diversity_jax"
KEYS_AND_JOBS = ("experiments", "runner", "compute.py")
# Storing and listing results computes none of their numbers.
SHIPPED = {f"{LIBRARY}/embeddings.py": f"{LIBRARY}/data"}  # arrays that come with a module
PLUMBING = {f"{LIBRARY}.results", f"{LIBRARY}.catalogue", f"{LIBRARY}.validate", LIBRARY}


@lru_cache
def of(experiment: str) -> str:
    """Fingerprint (16 hex digits) of experiment `experiment`: its file and what that imports.

    Arrays that an imported module ships count with it. Comments, docstrings and blank lines do
    not count, any other character does.
    """
    digest = hashlib.sha256()
    own = CHECKOUT / "experiments" / f"{experiment}.py"
    for path in sorted(reached(own) | reached(CHECKOUT.joinpath(*KEYS_AND_JOBS))):
        name = path.relative_to(CHECKOUT).as_posix()
        digest.update(name.encode())
        digest.update(code(path).encode())
        if name in SHIPPED:
            for array in sorted((CHECKOUT / SHIPPED[name]).glob("*.npz")):
                digest.update(array.read_bytes())
    return digest.hexdigest()[:16]


def reached(start: Path) -> set[Path]:
    """`start` and every library module that it imports, directly or through others."""
    found, waiting = {start}, [start]
    while waiting:
        for module in _imports(waiting.pop()):
            path = _path(module)
            if path is not None and path not in found:
                found.add(path)
                waiting.append(path)
    return found


def code(path: Path) -> str:
    """The source of `path` without comments, docstrings and blank lines."""
    lines = io.StringIO(path.read_text()).readlines()
    tokens = list(tokenize.generate_tokens(iter(lines).__next__))
    for (row, column), (last, end) in reversed(_passive(tokens)):
        tail = lines[last - 1][end:]
        lines[row - 1 : last] = [lines[row - 1][:column] + tail, *[""] * (last - row)]
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _passive(tokens: list[tokenize.TokenInfo]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where comments and statements that are nothing but a string begin and end."""
    found, starts = [], True
    silent = (tokenize.COMMENT, tokenize.NL)
    for token, following in itertools.pairwise(tokens):
        alone = starts and following.type in (tokenize.NEWLINE, tokenize.COMMENT)
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and alone):
            found.append((token.start, token.end))
        if token.type not in silent:
            starts = token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    return found


def _imports(path: Path) -> set[str]:
    package = path.relative_to(CHECKOUT).parent.parts
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            modules.add(module)
            modules.update(f"{module}.{alias.name}" for alias in node.names)
    return {name for name in modules if name.startswith((LIBRARY, "experiments."))}


def _path(module: str) -> Path | None:
    if module in PLUMBING or module.startswith("experiments.runner"):
        return None
    base = CHECKOUT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.exists():
            return path
    return None
