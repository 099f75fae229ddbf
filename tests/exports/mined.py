"""What pm4py reads in an export, as JSON. Run by its own Python: it knows nothing of Tocsin."""

import json
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any


def main() -> None:
    """Read a file, of the format that its name ends with."""
    file = Path(sys.argv[1])
    warnings.simplefilter("ignore")
    read = trace_log if file.suffix == ".xes" else object_log
    json.dump(read(file), sys.stdout)


def trace_log(file: Path) -> dict[str, Any]:
    """Cases, events, and what a few of them say."""
    import pm4py  # type: ignore[import-not-found]

    log = pm4py.read_xes(str(file), show_progress_bar=False)
    cases = log.drop_duplicates("case:concept:name", keep="first")
    return {
        "cases": len(cases),
        "events": len(log),
        "names": Counter(log["concept:name"]),
        "actors": Counter(log["org:resource"]),
        "groups": Counter(log["org:group"].dropna()) if "org:group" in log else {},
        "transitions": Counter(log["lifecycle:transition"].dropna()),
        "priorities": _of(cases["case:priority"]),
        "times": _sum(log["time:timestamp"]),
        "in order": bool(
            (
                log.groupby("case:concept:name")["time:timestamp"]
                .diff()
                .dropna()
                .dt.total_seconds()
                >= 0
            ).all()
        ),
    }


def object_log(file: Path) -> dict[str, Any]:
    """Events, objects, relations, changes, and what a few of them say."""
    import pm4py
    from pm4py.objects.ocel.validation import (  # type: ignore[import-not-found]
        ocel20_rel_validation,
    )

    broken: list[str] = []
    if file.suffix == ".json":
        log = pm4py.read_ocel2_json(str(file))
    else:
        log = pm4py.read_ocel2_sqlite(str(file))
        broken = list(ocel20_rel_validation.apply(str(file))[1])
    types = dict(zip(log.objects["ocel:oid"], log.objects["ocel:type"], strict=True))
    changed = log.object_changes
    return {
        "events": len(log.events),
        "names": Counter(log.events["ocel:activity"]),
        "actors": Counter(log.events["actor"]),
        "times": _sum(log.events["ocel:timestamp"]),
        "objects": len(types),
        "types": Counter(types.values()),
        "relations": Counter(log.relations["ocel:qualifier"]),
        "between objects": Counter(log.o2o["ocel:qualifier"]) if len(log.o2o) else {},
        "changes": Counter(changed["ocel:field"]) if len(changed) else {},
        "broken rules": broken,
    }


def _sum(times: Any) -> int:
    """Microseconds since 1970 of all of them: more than 64 bits hold."""
    return sum(times.astype("datetime64[us, UTC]").astype("int64").tolist())


def _of(column: Any) -> dict[str, int]:
    return Counter(str(int(value)) for value in column.dropna())


if __name__ == "__main__":
    main()
