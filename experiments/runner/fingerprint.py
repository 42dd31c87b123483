"""Which code made a result: a hash of the experiment and of the library modules it reaches."""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
LIBRARY = "diversity_jax"
# Storing and listing results computes none of their numbers.
PLUMBING = {f"{LIBRARY}.results", f"{LIBRARY}.catalogue", f"{LIBRARY}.validate", LIBRARY}


@lru_cache
def of(experiment: str) -> str:
    """Fingerprint (16 hex digits) of experiment `experiment`: its file and what that imports.

    Comments, docstrings and blank lines do not count, any other character does.
    """
    digest = hashlib.sha256()
    for path in sorted(reached(CHECKOUT / "experiments" / f"{experiment}.py")):
        digest.update(path.relative_to(CHECKOUT).as_posix().encode())
        digest.update(code(path).encode())
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
    """The source of `path` without comment lines, docstrings and blank lines."""
    source = path.read_text()
    dropped: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                dropped.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    kept = [
        line.rstrip()
        for number, line in enumerate(source.splitlines(), start=1)
        if number not in dropped and line.strip() and not line.lstrip().startswith("#")
    ]
    return "\n".join(kept)


def _imports(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name for name in modules if name.startswith(("diversity_jax", "experiments."))}


def _path(module: str) -> Path | None:
    if module in PLUMBING or module.startswith("experiments.runner"):
        return None
    base = CHECKOUT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.exists():
            return path
    return None
