"""`tocsin doctor`: what is configured, what can be reached, and what is wrong."""

import os
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import click

from tocsin.cli.frame import EXITS, UNREACHABLE, WRONG, Session, subcommand

if TYPE_CHECKING:
    from tocsin.cli.examination.check import Check
    from tocsin.settings import Settings

COLOURS = {"ok": "green", "warn": "yellow", "bad": "bold red"}
SECRET = ("password", "passfile", "sslpassword", "sslkey")
HIDDEN = "***"


@subcommand("doctor", exits=f"{EXITS} Only warnings: 0.")
@click.option("--all", "everything", is_flag=True, help="Show settings at their default as well.")
def command(session: Session, everything: bool) -> int:
    """Show every setting and where it comes from, and examine the machine and the store.

    Each finding says what to do. Passwords are never shown.
    """
    from tocsin.cli.examination.check import Level, bad
    from tocsin.settings import Settings
    from tocsin.variables import BadSetting

    checks: list[Check] = []
    try:
        settings = session.settings
    except BadSetting as error:
        settings = Settings()
        checks.append(bad("settings", str(error), "Change or remove that variable or option."))
    else:
        checks += _examine(settings)
    wrong = checks[0].name == "settings"
    rows = [{**row, "from": "default"} if wrong else row for row in _settings(session, settings)]
    level = max((check.level for check in checks), key=list(Level).index)
    if session.json:
        session.answer(
            {"level": level, "settings": rows, "checks": [vars(check) for check in checks]}
        )
    else:
        shown = rows if everything or wrong else _said(rows)
        _show(session, shown, checks, len(rows) - len(shown))
    if any(check.unreachable for check in checks):
        return UNREACHABLE
    return WRONG if level is Level.BAD else 0


def _examine(settings: "Settings") -> "Iterator[Check]":
    from tocsin.cli.examination import home, machine, server, store, vault
    from tocsin.cli.examination.check import bad
    from tocsin.cli.faults import fault

    for room in (machine, home, store, vault, server):
        away = False
        try:
            for check in room.examine(settings):
                yield check
                away = away or check.unreachable
        except Exception as error:
            found = fault(error)
            name, away = room.__name__.rpartition(".")[2], found.exit_code == UNREACHABLE
            yield bad(name, str(found), "Mend that, and ask again.", unreachable=away)
        if away:
            return


def _settings(session: Session, settings: "Settings") -> Iterator[dict[str, Any]]:
    for field in fields(settings):
        variable = f"TOCSIN_{field.name.upper()}"
        value = getattr(settings, field.name)
        yield {
            "name": field.name,
            "variable": variable,
            "value": _shown(field.name, value),
            "from": session.origin(variable),
            "doc": field.metadata["doc"],
        }


def _said(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    always = ("home", "database", "host", "port")
    return [row for row in rows if row["from"] != "default" or row["name"] in always]


def _shown(name: str, value: Any) -> Any:
    """A setting without its secrets. Before the host of a broker, a token may stand for a user."""
    if name.endswith("database"):
        return redacted(value)
    if name == "nats_servers":
        return tuple(re.sub(r"//.*@", f"//{HIDDEN}@", each) for each in value)
    return value


def redacted(address: str) -> str:
    """A database address that may be shown: what could be a secret is hidden."""
    try:
        parts = urlsplit(address)
        user, at, place = parts.netloc.rpartition("@")
        name, colon, _ = user.partition(":")
        query = [(k, HIDDEN if k in SECRET else v) for k, v in parse_qsl(parts.query)]
    except ValueError:
        return HIDDEN
    netloc = f"{name}{colon and f':{HIDDEN}'}{at}{place}"
    asked = f"?{urlencode(query, safe='*/')}" if query else ""
    return f"{parts.scheme}://{netloc}{parts.path}{asked}" if address else ""


def _show(
    session: Session, rows: list[dict[str, Any]], checks: "list[Check]", defaults: int
) -> None:
    out = session.out
    table = [(row["variable"], _plain(row["value"]), row["from"], row["doc"]) for row in rows]
    session.table(("setting", "value", "from", "what it is"), table)
    if defaults:
        out.print(f"… and {defaults} more at their default: `tocsin doctor --all`.", style="dim")
    out.print()
    session.table(
        ("", "what", "found"),
        [(check.level, check.name, _found(check)) for check in checks],
        colours=COLOURS,
    )


def _found(check: "Check") -> str:
    return f"{check.says.rstrip('.')}. {check.do}" if check.do else check.says


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else os.fspath(value) if hasattr(value, "__fspath__") else str(value)
