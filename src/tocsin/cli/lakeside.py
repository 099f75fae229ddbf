"""Writing the lake until somebody says to stop; what is said of it."""

import os
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tocsin.cli.frame import WRONG, Fault, Session
from tocsin.cli.histories import reading
from tocsin.cli.stopping import end_with, opened, stopped_by_signals
from tocsin.crew import processors
from tocsin.lake.origin import check, standing, written_now
from tocsin.lake.segments import Segments
from tocsin.store.log import Log
from tocsin.telemetry.beside import alone

if TYPE_CHECKING:
    from tocsin.cli.progress import Show
    from tocsin.lake.verifying import Verdict
    from tocsin.lake.writer import Writer


NICENESS = 10
"""Beside a service, commands and read models come first: the lake may be seconds late."""


def lake_of(session: Session) -> Segments:
    """The lake that is there.

    Raises:
        Fault: there is none.
    """
    segments = Segments(session.settings.lake_place)
    if segments.identity() is None:
        raise Fault(
            f"There is no lake in {segments.lake} yet: `tocsin serve` writes it beside the"
            " service, `tocsin lake follow` on its own.",
            WRONG,
        )
    return segments


def _writer(session: Session, log: Log, processes: int | None, show: "Show | None") -> "Writer":
    from tocsin.lake.delta import Delta
    from tocsin.lake.writer import Writer

    settings = session.settings
    more: dict[str, Any] = {"progress": show} if show is not None else {}
    writer = Writer(log, settings, processes=processes, **more)
    if settings.lake_delta is not None:
        writer.sealed = Delta(writer.segments, settings.lake_delta).catch_up
    return writer


def followed(session: Session, processes: int | None, parent: int | None) -> None:
    """Keep the lake at the head of the log until a signal comes or the parent process, if it
    matters, has ended."""
    beside = alone(session.settings, "lake")
    with stopped_by_signals() as stop, beside:
        if parent is not None:
            from tocsin.lake.lean import lean

            lean()
            os.nice(NICENESS)
            end_with(parent, stop)
            log = opened(session.settings, stop)
        else:
            log = Log.open(session.settings)
            session.err.print(f"Following {log.place} into {session.settings.lake_place}")
        # The service beside it needs some as well.
        some = processes or max(1, processors() // 2)
        with closing(log):
            _writer(session, log, some, None).follow(stop)


def caught_up(session: Session, processes: int | None) -> bool:
    """Write what the log holds now; false if that was interrupted."""
    from tocsin.cli.progress import bar

    with stopped_by_signals() as stop, reading(session) as log, bar(session, "events") as show:
        return _writer(session, log, processes, show).catch_up(stop)


def shown(session: Session) -> None:
    """Say how the lake stands."""
    segments = lake_of(session)
    with reading(session) as log:
        found = standing(log, segments)
    parts = segments.parts()
    rows: Counter[str] = Counter()
    for part in parts:
        for file in part.files:
            rows[file.table] += file.rows
    said = {
        "folder": segments.folder,
        **vars(found),
        "segments": len(segments.sealed()),
        "files": sum(len(part.files) for part in parts),
        "bytes": sum(file.bytes for part in parts for file in part.files),
        "rows": dict(rows),
        "written_now": written_now(segments),
    }
    if session.json:
        session.answer(said)
        return
    session.table(("lake", ""), [(name.replace("_", " "), _plain(said[name])) for name in said])


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{count:,} {name}" for name, count in value.items())
    return f"{value:,.0f}" if isinstance(value, int | float) else str(value)


def examined(session: Session) -> bool:
    """Say what is wrong with the lake; true if nothing is."""
    from tocsin.cli.progress import bar
    from tocsin.lake.verifying import verify

    segments = lake_of(session)
    with reading(session) as log, bar(session, "files") as show:
        check(log, segments)
        verdict = verify(segments, show)
    if session.json:
        session.answer({"ok": verdict.ok, **vars(verdict)})
    else:
        _tell(session, verdict)
    return verdict.ok


def _tell(session: Session, verdict: "Verdict") -> None:
    for fault in verdict.faults:
        session.out.print(fault, style="red")
    for path in verdict.left_over:
        session.out.print(f"{path} is of no segment: the writer goes on with it, or replaces it")
    if verdict.ok:
        rows = ", ".join(f"{count:,} {name}" for name, count in verdict.rows.items())
        said = f"{verdict.files:,} files, {verdict.bytes:,} bytes: {rows}."
        session.out.print(f"The lake is sound up to position {verdict.position:,}. {said}")
    else:
        session.out.print(
            "A damaged segment is written anew by `tocsin lake follow` once its manifest, and those"
            " after it, are removed from the folder segments."
        )
