"""Playing what was recorded again: a period to a digest, or the whole log to another store."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from tocsin.cli.accesses import noted
from tocsin.cli.frame import INTERRUPTED, USAGE, WRONG, Fault, Session
from tocsin.cli.histories import reading
from tocsin.cli.progress import ShowEach, bars
from tocsin.cli.stopping import stopped_by_signals
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import found
from tocsin.readmodels.rebuild import Progress, rebuild
from tocsin.replaying.copying import Copied, OtherLog, copy
from tocsin.replaying.digest import Digest, digest
from tocsin.replaying.models import ModelDigest, model_digests
from tocsin.replaying.period import Period, Stopped, Torn
from tocsin.replaying.place import NoPlace, opened, settings_of
from tocsin.settings import Settings
from tocsin.store.copies import NotNext
from tocsin.store.log import Log


def print_digest(session: Session, period: Period, *, read_models: bool) -> int:
    """Say what a period comes to."""
    with reading(session) as log, stopped_by_signals() as stop, bars(session) as show, _told():
        try:
            found = digest(log, period, progress=show, stop=stop.is_set)
        except Stopped:
            session.tell(Fault("Interrupted. Nothing is kept: ask the same again.", INTERRUPTED))
            return INTERRUPTED
    models = model_digests(session.settings) if read_models else []
    if session.json:
        told = {"read_models": [vars(each) for each in models]} if read_models else {}
        session.answer({**vars(found), **told})
    else:
        _print(session, found, models)
    return 0


def _print(session: Session, found: Digest, models: list[ModelDigest]) -> None:
    out = session.out
    where = f" at positions {found.first:,} to {found.last:,}" if found.first else ""
    out.print(f"{found.events:,} events of {found.streams:,} streams{where}.")
    out.print(f"  events  {found.events_sha256}")
    out.print(f"  states  {found.states_sha256}")
    if found.root:
        out.print(f"  tree    {found.root}")
    for each in models:
        out.print(f"  {each.name}: {each.rows:,} rows at position {each.position:,}")
        out.print(f"          {each.sha256}")


def replay_into(session: Session, place: str, *, read_models: bool) -> int:
    """Copy the log to another store, and build its read models there."""
    with _told():
        target = settings_of(session.settings, place)
        with (
            reading(session) as source,
            stopped_by_signals() as stop,
            opened(target) as log,
            bars(session) as show,
        ):
            noted(session, source, "export")
            try:
                copied = copy(source, log, progress=show, stop=stop.is_set)
                # Names are opened there with the keys that are at hand here.
                log.seals = source.seals
                whole = not read_models or _built(log, target, show, stop.is_set)
            except Stopped:
                whole = False
            if not whole:
                said = "Interrupted. The same again goes on from there."
                session.tell(Fault(said, INTERRUPTED))
                return INTERRUPTED
            place = log.place
    _report(session, place, copied, read_models=read_models)
    return 0


def _built(log: Log, target: Settings, show: ShowEach, stop: Any) -> bool:
    def progress(at: Progress) -> None:
        show("read models", at.position, at.head)

    with closing(Database.open(target.home, target.database)) as database:
        return rebuild(log, database, found(), progress=progress, stop=stop)


def _report(session: Session, place: str, copied: Copied, *, read_models: bool) -> None:
    if session.json:
        told = {**vars(copied), "root": copied.root.hex(), "place": place}
        session.answer({**told, "read_models": [each.name for each in found()] * read_models})
        return
    out = session.out
    out.print(f"{place} is a copy up to position {copied.position:,}.")
    out.print(f"{copied.events:,} events were added. Root of both trees: {copied.root.hex()}.")
    out.print("API keys, vault, evidence and lake are no part of the log: they are not copied.")


@contextmanager
def _told() -> Iterator[None]:
    """What can stand in the way, in one sentence."""
    try:
        yield
    except (OtherLog, Torn, NotNext) as error:
        raise Fault(str(error), WRONG) from error
    except NoPlace as error:
        raise Fault(str(error), USAGE) from error
