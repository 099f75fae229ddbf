"""`tocsin projections`: how far every read model has come, and which are in trouble."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tocsin.cli.frame import EXITS, WRONG, Session, subcommand

if TYPE_CHECKING:
    from tocsin.readmodels.reading import Standing

SILENT = timedelta(seconds=10)
"""Since a projector last said that it lives, from which on nobody follows."""
COLOURS = {"running": "green", "rebuilding": "yellow", "halted": "bold red"}
COLUMNS = ("name", "version", "state", "position", "head", "lag", "follower")


@subcommand("projections", exits=f"{EXITS} When one is halted: 1.")
def command(session: Session) -> int:
    """Show each read model: its version and state, and how far it is behind the log."""
    from tocsin.cli.histories import reading
    from tocsin.cli.standing import standings_of
    from tocsin.readmodels.projection import found

    with reading(session) as log:
        standings = standings_of(log, session.settings)
        head = log.head()
    known = {standing.name for standing in standings}
    missing = [each for each in found() if each.name not in known]
    if session.json:
        said = [{**vars(standing), "followed": _followed(standing)} for standing in standings]
        unbuilt = [{"name": each.name, "version": each.version} for each in missing]
        session.answer({"head": head, "projections": said, "not_built": unbuilt})
    else:
        rows = [_row(session, standing) for standing in standings]
        rows += [
            (each.name, str(each.version), "not built", "0", f"{head:,}", f"{head:,}", "nobody")
            for each in missing
        ]
        session.table(COLUMNS, rows, right=("version", "position", "head", "lag"), colours=COLOURS)
        for standing in standings:
            if standing.error:
                session.out.print(_trouble(standing), style="red")
    return WRONG if any(standing.error for standing in standings) else 0


def _followed(standing: "Standing") -> bool:
    return datetime.now(UTC) - standing.heartbeat_at < SILENT


def _row(session: Session, standing: "Standing") -> tuple[str, ...]:
    lag = f"{standing.lag_events:,}"
    if standing.lag_seconds:
        lag += f" ({standing.lag_seconds:,.0f} s)"
    since = f"nobody since {session.time(standing.heartbeat_at)}"
    name = standing.name if standing.role == "live" else f"{standing.name} ({standing.role})"
    return (
        name,
        str(standing.version),
        standing.state,
        f"{standing.position:,}",
        f"{standing.head:,}",
        lag,
        "there" if _followed(standing) else since,
    )


def _trouble(standing: "Standing") -> Any:
    return (
        f"{standing.name} halted before position {standing.error_position}"
        f" ({standing.error_event} of {standing.error_stream}): {standing.error}"
    )
