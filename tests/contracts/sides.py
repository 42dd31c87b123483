"""Theory and simulation never import each other, in any subject of the library.

A subject is a package with a `theory` inside. Of its other modules those called `model` or
`problem` hold the parameters that both sides read, and import neither; all the rest simulate or
measure: a helper, settings and measures too, since a shared helper would let one bug confirm
itself. What lies beside the subjects is shared by them and imports none. Chains of imports count,
and inside the library nobody goes through a door (the package of a subject, or the whole), which
would show everything behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

PARAMETERS = ("model", "problem")
DOORS = ("commands",)  # packages for users, above the subjects


class Sides(Contract):
    """For `package`: what may not be reached from where, as chains of modules."""

    type_name = "sides"
    package = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look for the shortest chain between every two places that must not see each other."""
        broken = [
            (sentence, chain)
            for sentence, sources, forbidden in _rules(graph, str(self.package))
            for chain in _chains(graph, sources, forbidden)
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line for each chain."""
        for sentence, chain in check.metadata["broken"]:
            output.print_error(f"{sentence}: {' -> '.join(chain)}")


Rule = tuple[str, set[str], set[str]]


def _rules(graph: ImportGraph, package: str) -> Iterator[Rule]:
    """Sentences with the modules that must not reach, and those that must not be reached."""
    children = graph.find_children(package)
    subjects = {child for child in children if f"{child}.theory" in graph.modules}
    theory, simulation, parameters = set(), set(), set()
    for subject in subjects:
        theory |= _below(graph, f"{subject}.theory")
        for room in graph.find_children(subject) - {f"{subject}.theory"}:
            held = parameters if room.rpartition(".")[2] in PARAMETERS else simulation
            held |= _below(graph, room)
    above = {f"{package}.{name}" for name in (*DOORS, "__main__")}
    shared = {module for child in children - subjects - above for module in _below(graph, child)}
    inside, doors = theory | simulation | parameters, subjects | {package}
    yield "theory sees simulation", theory, simulation
    yield "simulation sees theory", simulation, theory
    yield "parameters see a side", parameters, theory | simulation
    yield "what subjects share sees a subject", shared, inside
    yield "a room goes through a door", theory | simulation | parameters | shared, doors


def _below(graph: ImportGraph, module: str) -> set[str]:
    return {module, *graph.find_descendants(module)}


def _chains(
    graph: ImportGraph, sources: set[str], forbidden: set[str]
) -> Iterator[tuple[str, ...]]:
    """Per source the shortest way to what it must not see, by breadth; sources in order."""
    for source in sorted(sources):
        came: dict[str, str] = {}
        waiting = [source]
        for module in waiting:
            for imported in sorted(graph.find_modules_directly_imported_by(module)):
                if imported in came or imported == source:
                    continue
                came[imported] = module
                if imported in forbidden:
                    yield tuple(reversed([imported, *_back(came, imported, source)]))
                    waiting.clear()
                    break
                waiting.append(imported)
            else:
                continue
            break


def _back(came: dict[str, str], module: str, source: str) -> Iterator[str]:
    while module != source:
        module = came[module]
        yield module
