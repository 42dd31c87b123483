"""The rules that are offered, read from the source of `rules`: nothing heavy is imported here."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ALL = "all"
FRACTION = 0.2


@dataclass(frozen=True)
class Offer:
    """What a rule does, what its objective is, and whether it needs labels."""

    line: str
    objective: str
    labelled: bool = False


@cache
def offered() -> dict[str, Offer]:
    """What `rules.RULES` says of each rule, without the import of what the rules need."""
    tree = ast.parse(Path(__file__).with_name("rules.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {
        node.name: describe(ast.get_docstring(node), **given)
        for node in functions
        for given in _given(node)
    }


def describe(docstring: str | None, *, objective: str, labelled: bool = False) -> Offer:
    """An offer from a rule's docstring, whose first line says what the rule does."""
    line = (docstring or "").split("\n")[0].rstrip(".")
    return Offer(line[:1].lower() + line[1:], objective, labelled)


def _given(node: ast.FunctionDef) -> list[dict]:
    """The arguments of the decorator `rule` of a function, if it has one."""
    calls = [call for call in node.decorator_list if isinstance(call, ast.Call)]
    return [
        {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "rule"
    ]
