"""What `tocsin backup` and `tocsin restore` say."""

from collections.abc import Iterator
from typing import Any

from tocsin.backup import Manifest, Restored
from tocsin.cli.accesses import noted
from tocsin.cli.frame import INTERRUPTED, Fault, Session
from tocsin.cli.histories import reading
from tocsin.unavailable import StoreUnavailable

INTERRUPTED_FAULT = Fault("Interrupted. Nothing was left behind.", INTERRUPTED)


def note_leaving(session: Session) -> None:
    """Write into the access journal that all of it is copied. Where that cannot be, as the vault is
    lost for instance, a backup is needed all the more: it is made, with a warning."""
    try:
        with reading(session) as log:
            noted(session, log, "export")
    except (Fault, StoreUnavailable) as error:
        if session.settings.access:
            session.err.print(f"Not recorded: {error}")


def document(manifest: Manifest) -> dict[str, Any]:
    """A manifest for programs."""
    files = {name: vars(each) for name, each in manifest.files.items()}
    return {**vars(manifest), "files": files, "evidence": vars(manifest.evidence)}


def contents(manifest: Manifest) -> str:
    """What there is how much of."""
    parts = [_counted(count, what) for what, count in manifest.counts.items()]
    pieces = manifest.evidence
    if pieces.named and pieces.copied:
        there = pieces.named - len(pieces.lacking)
        parts.append(f"the content of {_counted(there, 'pieces')} of evidence")
    elif pieces.named:
        parts.append(f"the names of {_counted(pieces.named, 'pieces')} of evidence")
    *first, last = parts
    return f"{', '.join(first)} and {last}"


def _counted(count: int, what: str) -> str:
    one = what.removesuffix("es" if what.endswith("ses") else "s")
    return f"{count:,} {one if count == 1 else what}"


def signed(agreeing: int, later: int) -> str:
    """What checkpoints say of it."""
    said = (
        f"It begins as {agreeing:,} checkpoint{' says' if agreeing == 1 else 's say'}."
        if agreeing
        else "No checkpoint speaks of it: nobody outside vouches for it."
    )
    if later:
        said += f" {later:,} more are of later events, which are not in it."
    return said


def consequences(put: Restored) -> Iterator[str]:
    """What is otherwise than before, for who restored it."""
    manifest = put.manifest
    yield (
        f"positions after {manifest.position:,} are given again: whoever follows the feed goes back"
        " to that one"
    )
    yield (
        f"references after INC{manifest.reference:07d} are given again: a number in an e-mail may"
        " come to mean another incident"
    )
    yield "keys that were revoked since work again: look at `tocsin keys list`"
    if put.later:
        yield (
            f"{put.later:,} checkpoints that are held outside do not hold any more, and nothing is"
            " signed beside them: `tocsin ledger adopt` lets the log go on under a new name"
        )
    pieces = manifest.evidence
    if pieces.named > put.evidence:
        yield (
            f"the content of {pieces.named - put.evidence:,} pieces of evidence was not restored:"
            " `tocsin evidence verify` says which"
        )
    if put.subjects is None:
        yield "the vault was not restored: what is sealed opens after `tocsin vault restore`"
    else:
        yield "who was forgotten since is not forgotten any more: forget them again"
