"""The ledger: is the log what was signed, is the key kept well, and do places outside keep up?"""

from collections.abc import Iterator

from tocsin.cli.examination.check import Check, bad, good, warn
from tocsin.cli.ledgering import standing
from tocsin.ledger.keys import LedgerRefused, keyring, readable_by_others
from tocsin.ledger.notary import check_identity
from tocsin.settings import Settings
from tocsin.store.log import Log

OUTSIDE = (
    "Name a place outside: TOCSIN_CHECKPOINT_FILE, TOCSIN_WITNESSES or TOCSIN_TIMESTAMP_AUTHORITY."
)


def examine(log: Log, settings: Settings) -> Iterator[Check]:
    """Checkpoints, their key, and each place outside."""
    if not settings.ledger:
        yield warn(
            "ledger",
            "TOCSIN_LEDGER=false: what is altered later cannot be shown to be",
            "Set it to true; the tree is then made up for.",
        )
        return
    try:
        found = standing(log, settings)
        yield _log(found)
        yield _key(log, settings)
    except LedgerRefused as refused:
        yield bad("ledger", str(refused), "Mend that, and ask again.")
        return
    yield from map(_place, found["places"])
    if found["checkpoint"] and not found["places"]:
        says = "no place outside holds checkpoints, so they prove only that the log fits together"
        yield warn("checkpoints outside", says, OUTSIDE)


def _log(found: dict[str, object]) -> Check:
    last = found["checkpoint"]
    if found["alarm"]:
        way = "Keep everything as it is, and compare: `tocsin ledger check`, `tocsin verify`."
        return bad("ledger", str(found["alarm"]), way)
    if not isinstance(last, dict):
        says = f"{found['size']:,} events in the tree, none signed yet"
        return (
            warn("ledger", says, "`tocsin serve` signs them.")
            if found["size"]
            else good("ledger", "nothing to sign")
        )
    return good("ledger", f"{found['size']:,} events in the tree, {last['size']:,} signed")


def _key(log: Log, settings: Settings) -> Check:
    ring = keyring(settings)
    if ring is None and log.latest_checkpoint() is None:
        return good("ledger key", "`tocsin serve` makes it")
    if ring is None:
        says = f"there is none in {settings.ledger_key_place}"
        return bad("ledger key", says, "Put it back: without it nothing more is signed.")
    check_identity(log, ring)
    if readable_by_others(settings):
        says = f"{settings.ledger_key_place} can be read by others than its owner"
        return warn("ledger key", says, f"chmod 600 {settings.ledger_key_place}")
    ids = ", ".join(vkey.key_id.hex() for vkey in ring.vkeys)
    return good("ledger key", f"{ids} of {ring.origin}")


def _place(place: dict[str, object]) -> Check:
    name = f"checkpoints at {place['place']}"
    says = f"{place['kind']}, up to {place['size']:,} events"
    if place["late"]:
        late = f"{says}; the next is {place['late_seconds']:,.0f} s late"
        return warn(name, late, "The service's log says why it is not taken there.")
    return good(name, says)
