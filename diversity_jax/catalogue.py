"""What a folder offers, read from the source: names and first lines, nothing imported.

Adding an experiment, a figure, a paper, a part of its claims or a command is adding a file, or a
folder with an `__init__`; it counts when it assigns or defines the marker (`PRESETS`, `EXPERIMENT`,
`TITLE`, `CLAIMS`, `main`) at its top level.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path


def entries(folder: Path, marker: str) -> dict[str, str]:
    """Name and first docstring line of every module in `folder` with `marker`, sorted."""
    modules = {path.stem: path for path in folder.glob("*.py") if path.stem != "__init__"}
    modules |= {path.parent.name: path for path in folder.glob("*/__init__.py")}
    lines = {}
    for name, path in sorted(modules.items()):
        assigned, first_line = _top_level(path.read_bytes(), path)
        if marker in assigned:
            lines[name] = first_line
    return lines


def require(folder: Path, marker: str, kind: str, name: str) -> None:
    """Refuse a `name` that `folder` does not offer, naming the nearest ones."""
    known = sorted(entries(folder, marker))
    if name in known:
        return
    from diversity_jax import validate  # here, so that help and lists do not import numpy

    if (folder / f"{name}.py").is_file():
        got, fix = f"a file without {marker}", "assign it as the other files there do"
        raise validate.fail(f"{kind} {name}", got, f"{marker} at its top level", fix)
    validate.choice(kind, name, known)


@lru_cache(maxsize=4096)  # by the text: one run asks for the same folders again and again
def _top_level(source: bytes, path: Path) -> tuple[frozenset[str], str]:
    """What `source` (of the file `path`) assigns or defines, and its first docstring line."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        from diversity_jax import validate

        line = f"line {getattr(error, 'lineno', None) or 1} that does not parse"
        raise validate.fail(str(path), line, "Python source", "mend that line") from error
    names = frozenset[str]().union(*(_assigned(node) for node in tree.body))
    return names, (ast.get_docstring(tree) or "").split("\n")[0]


def _assigned(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return {node.name} if isinstance(node, ast.FunctionDef) else set()
