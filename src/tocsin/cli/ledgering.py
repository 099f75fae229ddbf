"""What `tocsin ledger` works out before it prints."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson

from tocsin.cli.frame import Fault, Session
from tocsin.cli.histories import find, writing
from tocsin.ledger import shown
from tocsin.ledger.checkpoints import Checkpoint, Signed
from tocsin.ledger.keeper import places_of
from tocsin.ledger.keys import keyring
from tocsin.ledger.merkle import Frontier
from tocsin.ledger.notary import Contradicted, continues, keys_ever
from tocsin.ledger.vkeys import BadNote
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.store.tree import NotInTree


@contextmanager
def signing(session: Session) -> Iterator[Log]:
    """The log, to be signed.

    Raises:
        Fault: a server writes it, and is to be asked.
    """
    with ExitStack() as opened:
        try:
            log = opened.enter_context(writing(session))
        except Fault as fault:
            way = "The server signs by itself; POST /ledger/checkpoints makes it do so now."
            raise Fault(f"{fault} {way}", fault.exit_code) from fault
        yield log


def standing(log: Log, settings: Settings) -> dict[str, Any]:
    """How far the log is signed and published, and whether it is still what was signed.

    Raises:
        LedgerRefused: a place outside that the settings name cannot be used.
    """
    last = log.latest_checkpoint()
    frontier = Frontier(*log.tree())
    found: dict[str, Any] = {
        "place": log.place,
        "head": log.head(),
        "size": frontier.size,
        "root": shown.base64(frontier.root()),
        "keys": shown.keys(log),
        "checkpoint": shown.checkpoint(log, last) if last else None,
        "alarm": None,
        "places": [],
    }
    if last:
        signed = Signed.read(last.note).checkpoint
        try:
            continues(log, signed, Checkpoint(signed.origin, frontier.size, frontier.root()))
        except Contradicted as error:
            found["alarm"] = str(error)
    now = datetime.now(UTC)
    for each in places_of(settings, lambda: keys_ever(log)):
        taken = log.attestations(None, 1, place=each.name, kind=each.kind)
        size = taken[-1].size if taken else 0
        lacks = log.checkpoints(size, 1)
        late = (now - lacks[0].made_at).total_seconds() - each.every_seconds if lacks else 0.0
        found["places"].append(
            {
                "place": each.name,
                "kind": each.kind,
                "size": size,
                "late_seconds": max(0.0, round(late, 3)),
                "late": late > settings.checkpoint_late_seconds,
            }
        )
    return found


def told(session: Session, found: dict[str, Any]) -> Iterator[str]:
    """The same, for people."""
    if found["alarm"]:
        yield f"ALARM: {found['alarm']}"
    yield f"{found['place']}: {found['size']:,} events, root {found['root']}"
    last = found["checkpoint"]
    if last is None:
        yield "No checkpoint was signed yet."
    else:
        behind = found["size"] - last["size"]
        more = f"; {behind:,} events came since" if behind > 0 else ""
        origin = found["keys"]["origin"]
        yield f"Signed as {origin} up to {last['size']:,} at {session.time(last['made_at'])}{more}."
    for each in found["keys"]["items"]:
        yield f"Key {each['key_id']}: {'signs' if each['signs'] else 'retired'}"
    for each in found["places"]:
        late = f", LATE by {each['late_seconds']:,.0f} s" if each["late"] else ""
        yield f"{each['kind']} by {each['place']}: up to {each['size']:,}{late}"
    if not found["places"]:
        yield (
            "No place outside is named: whoever holds the key and the store could rewrite both"
            " (TOCSIN_CHECKPOINT_FILE, TOCSIN_WITNESSES, TOCSIN_TIMESTAMP_AUTHORITY)."
        )


def proofs(log: Log, what: str, size: int | None) -> dict[str, Any]:
    """The proofs of the events of an incident, or of one event, against one tree.

    Raises:
        Fault: there is no such incident, position or tree.
    """
    positions = [int(what)] if what.isdecimal() else _positions(log, what)
    try:
        last = shown.inclusion(log, max(positions), size)
        items = [shown.inclusion(log, each, last["size"]) for each in positions]
    except NotInTree as error:
        raise Fault(str(error)) from error
    root, note = last["root"], last["checkpoint"]
    few = ("position", "leaf_hash", "path")
    return {
        "size": last["size"],
        "root": root,
        "checkpoint": note,
        "items": [{name: each[name] for name in few} for each in items],
    }


def _positions(log: Log, name: str) -> list[int]:
    return [orjson.loads(body)["position"] for body in log.raw_history(find(log, name))]


def check_followed(log: Log, settings: Settings, key_id: str) -> None:
    """Make sure that those who stay signed the last checkpoint, so that nobody is lost.

    Raises:
        Fault: they did not, yet.
    """
    last, ring = log.latest_checkpoint(), keyring(settings)
    if last is None or ring is None:
        return
    staying = [vkey for vkey in ring.vkeys if vkey.key_id.hex() != key_id.lower()]
    if not staying:
        return
    try:
        Signed.trusted(last.note, staying)
    except BadNote as error:
        raise Fault(
            "No checkpoint carries the line of a key that stays: wait until one was signed by both"
            " (or `tocsin ledger checkpoint`), so that whoever knows the old key learns the new."
        ) from error
