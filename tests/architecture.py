"""The rules of the house, as functions from source text to complaints.

Pure, so that `test_architecture.py` can show each rule a source that breaks it before it trusts
the rule's silence about ours.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

BELOW_THE_DOOR = "tocsin.domain tocsin.settings tocsin.store tocsin.asks tocsin.desk"
ROOMS = {
    "tocsin.__main__": "tocsin.cli",
    "tocsin.domain": "",
    "tocsin.policies": "tocsin.domain",
    "tocsin.aggregates": "tocsin.domain",
    "tocsin.worktime_arrays": "tocsin.domain",
    "tocsin.clocks": "tocsin.domain",
    "tocsin.variables": "",
    "tocsin.nats_settings": "tocsin.variables",
    "tocsin.settings": "tocsin.variables tocsin.nats_settings tocsin.watch_settings",
    "tocsin.jetstream": (
        "tocsin.domain tocsin.aggregates tocsin.settings tocsin.store tocsin.exports"
        " tocsin.ledger.merkle tocsin.process"
    ),
    "tocsin.process": "",
    "tocsin.drivers": "",
    "tocsin.distant": "tocsin.drivers",
    "tocsin.unavailable": "",
    "tocsin.crew": "tocsin.process",
    "tocsin.chance": "",
    "tocsin.ids": "tocsin.chance",
    "tocsin.ledger.merkle": "",
    "tocsin.ledger": "tocsin.settings tocsin.store tocsin.__version__",
    "tocsin.vault": "tocsin.distant tocsin.drivers tocsin.settings tocsin.ids tocsin.unavailable",
    "tocsin.store": (
        "tocsin.domain tocsin.aggregates tocsin.chance tocsin.distant tocsin.drivers tocsin.ids"
        " tocsin.ledger.merkle tocsin.settings tocsin.telemetry.spread tocsin.vault"
        " tocsin.unavailable"
    ),
    "tocsin.access": (
        "tocsin.apart tocsin.domain.personal tocsin.drivers tocsin.ledger.merkle tocsin.settings"
        " tocsin.store tocsin.unavailable"
    ),
    "tocsin.asks": "tocsin.domain",
    "tocsin.telemetry": "tocsin.settings tocsin.variables",
    "tocsin.watch_settings": "tocsin.variables",
    "tocsin.evidence": f"{BELOW_THE_DOOR} tocsin.unavailable",
    "tocsin.clerk": "",
    "tocsin.taking": "tocsin.domain tocsin.asks tocsin.ids",
    "tocsin.decision": "tocsin.domain tocsin.policies tocsin.settings tocsin.store tocsin.asks",
    "tocsin.memory": "tocsin.domain tocsin.policies tocsin.store tocsin.decision",
    "tocsin.desk": (
        "tocsin.domain tocsin.settings tocsin.store tocsin.asks tocsin.decision tocsin.memory"
        " tocsin.clerk tocsin.ids tocsin.taking tocsin.telemetry.settling"
    ),
    "tocsin.readmodels": (
        "tocsin.domain tocsin.crew tocsin.distant tocsin.drivers tocsin.process tocsin.settings"
        " tocsin.store tocsin.telemetry.spread"
    ),
    "tocsin.past": (
        "tocsin.domain tocsin.settings tocsin.store tocsin.process tocsin.crew tocsin.readmodels"
        " tocsin.lake tocsin.clocks"
    ),
    "tocsin.reactions": f"{BELOW_THE_DOOR} tocsin.readmodels",
    "tocsin.importers": BELOW_THE_DOOR,
    "tocsin.exports": "tocsin.domain tocsin.aggregates tocsin.store",
    "tocsin.whatif": (
        "tocsin.domain tocsin.aggregates tocsin.settings tocsin.store tocsin.process tocsin.crew"
        " tocsin.charts"
    ),
    "tocsin.audit": (
        "tocsin.domain tocsin.settings tocsin.store tocsin.ledger tocsin.access tocsin.exports"
        " tocsin.keys tocsin.policies tocsin.process tocsin.documents tocsin.replaying tocsin.words"
    ),
    "tocsin.signals": "",
    "tocsin.charts": "tocsin.trends",
    "tocsin.analysis": (
        "tocsin.domain tocsin.settings tocsin.store tocsin.lake tocsin.trends tocsin.signals"
        " tocsin.charts"
    ),
    "tocsin.lake": (
        "tocsin.domain tocsin.aggregates tocsin.settings tocsin.store tocsin.process tocsin.crew"
        " tocsin.trends"
    ),
    "tocsin.documents": "",
    "tocsin.words": "tocsin.domain",
    "tocsin.brief": (
        "tocsin.domain tocsin.settings tocsin.store tocsin.clocks tocsin.lake tocsin.trends"
        " tocsin.analysis tocsin.signals tocsin.charts tocsin.documents"
    ),
    "tocsin.replaying": (
        "tocsin.domain tocsin.aggregates tocsin.settings tocsin.store tocsin.process"
        " tocsin.ledger tocsin.readmodels"
    ),
    "tocsin.backup": (
        "tocsin.__version__ tocsin.access tocsin.drivers tocsin.evidence tocsin.keys tocsin.ledger"
        " tocsin.settings tocsin.store tocsin.unavailable tocsin.vault"
    ),
    "tocsin.erasure": (
        f"{BELOW_THE_DOOR} tocsin.access tocsin.evidence tocsin.keys tocsin.readmodels tocsin.vault"
    ),
    "tocsin.door": "tocsin.domain",
    "tocsin.apart": "tocsin.distant tocsin.drivers",
    "tocsin.keys": "tocsin.apart tocsin.drivers tocsin.settings tocsin.store",
    "tocsin.http": (
        f"{BELOW_THE_DOOR} tocsin.__version__ tocsin.access tocsin.aggregates tocsin.analysis"
        " tocsin.audit tocsin.brief tocsin.charts tocsin.clocks tocsin.crew tocsin.documents"
        " tocsin.door tocsin.erasure tocsin.evidence tocsin.keys tocsin.lake tocsin.ledger"
        " tocsin.past tocsin.policies tocsin.process tocsin.reactions tocsin.readmodels"
        " tocsin.replaying tocsin.telemetry tocsin.trends tocsin.variables tocsin.whatif"
    ),
    "tocsin.trends": "tocsin.domain tocsin.worktime_arrays tocsin.lake.tables",
    "tocsin.cli": "tocsin",
    "projections.trends": "tocsin.domain tocsin.trends",
    "projections": "tocsin.domain tocsin.readmodels",
}
"""Which rooms each room may know, besides itself."""

CHAPTERS = (
    {"personal", "printing"},
    {"kernel"},
    {"values"},
    {"calendar"},
    {"openings"},
    {"worktime"},
    {"events", "policy", "refusals"},
    {"record"},
    {"chapters"},
    {"happening", "chronicle"},
    {"plan"},
    {"walk"},
    {"course"},
    {"timer"},
    {"reckoning"},
    {"agenda", "story", "dossier"},
    {"state", "status", "words"},
    {"command", "mandate"},
    {"commands"},
)
"""The chapters of an aggregate, in the order in which each may know the ones before it."""

LIBRARIES = {
    "eventsourcing": {"tocsin.store"},
    "fastapi": {"tocsin.http"},
    "starlette": {"tocsin.http"},
    "sqlalchemy": {
        "tocsin.access",
        "tocsin.apart",
        "tocsin.distant",
        "tocsin.keys",
        "tocsin.readmodels",
        "tocsin.vault",
        "projections",
    },
    "fsspec": {"tocsin.evidence"},
    "click": {"tocsin.cli"},
    "cryptography": {
        "tocsin.audit",
        "tocsin.evidence",
        "tocsin.ledger",
        "tocsin.store",
        "tocsin.vault",
    },
    "rfc3161_client": {"tocsin.ledger"},
    "holidays": {"tocsin.policies"},
    "nats": {"tocsin.jetstream"},
    "altair": {"tocsin.charts"},
    "ibis": {"tocsin.lake", "tocsin.trends", "projections.trends"},
    "deltalake": {"tocsin.lake"},
    "duckdb": {"tocsin.lake"},
    "pyarrow": {"tocsin.lake", "tocsin.trends", "tocsin.analysis"},
    "bm25s": {"tocsin.signals"},
    "ruptures": {"tocsin.signals"},
    "vl_convert": {"tocsin.charts"},
    "opentelemetry": {"tocsin.telemetry"},
    "prometheus_client": {"tocsin.telemetry"},
}
"""Libraries that only some rooms may know, so that they can be replaced there."""

PURE_LIBRARIES = {
    "tocsin.domain": {"annotated_types"},
    "projections.trends": {"ibis", "numpy"},
    "projections": {"sqlalchemy"},
}
"""Rooms where no other library, clock, file or dice is known at all."""

PURE_STANDARD = set(
    "abc bisect collections contextlib dataclasses datetime decimal difflib enum fractions "
    "functools hashlib importlib inspect itertools json math operator pkgutil re statistics string "
    "textwrap tomllib types typing unicodedata uuid zoneinfo".split()
)
IMPURE_CALLS = set("now utcnow today uuid1 uuid4 open print input exec eval".split())

FILE_LINES, FUNCTION_LINES, LINE_LENGTH, FOLDER_MODULES = 300, 40, 100, 3
STORAGE_FORMAT = "events.py"
"""An aggregate's events stand on one page however many they become: none of them ever leaves."""

TOP_LEVEL = set(
    "pyproject.toml README.md constraints.txt LICENSE src projections tests scripts docs".split()
)
DERIVED = {"dist", "build", "__pycache__"}
"""What tools leave at the top level and Git ignores."""

MACHINE_WORDS = re.compile(
    r"(?<![\w.])/(?:work|root|home/\w+|opt/py\w*)/"
    r"|\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|deb\.debian\.org|proxy\.golang\.org)\b"
)
"""Paths of one machine, and hosts of package indexes, which each installation chooses itself."""


@dataclass(frozen=True)
class Module:
    """One Python file: where it lies under the root of imports, and what it says."""

    path: PurePosixPath
    source: str

    @cached_property
    def name(self) -> str:
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source, str(self.path))

    @cached_property
    def imports(self) -> frozenset[str]:
        """Full dotted names of all it imports, at the top or inside a function."""
        return frozenset(self._imports())

    def _imports(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                yield from (f"{origin}.{alias.name}" for alias in node.names)

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".")
        climb = node.level - (self.path.name == "__init__.py")
        above = package[: len(package) - climb]
        return ".".join([*above, *([node.module] if node.module else [])])


def modules(*roots: Path) -> list[Module]:
    """Every Python file under the given import roots' packages."""
    return [
        Module(PurePosixPath(file.relative_to(root.parent)), file.read_text(encoding="utf-8"))
        for root in roots
        for file in sorted(root.rglob("*.py"))
    ]


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def ours(name: str) -> bool:
    return name.split(".", 1)[0] in {"tocsin", "projections", "tests", "scripts"}


def room_of(name: str) -> str | None:
    return next((room for room in ROOMS if within(name, room)), None)


def wrong_rooms(module: Module) -> Iterator[str]:
    """Imports that point the wrong way between rooms, and rooms that have no place."""
    room = room_of(module.name)
    if room is None:
        if module.name != "tocsin":
            yield f"{module.name} has no place in the table of rooms"
        return
    allowed = [room, "tocsin.__version__", *ROOMS[room].split()]
    for name in sorted(module.imports):
        if ours(name) and not any(within(name, each) for each in allowed):
            yield f"{module.name} imports {name}"


def chapter_of(name: str) -> int | None:
    parts = name.split(".")[2:]
    return next((n for n, chapter in enumerate(CHAPTERS) if chapter & set(parts)), None)


def wrong_chapters(module: Module) -> Iterator[str]:
    """Imports within the domain that point to a later chapter, or past all chapters."""
    if not within(module.name, "tocsin.domain") or not module.tree.body:
        return
    chapter = chapter_of(module.name)
    if chapter is None:
        yield f"{module.name} is no chapter of an aggregate"
        return
    for name in sorted(module.imports):
        if within(name, "tocsin.domain"):
            other = chapter_of(name)
            if other is None or other > chapter:
                yield f"{module.name} imports {name}"


def wrong_libraries(module: Module) -> Iterator[str]:
    """Libraries that are another room's business."""
    for name in sorted(module.imports):
        homes = LIBRARIES.get(name.split(".", 1)[0])
        if homes is not None and not any(within(module.name, home) for home in homes):
            yield f"{module.name} imports {name}"


def impurities(module: Module) -> Iterator[str]:
    """In a pure room: any library but its few, and any call that asks the world."""
    allowed = next((few for room, few in PURE_LIBRARIES.items() if within(module.name, room)), None)
    if allowed is None:
        return
    for name in sorted(module.imports):
        top = name.split(".", 1)[0]
        if not ours(name) and top not in allowed | PURE_STANDARD:
            kind = "standard library" if top in sys.stdlib_module_names else "library"
            yield f"{module.name} imports {name} ({kind})"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in IMPURE_CALLS:
                yield f"{module.name}:{node.lineno} calls {name}()"


def entangled(module: Module) -> Iterator[str]:
    """A read model that reads another: it would show a state that never was."""
    if within(module.name, "projections"):
        for name in sorted(module.imports):
            if within(name, "projections") and not within(name, module.name):
                yield f"{module.name} imports {name}"


def lines_of(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def lines_of_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """A promise may take the words it needs: it is the code that must fit into one look."""
    stated = ast.get_docstring(function, clean=False) is not None
    return lines_of(function.body[0]) if stated else 0


def oversized(module: Module) -> Iterator[str]:
    """Files, functions and lines that no longer fit into one look."""
    lines = module.source.splitlines()
    if len(lines) >= FILE_LINES and PurePosixPath(module.path).name != STORAGE_FORMAT:
        yield f"{module.path} has {len(lines)} lines"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_LENGTH:
            yield f"{module.path}:{number} is {len(line)} characters long"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = lines_of(node) - lines_of_docstring(node)
            if length >= FUNCTION_LINES:
                yield f"{module.path}:{node.lineno} {node.name} has {length} lines"


def thin_folders(everything: Iterable[Module]) -> Iterator[str]:
    """Folders that hold fewer than three things: a module with code, or a folder of them."""
    contents: dict[PurePosixPath, set[PurePosixPath]] = {}
    for module in everything:
        folder = module.path.parent
        if module.source.strip():
            contents.setdefault(folder, set()).add(module.path)
        for inner, outer in zip([folder, *folder.parents], folder.parents, strict=False):
            contents.setdefault(outer, set()).add(inner)
    for folder, things in sorted(contents.items()):
        if folder.name and len(things) < FOLDER_MODULES:
            yield f"{folder} holds only {len(things)}"


def strangers(names: Iterable[str]) -> Iterator[str]:
    """Top-level entries beyond the fixed few. Dot-files are the business of tools."""
    for name in sorted(names):
        if not name.startswith(".") and name not in TOP_LEVEL | DERIVED:
            yield f"{name} is not one of the top level"


def machine_words(path: str, text: str) -> Iterator[str]:
    """Words that are true on one machine only."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := MACHINE_WORDS.search(line):
            yield f"{path}:{number} says {found.group()}"
