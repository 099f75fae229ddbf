"""`tocsin subjects`: what is kept of a person, handing it over, and forgetting it for good."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.frame import EXITS, USAGE, Fault, Session, subcommand

if TYPE_CHECKING:
    from tocsin.erasure.asking import Looked
    from tocsin.erasure.names import Names
    from tocsin.store.log import Log

TEXTS = ("mentioning", "involved", "none")
BASES = (
    "no-longer-necessary",
    "consent-withdrawn",
    "objection",
    "unlawfully-processed",
    "legal-obligation",
    "collected-from-a-child",
)
PEOPLE = click.argument("people", nargs=-1, metavar="NAME...")
INCIDENT = click.option(
    "--incident", "incidents", multiple=True, metavar="INC", help="The free texts of it."
)


@click.group("subjects")
def command() -> None:
    """Find, hand over and forget what is kept of people.

    Say all the names of one person: full name, account, e-mail address, telephone number.
    """


@subcommand("find", exits=f"{EXITS} Nobody of that name: 1.")
@PEOPLE
def find(session: Session, people: tuple[str, ...]) -> None:
    """Look over the whole log: where is a person named, and which texts speak of them?"""
    from tocsin.cli.histories import reading

    names = _names(people)
    with reading(session) as log:
        looked = _look(session, log, names)
        told = looked.told()
        from tocsin.erasure.elsewhere import keys_of

        keys = keys_of(session.settings, names)
        _noted(session, log, looked.seen.involved)
    if session.json:
        session.answer({**told, "keys": keys})
        return
    _show(session, told, [key["key_id"] for key in keys])


@subcommand("export", exits=f"{EXITS} Nobody of that name: 1.")
@PEOPLE
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True,
              help="File to write.")  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(("json", "markdown")), default="json", show_default=True
)
def export(session: Session, people: tuple[str, ...], output: Path, form: str) -> None:
    """Write all that is kept of a person to a file (Art. 15 GDPR)."""
    from tocsin.cli.accesses import journal
    from tocsin.cli.histories import reading
    from tocsin.cli.progress import bar
    from tocsin.erasure.elsewhere import accesses_of, keys_of
    from tocsin.erasure.handing import FORMS, Dossier
    from tocsin.erasure.planning import subjects_of

    names, settings = _names(people), session.settings
    with reading(session) as log, journal(session, log.seals) as kept, bar(session, "events") as at:
        subjects = subjects_of(log, names.all)
        _noted(session, log, ())
        accesses = accesses_of(kept if settings.access else None, names, subjects)
        dossier = Dossier(names, subjects, keys_of(settings, names), accesses)
        count = 0
        with output.open("xb") as file:
            output.chmod(0o600)
            for part in FORMS[form](log, dossier, at):
                count += file.write(part)
    if session.json:
        session.answer({"file": str(output), "bytes": count, "subjects": len(subjects)})
    else:
        session.out.print(f"Wrote {output} ({count:,} bytes).")


@subcommand("show")
@click.argument("subject", metavar="SUBJECT")
def show(session: Session, subject: str) -> None:
    """Show how a subject stands: SUBJECT is a person's id or an incident."""
    from tocsin.cli.histories import reading
    from tocsin.cli.subjecting import meant
    from tocsin.domain.subject.words import words

    with reading(session) as log:
        stream, _, _ = meant(log, subject)
        past = log.history(stream)
    if session.json:
        from tocsin.domain.subject.state import SUBJECT

        session.answer({"subject": vars(SUBJECT.fold(stream, past))})
        return
    rows = [(session.time(each.recorded_at), each.actor, words(each.event)) for each in past]
    session.table(("when", "who", "what"), rows)


@subcommand("forget", exits=f"{EXITS} Refused, or not confirmed: 1.")
@PEOPLE
@INCIDENT
@click.option("--texts", type=click.Choice(TEXTS), default="mentioning", show_default=True,
              help="Which free texts go with a person.")  # fmt: skip
@click.option("--basis", type=click.Choice(BASES), required=True, help="Art. 17(1) GDPR.")
@click.option("--request", required=True, metavar="NUMBER", help="Under which it is filed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(
    session: Session,
    people: tuple[str, ...],
    incidents: tuple[str, ...],
    texts: str,
    basis: str,
    request: str,
    yes: bool,
) -> None:
    """Forget a person, or the free texts of incidents, for good.

    Shows what goes, and asks. Of backups of the vault nothing goes: they have to expire.
    """
    from tocsin.cli.subjecting import forgetting

    if not people and not incidents:
        raise Fault("Say whom to forget, or --incident.", USAGE)
    names = _names(people) if people else None
    with forgetting(session) as work:
        looked = _look(session, work.log, names) if names is not None else None
        plan = work.plan(looked, incidents, texts)
        if looked is not None:
            _noted(session, work.log, looked.seen.involved)
            if not session.json:
                told = looked.told()
                _show(session, told, [])
        session.err.print(work.told(plan))
        if not yes:
            click.confirm("Forget all this, for good?", abort=True, err=True)
        done = work.forget(plan, basis, request)
    if session.json:
        session.answer({"forgotten": done, "purged": True})
    else:
        session.out.print(f"Forgotten, and gone from all that was made of the log: {len(done)}.")


@subcommand("hold", exits=f"{EXITS} Refused: 1.")
@click.argument("subject", metavar="SUBJECT")
@click.argument("hold", metavar="MATTER")
@click.option("--reason", required=True, help="Why it must be kept.")
def hold(session: Session, subject: str, hold: str, reason: str) -> None:
    """Keep a person's name or an incident's texts from being forgotten (Art. 17(3) GDPR).

    SUBJECT is a person's id, as `find` shows it, or an incident; MATTER is the number of what needs
    it.
    """
    _held(session, subject, lambda work: work.place(subject, hold, reason))


@subcommand("lift", exits=f"{EXITS} Refused: 1.")
@click.argument("subject", metavar="SUBJECT")
@click.argument("hold", metavar="MATTER")
@click.option("--reason", required=True, help="Why it is over.")
def lift(session: Session, subject: str, hold: str, reason: str) -> None:
    """Say that a matter does not need it any more."""
    _held(session, subject, lambda work: work.lift(subject, hold, reason))


def _held(session: Session, subject: str, ask: Callable[[Any], dict[str, Any]]) -> None:
    from tocsin.cli.subjecting import forgetting

    with forgetting(session) as work:
        answer = ask(work)
    if session.json:
        session.answer(answer)
    else:
        said = "Recorded" if answer["changed"] else "It was so already"
        session.out.print(f"{said}: {subject} is at version {answer['version']}.")


def _names(people: tuple[str, ...]) -> "Names":
    from tocsin.erasure.names import BadName, Names

    try:
        return Names(people)
    except BadName as bad:
        raise Fault(str(bad), USAGE) from bad


def _look(session: Session, log: "Log", names: "Names") -> "Looked":
    from tocsin.cli.progress import bar
    from tocsin.erasure.asking import look
    from tocsin.erasure.planning import TooMuch

    with bar(session, "events") as at:
        try:
            looked = look(log, names, progress=at)
        except TooMuch as much:
            raise Fault(str(much)) from much
    if not looked.subjects and not looked.seen.by_how.total():
        raise Fault(f"Nothing names or mentions {', '.join(names.all)}.")
    return looked


def _noted(session: Session, log: "Log", incidents: Any) -> None:
    from tocsin.cli.accesses import noted

    noted(session, log, "subject", incidents)


def _show(session: Session, told: dict[str, Any], keys: list[str]) -> None:
    for each in told["subjects"]:
        held = f", under legal hold {', '.join(each['holds'])}" if each["holds"] else ""
        session.out.print(f"{each['name']}: {each['subject_id']}, {each['values']:,} values{held}")
    for what, found in (("involved in", told["involved"]), ("mentioned in", told["mentioning"])):
        first = ", ".join(each["reference"] or str(each["incident_id"]) for each in found["first"])
        session.out.print(f"  {what} {found['count']:,} incidents{': ' if first else ''}{first}")
    for how, count in told["values"].items():
        session.out.print(f"  {count:,} values {how}")
    if keys:
        session.out.print(f"  API keys: {', '.join(keys)}")
    for each in told["clear"]:
        where = each["reference"] or each["incident_id"] or ""
        session.out.print(
            f"  legible for good: position {each['position']:,} {each['event']}"
            f" {each['field']} {where}"
        )


for _each in (find, export, show, forget, hold, lift):
    command.add_command(_each)
