"""What a folder offers, read from the source: names and first lines, nothing imported.

Adding an experiment, a figure or a paper is adding a file; the file counts when it assigns the
folder's marker (`PRESETS`, `EXPERIMENT`, `CLAIMS`) at its top level.
"""

from __future__ import annotations

import ast
from pathlib import Path

from diversity_jax import validate


def entries(folder: Path, marker: str) -> dict[str, str]:
    """Name and first docstring line of every file in `folder` that assigns `marker`, sorted."""
    found = {}
    for path in sorted(folder.glob("*.py")):
        tree = _tree(path)
        if any(marker in _assigned(node) for node in tree.body):
            found[path.stem] = (ast.get_docstring(tree) or "").split("\n")[0]
    return found


def require(folder: Path, marker: str, kind: str, name: str) -> None:
    """Refuse a `name` that `folder` does not offer, naming the nearest ones."""
    known = sorted(entries(folder, marker))
    if name not in known and (folder / f"{name}.py").is_file():
        got, fix = f"a file without {marker}", "assign it as the other files there do"
        raise validate.fail(f"{kind} {name}", got, f"{marker} at its top level", fix)
    validate.choice(kind, name, known)


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text())
    except SyntaxError as error:
        raise validate.fail(
            str(path), f"line {error.lineno} that does not parse", "Python source", "mend that line"
        ) from error


def _assigned(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    return set()
