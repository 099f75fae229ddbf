"""What went wrong, in one sentence: the exceptions of every room, and their exit codes."""

from tocsin.asks import Busy, CannotStore, UnknownStream
from tocsin.cli.frame import DEFECT, UNREACHABLE, USAGE, WRONG, Fault
from tocsin.domain.kernel import Refused
from tocsin.store.entries import StoreUnavailable
from tocsin.store.mapper import Unreadable
from tocsin.variables import BadSetting

DRIVERS = ("sqlalchemy", "psycopg", "sqlite3", "pysqlite3")
AWAY = ("OperationalError", "InterfaceError", "DatabaseError")
"""What drivers call it when a store is not there or cannot be read."""


def fault(error: Exception) -> Fault:
    """Say it in one sentence, with the exit code of its kind."""
    if isinstance(error, Fault):
        return error
    for kinds, exit_code in _kinds():
        if isinstance(error, kinds):
            return Fault(_line(error), exit_code)
    name, module = type(error).__name__, type(error).__module__.partition(".")[0]
    if module in DRIVERS and name in AWAY:
        reason = getattr(error, "orig", None) or error
        return Fault(f"The store cannot be reached: {_line(reason)}", UNREACHABLE)
    if isinstance(error, OSError):
        return Fault(f"{_line(error)}.", UNREACHABLE)
    sentence = f"This is a defect of Tocsin: {name}: {_line(error)} (`--debug` shows where)."
    return Fault(sentence, DEFECT)


def _kinds() -> tuple[tuple[tuple[type[Exception], ...], int], ...]:
    from tocsin.access import JournalUnavailable
    from tocsin.backup import BackupTrouble
    from tocsin.crew import WorkerDied
    from tocsin.importers.report import UnreadableFile
    from tocsin.jetstream.connecting import CannotStream
    from tocsin.keys import KeysUnavailable, KeyTrouble
    from tocsin.lake.extra import MissingExtra
    from tocsin.lake.segments import Held, LakeRefused
    from tocsin.ledger.keys import LedgerRefused
    from tocsin.ledger.notary import Contradicted
    from tocsin.ledger.vkeys import BadNote
    from tocsin.readmodels.projection import Misshapen
    from tocsin.readmodels.reading import BeingBuilt
    from tocsin.readmodels.rebuild import AlreadyRebuilding, RebuildHalted
    from tocsin.vault import VaultTrouble

    return (
        ((BadSetting, UnreadableFile, MissingExtra), USAGE),
        ((StoreUnavailable, KeysUnavailable, JournalUnavailable), UNREACHABLE),
        ((Refused, UnknownStream, Busy, CannotStore, Unreadable, KeyTrouble), WRONG),
        ((BeingBuilt, AlreadyRebuilding, RebuildHalted, Misshapen), WRONG),
        ((Held, LakeRefused, WorkerDied, VaultTrouble, BackupTrouble), WRONG),
        ((LedgerRefused, Contradicted, BadNote, CannotStream), WRONG),
    )


def _line(error: object) -> str:
    return " ".join(str(error).split())
