"""`tocsin demo`: an outage of the e-mail service, played on a real log."""

from contextlib import ExitStack
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tocsin.cli.frame import EXITS, Session, subcommand

if TYPE_CHECKING:
    from tocsin.cli.stage import Ended, Played


@subcommand("demo", exits=EXITS)
def command(session: Session) -> None:
    """Play the outage of the e-mail service, from the first report to the closed record.

    It prints what the queues and the timeline said on the way. It plays in a temporary home that
    is gone afterwards, unless --home or --database names where to keep it.
    """
    import asyncio

    from tocsin.cli.stage import now, play
    from tocsin.cli.story import LENGTH, email_outage

    with ExitStack() as stack:
        kept = bool({"TOCSIN_HOME", "TOCSIN_DATABASE"} & session.overrides.keys())
        if not kept:
            home = stack.enter_context(TemporaryDirectory(prefix="tocsin-demo-"))
            session.overrides |= {"TOCSIN_HOME": home, "TOCSIN_DATABASE": ""}
        began_at = now() - LENGTH
        scenes: list[Played] = []

        def watch(played: "Played") -> None:
            before = scenes[-1].queues if scenes else None
            scenes.append(played)
            if not session.json:
                _show(session, played, moved=played.queues != before)

        ended = asyncio.run(play(session, email_outage(began_at), began_at, watch))
        if session.json:
            session.answer(_document(session, scenes, ended, kept))
        else:
            _show_end(session, ended, kept)


def _show(session: Session, played: "Played", *, moved: bool) -> None:
    from rich.text import Text

    said = f"refused: {played.refusal}" if played.refusal else ", ".join(played.events)
    session.out.print(
        Text.assemble(
            (session.time(played.at, "minutes"), "cyan"),
            (f"  {played.scene.stage}", "bold red" if played.refusal else "bold"),
            (f"  {played.scene.actor}  {said}", "dim"),
        )
    )
    if not moved:
        return
    for group, row in played.queues.items():
        holder = f"held by {row.assignee}" if row.assignee else "held by nobody"
        priority = f"priority {row.priority}" if row.priority else "no priority yet"
        said = f"{row.reference} {row.status}, {priority}, {holder}"
        since = session.time(row.group_since, "minutes")
        session.out.print(
            Text.assemble((f"    queue {group}: ", "magenta"), f"{said}, since {since}")
        )
    if not played.queues:
        session.out.print(Text("    in no queue any more", style="green"))


def _show_end(session: Session, ended: "Ended", kept: bool) -> None:
    from rich.text import Text

    from tocsin.cli.histories import state
    from tocsin.cli.picture import clean, headline

    out, incident = session.out, state(ended.past)
    out.print()
    out.print(Text("The timeline now says:", style="bold"))
    for row in ended.timeline:
        moment = session.time(row.occurred_at, "minutes")
        out.print(
            Text.assemble((moment, "cyan"), f"  {clean(row.words)}", (f"  {row.actor}", "dim"))
        )
    out.print()
    out.print(headline(incident))
    if kept:
        session.err.print(f"See it step by step: tocsin replay {incident.reference}")


def _document(
    session: Session, scenes: "list[Played]", ended: "Ended", kept: bool
) -> dict[str, Any]:
    from tocsin.cli.histories import state
    from tocsin.cli.picture import document

    return {
        "home": str(session.settings.home) if kept else None,
        "scenes": [
            {
                "stage": played.scene.stage,
                "actor": played.scene.actor,
                "occurred_at": played.at,
                "events": played.events,
                "version": played.version,
                "refusal": played.refusal,
                "queues": {group: vars(row) for group, row in played.queues.items()},
            }
            for played in scenes
        ],
        "timeline": [vars(row) for row in ended.timeline],
        "state": document(state(ended.past)),
    }
