"""`tocsin policy`: the organisation's rules: which hold, which held, and which are to hold."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tocsin.cli.frame import EXITS, USAGE, Fault, Session, subcommand

if TYPE_CHECKING:
    from tocsin.domain.policy.difference import Difference
    from tocsin.policies.versions import Version

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
EXITS_OF_A_DOCUMENT = f"{EXITS} A document that is no policy: 1."
COLUMNS = ("version", "published", "by", "position", "note")


@click.group("policy")
def command() -> None:
    """Check, compare, publish and show the organisation's rules."""


@subcommand("check", exits=EXITS_OF_A_DOCUMENT, display=False)
@FILE
def check(session: Session, file: Path) -> None:
    """Say everything that is wrong with the policy in FILE, each with its line. It needs no log."""
    from tocsin.cli.documents import policy_in, told

    found = policy_in(session, file)
    if session.json:
        session.answer({"ok": True, "errors": [], "warnings": told(found.warnings)})
        return
    for warning in found.warnings:
        session.out.print(f"{file}: warning: {warning}", style="yellow")
    said = f", with {len(found.warnings)} warnings" if found.warnings else ""
    session.out.print(f"{file} is a policy{said}.", style="green")


@subcommand("diff", exits=EXITS_OF_A_DOCUMENT, display=False)
@FILE
@click.option("--against", type=click.IntRange(min=1), metavar="VERSION", help="Not the current.")
def diff(session: Session, file: Path, against: int | None) -> None:
    """Say what the policy in FILE would change: whose goal, from what to what."""
    from tocsin.cli.documents import policy_in
    from tocsin.domain.policy.difference import differences

    other = _chosen(_versions(session), against)
    found = differences(other.policy, policy_in(session, file).policy)
    if session.json:
        session.answer({"against": other.number, "differences": [vars(each) for each in found]})
        return
    _show_differences(session, found)
    if not found:
        session.out.print(f"It means the same as version {other.number}.")


@subcommand("publish", exits=EXITS_OF_A_DOCUMENT, display=False)
@FILE
@click.option("--note", required=True, help="Why, for those who read the history.")
@click.option("--actor", help="Who publishes it, if not the user of this machine.")
def publish(session: Session, file: Path, note: str, actor: str | None) -> None:
    """Put the policy in FILE in force, from now on; what was decided before stays as it was.

    A running `tocsin serve` on SQLite is the only writer: publish over HTTP then (POST /policy).
    """
    import asyncio

    from tocsin.cli.documents import policy_in, text_of
    from tocsin.cli.publication import put_in_force
    from tocsin.domain.policy.difference import differences

    if not 0 < len(note) <= 500:
        raise Fault("A note has 1 to 500 characters.", USAGE)
    before, _ = _versions(session)[-1], policy_in(session, file)
    published = asyncio.run(put_in_force(session, text_of(file), note, actor))
    found = differences(before.policy, published.policy)
    if session.json:
        changed = published.number != before.number
        told = {"changed": changed, "differences": [vars(each) for each in found]}
        session.answer({**published.line(), **told})
    elif published.number == before.number:
        session.out.print(f"It means the same as version {before.number}: nothing was published.")
    else:
        _show_differences(session, found)
        session.out.print(f"Version {published.number} is in force.", style="green")


@subcommand("show", exits=f"{EXITS} Without such a version: 1.")
@click.argument("version", type=click.IntRange(min=1), required=False)
def show(session: Session, version: int | None) -> None:
    """Show the policy in force, or an earlier VERSION, as it was written."""
    import orjson

    found = _chosen(_versions(session), version)
    if session.json:
        meant = orjson.loads(found.policy.compiled)
        session.answer({**found.line(), "document": found.document, "compiled": meant})
        return
    session.err.print(f"Version {found.number}, {_since(session, found)}: {found.note}")
    click.echo(found.document, nl=not found.document.endswith("\n"))


@subcommand("history")
def history(session: Session) -> None:
    """List every version that there was."""
    found = _versions(session)
    if session.json:
        session.answer({"versions": [each.line() for each in found]})
        return
    rows = [
        (
            str(each.number),
            session.time(each.published_at) if each.published_at else "from the beginning",
            each.published_by or "",
            f"{each.position:,}" if each.position else "",
            each.note,
        )
        for each in found
    ]
    session.table(COLUMNS, rows, right=("version", "position"))


def _versions(session: Session) -> "list[Version]":
    """Every version; where there is no log yet, the one that comes with Tocsin."""
    from tocsin.cli.histories import reading
    from tocsin.domain.policy.state import POLICY_STREAM
    from tocsin.policies.versions import versions

    settings = session.settings
    if not settings.database and not settings.log_file.exists():
        return versions(())
    with reading(session) as log:
        return versions(log.history(POLICY_STREAM))


def _chosen(found: "list[Version]", number: int | None) -> "Version":
    if number is not None and number > len(found):
        raise Fault(f"The policy has {len(found)} versions, there is no version {number}.")
    return found[-1 if number is None else number - 1]


def _since(session: Session, version: "Version") -> str:
    if version.published_at is None:
        return "in force from the beginning"
    return f"published {session.time(version.published_at)} by {version.published_by}"


def _show_differences(session: Session, found: "tuple[Difference, ...]") -> None:
    for each in found:
        session.out.print(str(each))


for _each in (check, diff, publish, show, history):
    command.add_command(_each)
