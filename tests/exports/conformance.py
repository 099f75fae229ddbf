"""Exports read back by pm4py and held against the log: `scripts/exports-conformance`.

What the log says is counted here from the stored events, without the code that exports.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from tests.cli.running import answer
from tests.uci import FILE
from tocsin.domain.incident.state import INCIDENT
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.store.mapper import decode

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "uci" / FILE
FORMATS = {"xes": "log.xes", "ocel-json": "log.json", "ocel-sqlite": "log.sqlite"}
MINING_SECONDS = 900
MICROSECOND = 1_000_000
Figures = dict[str, Any]


class Differs(Exception):
    """pm4py reads something else than the log says."""


def main() -> int:
    """Check the demonstration and, unless --short, the real year."""
    miner, options = sys.argv[1], sys.argv[2:]
    with TemporaryDirectory(prefix="tocsin-exports-") as folder:
        demo = Path(folder) / "demo"
        done("--home", demo, "demo")
        checked(miner, demo, Path(folder), "demonstration")
        if "--short" in options:
            return 0
        if not DATA.exists():
            say(f"The real year is not here: {DATA.relative_to(ROOT.parent)}")
            return 0
        year = Path(folder) / "year"
        done("--home", year, "import", "servicenow-audit", DATA)
        checked(miner, year, Path(folder), "real year")
    return 0


def checked(miner: str, home: Path, folder: Path, what: str) -> dict[str, Figures]:
    """Export a home in every format of process mining, and hold what pm4py reads against it.

    Raises:
        Differs: something is not as the log says.
    """
    expected = figures(home)
    found: dict[str, Figures] = {}
    for name, file in FORMATS.items():
        began = time.perf_counter()
        done("--home", home, "export", name, "-o", folder / file, "--force")
        wrote = time.perf_counter() - began
        found[name] = mined(miner, folder / file)
        differing = {
            key: (expected[key], value)
            for key, value in found[name].items()
            if key in expected and expected[key] != value
        }
        if differing:
            raise Differs(f"{what}, {name}: {differing}")
        say(f"{what}: {name}: {summary(found[name])}; written in {wrote:.1f} s")
    _alike(what, found["ocel-json"], found["ocel-sqlite"])
    return found


def done(*arguments: str | Path) -> None:
    said = answer(*arguments)
    if said.exit_code:
        raise SystemExit(f"{' '.join(map(str, arguments))}: {said.err}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def mined(miner: str, file: Path) -> Figures:
    """What pm4py says of a file."""
    command = [miner, str(Path(__file__).with_name("mined.py")), str(file)]
    run = subprocess.run(
        command, capture_output=True, text=True, timeout=MINING_SECONDS, check=False
    )
    if run.returncode:
        raise Differs(f"{file.name}: {run.stderr[-2_000:]}")
    read: Figures = json.loads(run.stdout[run.stdout.index("{") :])
    return read


def figures(home: Path) -> Figures:
    """What must come out, counted from the stored events."""
    log = Log.open(Settings(home=home))
    try:
        raws = list(map(orjson.loads, log.shown([b for _, b in log.raw_page(0, 10_000_000)])))
        streams = {raw["stream"] for raw in raws if raw["event"].startswith("incident.")}
        told = [raw for raw in raws if raw["event"].partition(".")[0] in ("incident", "clock")]
        pasts: dict[str, list[Any]] = {stream: [] for stream in streams}
        for raw in told:
            if raw["stream"] in pasts:
                pasts[raw["stream"]].append(decode(orjson.dumps(raw)))
    finally:
        log.close()
    ends = [INCIDENT.fold(past[0].stream, past) for past in pasts.values()]
    links = {(raw["data"]["kind"], raw["data"]["target"]) for raw in told if _links(raw)}
    return {
        "cases": len(streams),
        "events": len(told),
        "names": _counted(raw["event"] for raw in told),
        "actors": _counted(raw["actor"] for raw in told),
        "times": sum(_microseconds(raw["occurred_at"]) for raw in told),
        "priorities": _counted(str(end.priority) for end in ends if end.priority is not None),
        "types": _types(told, len(streams), links),
        "between objects": _between(ends),
        "in order": True,
        "broken rules": [],
    }


def _types(told: list[Any], incidents: int, links: set[tuple[str, str]]) -> dict[str, int]:
    reported = [raw["data"] for raw in told if raw["event"] == "incident.reported"]
    groups = {raw["data"].get("group") for raw in told} - {None}
    kinds = {"problem": ("problem",), "change": ("change", "caused-by")}
    found = {
        "incident": incidents,
        "service": len({name for each in reported for name in each["services"]}),
        "asset": len({name for each in reported for name in each["configuration_items"]}),
        "group": len(groups),
        "known-error": len({target for kind, target in links if kind == "known-error"}),
    }
    for type_, of in kinds.items():
        found[type_] = len({target for kind, target in links if kind in of})
    return {name: count for name, count in found.items() if count}


def _between(ends: list[Any]) -> dict[str, int]:
    related: Counter[str] = Counter()
    for end in ends:
        targets = {("service", name): "affects" for name in end.services}
        targets |= {("asset", name): "concerns" for name in end.configuration_items}
        for link in end.links:
            type_ = {"caused-by": "change"}.get(link.kind, str(link.kind))
            targets[type_, link.target] = link.kind.value
        related.update(targets.values())
    return dict(related)


def _alike(what: str, document: Figures, tables: Figures) -> None:
    """Both forms of OCEL hold the same. pm4py takes the first value of each attribute in JSON for
    its initial one; in tables, that is a change like the others."""
    for key in ("relations", "between objects", "objects", "types", "events"):
        if document[key] != tables[key]:
            raise Differs(f"{what}: {key}: {document[key]} as JSON, {tables[key]} as tables")
    if document["relations"]["incident"] != document["events"]:
        raise Differs(f"{what}: not every event is about one incident")
    for field, changes in document["changes"].items():
        first = tables["changes"][field] - changes
        if not 0 < first <= tables["types"]["incident"]:
            raise Differs(f"{what}: {field} changed {changes} times, {first} of them first")


def summary(read: Figures) -> str:
    """The figures that people look at."""
    if "cases" in read:
        return f"{read['cases']:,} cases, {read['events']:,} events, {len(read['names'])} names"
    related, between = sum(read["relations"].values()), sum(read["between objects"].values())
    changes = sum(read["changes"].values())
    return (
        f"{read['events']:,} events, {read['objects']:,} objects of {len(read['types'])} types,"
        f" {related:,} + {between:,} relations, {changes:,} changes"
    )


def _links(raw: Any) -> bool:
    return raw["event"] in ("incident.linked", "incident.unlinked")


def _counted(names: Any) -> dict[str, int]:
    return dict(Counter(names))


def _microseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * MICROSECOND)


if __name__ == "__main__":
    raise SystemExit(main())
