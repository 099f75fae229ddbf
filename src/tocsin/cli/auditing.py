"""Making an export for auditors: a checkpoint that covers it, the file, and a look at it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tocsin.audit import verify
from tocsin.audit.chosen import (
    Chosen,
    NothingToProve,
    Watched,
    everything,
    of_incidents,
    recorded_in,
)
from tocsin.audit.export import write
from tocsin.cli.accesses import noted
from tocsin.cli.frame import USAGE, Fault, Session
from tocsin.cli.histories import find, reading, writing
from tocsin.cli.progress import bar
from tocsin.cli.stopping import stopped_by_signals
from tocsin.exports.file import whole
from tocsin.exports.selection import Stopped
from tocsin.ledger.keeper import Keeper
from tocsin.ledger.keys import LedgerRefused
from tocsin.ledger.notary import Contradicted
from tocsin.replaying.period import Period
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

LATER = "a running server signs them within a minute (POST /ledger/checkpoints: now)."


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody wants exported. Neither names nor a period is everything."""

    names: tuple[str, ...] = ()
    period: Period | None = None
    held: Path | None = None
    output: Path
    force: bool = False


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What became of it."""

    events: int
    size: int
    """Of the checkpoint."""
    uncovered: int
    """Events of the log that came after it."""
    reason: str
    wrong: list[dict[str, Any]] = field(default_factory=list)
    """What `verify.py` finds, in the file that was written."""


def exported(session: Session, request: Request) -> Exported | None:
    """Write the file; None if somebody interrupts.

    Raises:
        CannotWrite: it cannot be written there.
        Fault: there is nothing to prove, or nothing to prove it with.
    """
    held = _held(request.held)
    reason = _signed(session)
    with reading(session) as log, stopped_by_signals() as stop, bar(session, "events") as show:
        head, checkpoint = log.head(), log.latest_checkpoint()
        if checkpoint is None:
            raise Fault(f"No checkpoint was ever signed, so nothing can be proved: {reason}")
        watched = Watched(show, stop.is_set)
        try:
            chosen = _chosen(session, log, request, checkpoint.size, watched)
            with whole(request.output, force=request.force) as out:
                sizes = [note.size for note in held]
                write(log, chosen, checkpoint, out.stream, held=sizes, watched=watched)
                out.stream.seek(0)
                said = verify.examine(verify.Export(out.stream), [], held, [])
        except NothingToProve as nothing:
            raise Fault(str(nothing)) from nothing
        except Stopped:
            return None
    return Exported(
        events=len(chosen.positions),
        size=checkpoint.size,
        uncovered=head - checkpoint.size,
        reason=reason,
        wrong=said["wrong"],
    )


def _chosen(session: Session, log: Log, request: Request, size: int, watched: Watched) -> Chosen:
    """What is asked for, once it is written down that somebody takes it away."""
    incidents = {name: find(log, name) for name in request.names}
    asked = "incident" if incidents else "since, until" if request.period else "all"
    noted(session, log, "audit", incidents.values(), asked=asked)
    if incidents:
        return of_incidents(log, incidents, size)
    return recorded_in(log, request.period, size, watched) if request.period else everything(size)


def _held(file: Path | None) -> list[verify.Note]:
    if file is None:
        return []
    try:
        text = file.read_text("utf-8")
        if rest := verify.NOTE.sub("", text).strip():
            raise verify.Unreadable(f"{rest[:60]!r} is not a signed checkpoint")
        return [verify.note_of(found) for found in verify.NOTE.findall(text)]
    except (UnicodeDecodeError, verify.Unreadable) as error:
        raise Fault(f"--held {file}: {error}.", USAGE) from error


def _signed(session: Session) -> str:
    """Have the log signed as it is, if that can be done here; return why there may be events that
    are not signed."""
    with reading(session) as log:
        last = log.latest_checkpoint()
        if last is not None and last.size == log.head():
            return LATER
    try:
        with writing(session) as log:
            Keeper(log, session.settings).once()
    except (Fault, StoreUnavailable):
        return LATER
    except (LedgerRefused, Contradicted) as error:
        return str(error)
    return LATER
