"""The pages of `make docs`: every public module, with formulas and fields as they were written.

Docstrings here hold formulas as ``code``, or indented, and end in fields, one per line. Markdown
would read a star, an underscore or a bar in them as markup and join the fields into a paragraph.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import textwrap
import warnings
from pathlib import Path
from typing import Any

FIELDS = ("Shapes", "Errors", "Cost", "Source")
_FIELD = re.compile(rf"^({'|'.join(FIELDS)}): ", re.MULTILINE)


def modules(package: str) -> list[str]:
    """`package` and the public modules in it: pdoc finds only those in an `__all__` by itself."""
    names = [package]
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not found.name.startswith("_"):
            inside = f"{package}.{found.name}"
            names += modules(inside) if found.ispkg else [inside]
    return names


class Written(str):
    """An annotation as it stands in the source; its value would be shown with every module."""

    def __repr__(self) -> str:
        return str(self)


def readable(docstring: str) -> str:
    """The docstring as markdown: formulas stay as they stand, fields become a list."""
    prose, *fields = _FIELD.split(docstring)
    blocks, items = [prose], []
    for label, content in zip(fields[::2], fields[1::2]):
        inside, *after = content.strip().split("\n\n", 1)
        items.append(f"- **{label}:** {_block(inside)}")
        blocks += after
    shown = [_block(block) for text in blocks for block in text.strip("\n").split("\n\n")]
    return "\n\n".join([*shown, "\n".join(items)]).strip("\n")


def _block(block: str) -> str:
    """A paragraph on one line, since a formula broken before its plus would become a list.

    Lines laid out by hand, a name and what it is, become code; code and lists stay.
    """
    lines = block.split("\n")
    if lines[0].startswith(("    ", "- ", "* ", ">>> ", "|")):
        return block
    listed = [number for number, line in enumerate(lines) if re.match(r"`[^`]+`\s{2,}\S", line)]
    first = listed[0] if listed else len(lines)
    table = "\n".join(lines[first:]).replace("`", "")
    paragraph = " ".join(" ".join(lines[:first]).split())
    return "\n\n".join(part for part in (paragraph, textwrap.indent(table, "    ")) if part)


def write(folder: Path, names: list[str]) -> None:
    """HTML pages of the modules `names` in `folder`, with an index and a search."""
    import pdoc
    from pdoc import doc, doc_types, render

    def as_written(kind: Any, *rest: Any) -> Any:
        return Written(kind) if isinstance(kind, str) else kind

    for module in (doc, doc_types):
        vars(module)["safe_eval_type"] = as_written
    render.env.filters["to_markdown"] = readable
    render.configure(show_source=False)
    with warnings.catch_warnings():
        # A package brings its modules, which are named here as well.
        warnings.filterwarnings("ignore", message="The module specification")
        pdoc.pdoc(*names, r"!.*\._", output_directory=folder)


def main(words: list[str]) -> int:
    """`python -m paper_repro.api_page [FOLDER [MODULE ...]]`: into `site`, all of the library."""
    folder, *names = words or ["site"]
    write(Path(folder), names or modules("diversity_jax"))
    print(Path(folder) / "index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
