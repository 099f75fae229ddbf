"""`tocsin keys`: who may use the service. A key is shown once, when it is made."""

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import UNREACHABLE, Fault, Session, moment, subcommand

if TYPE_CHECKING:
    from tocsin.keys import Key, Keys

COLUMNS = ("key", "owner", "scopes", "state", "created", "ends", "last used")
COLOURS = {"valid": "green", "expired": "yellow", "revoked": "red"}


def scope(name: str) -> str:
    """What a key lets its owner do, by its name."""
    from tocsin.keys import Scope

    if name not in list(Scope):
        raise click.BadParameter(f"{name!r} is no scope; there are: {', '.join(Scope)}.")
    return Scope(name)


@click.group("keys")
def command() -> None:
    """List, issue, rotate and revoke API keys."""


@contextmanager
def _keys(session: Session, *, make: bool = False) -> Iterator["Keys"]:
    from tocsin.keys import Keys

    settings = session.settings
    if not (make or settings.database or settings.keys_file.exists()):
        raise Fault(
            f"There are no keys in {settings.home} yet: `tocsin serve` makes the first.",
            UNREACHABLE,
        )
    with closing(Keys.open(settings)) as keys:
        yield keys


def _by() -> str:
    return f"{getpass.getuser()} (command line)"


@subcommand("list")
def listing(session: Session) -> None:
    """List every key there ever was, without its secret."""
    with _keys(session) as keys:
        found = keys.all()
    if session.json:
        session.answer({"keys": [_document(key) for key in found]})
        return
    rows = [
        (
            key.key_id,
            key.owner,
            " ".join(sorted(key.scopes)),
            state(key),
            session.time(key.created_at),
            session.time(key.expires_at) if key.expires_at else "never",
            session.time(key.last_used_at) if key.last_used_at else "never",
        )
        for key in found
    ]
    session.table(COLUMNS, rows, colours=COLOURS)


@subcommand("issue")
@click.argument("owner")
@click.option(
    "--scope",
    "scopes",
    type=scope,
    metavar="SCOPE",
    multiple=True,
    required=True,
    help="What it allows; say it once for each.",
)
@click.option("--days", type=click.IntRange(min=1), help="Days after which it ends.")
@click.option("--expires", type=moment, metavar="TIME", help="Time at which it ends.")
def issue(
    session: Session,
    owner: str,
    scopes: tuple[Any, ...],
    days: int | None,
    expires: datetime | None,
) -> None:
    """Make a key for OWNER, who is the actor of all that is done with it. It is shown once."""
    if days and expires:
        raise click.UsageError("Say --days or --expires, not both.")
    ends = session.instant(expires) if expires else None
    if days:
        ends = datetime.now(UTC) + timedelta(days=days)
    with _keys(session, make=True) as keys:
        text, key = keys.create(owner, scopes, by=_by(), expires_at=ends)
    _hand_over(session, text, key)


@subcommand("rotate")
@click.argument("key_id", metavar="KEY")
@click.option(
    "--overlap-hours",
    type=click.FloatRange(0, 24 * 90),
    default=24.0,
    show_default=True,
    help="How long the old key still works.",
)
def rotate(session: Session, key_id: str, overlap_hours: float) -> None:
    """Make a new key for the same owner and scopes; the old one ends after a while."""
    with _keys(session) as keys:
        text, key = keys.rotate(key_id, by=_by(), overlap=timedelta(hours=overlap_hours))
    _hand_over(session, text, key)


@subcommand("revoke")
@click.argument("key_id", metavar="KEY")
def revoke(session: Session, key_id: str) -> None:
    """End a key now, for ever."""
    with _keys(session) as keys:
        key = keys.revoke(key_id, by=_by())
    if session.json:
        session.answer(_document(key))
    else:
        session.out.print(f"Revoked {key.key_id} of {key.owner}.")


def _hand_over(session: Session, text: str, key: "Key") -> None:
    if session.json:
        session.answer({**_document(key), "token": text})
        return
    session.out.print(text)
    ends = session.time(key.expires_at) if key.expires_at else "never"
    session.err.print(f"The key {key.key_id} of {key.owner} ends {ends}. Keep it: it is not shown")
    session.err.print("again. Send it as `Authorization: Bearer …`.")


def state(key: "Key") -> str:
    """Whether a key works now."""
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= datetime.now(UTC) else "valid"


def _document(key: "Key") -> dict[str, Any]:
    kept = {name: value for name, value in vars(key).items() if name != "digest"}
    return {**kept, "scopes": sorted(key.scopes), "state": state(key)}


for _each in (listing, issue, rotate, revoke):
    command.add_command(_each)
