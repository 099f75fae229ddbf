"""What every command has in common: its options, its exit codes, and where its answer goes.

The answer goes to standard output, as text or, with `--json`, as one JSON document. Progress,
warnings and errors go to standard error.
"""

import functools
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from rich.console import Console

    from tocsin.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

OK, WRONG, USAGE, UNREACHABLE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 4, 130
EXITS = "Exit codes: 0 fine, 1 something is wrong or was refused, 2 wrong use, 3 no store."
WIDE = 10_000
"""Columns of an output that is no terminal: nothing is wrapped for a program that reads it."""


class Fault(Exception):
    """Why a command stops, in one sentence, and its exit code."""

    def __init__(self, sentence: str, exit_code: int = WRONG) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def zone(name: str) -> tzinfo:
    """A time zone by its name."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise click.BadParameter(
            f"{name!r} is no time zone. Names look like Europe/Vienna."
        ) from error


def moment(text: str) -> datetime:
    """An instant, still without a zone where none was said: `Session.instant` adds it."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} is no time. Times look like 2026-11-21T14:05 or 2026-11-21T14:05:00Z."
        ) from error


WITH_PARENT = click.option(
    "--with-parent",
    type=int,
    is_flag=False,
    flag_value=0,
    metavar="[PID]",
    help="End when the process that started this one has ended; PID says which that was.",
)
"""For what the service starts beside itself."""


class Session:
    """One run of the program: what it was told, and where it speaks."""

    def __init__(self) -> None:
        self.overrides: dict[str, str] = {}
        """Settings given as options, under the names of their variables."""
        self.json = False
        self.debug = False
        self.zone: tzinfo = UTC

    @cached_property
    def settings(self) -> "Settings":
        """The settings: options first, then TOCSIN_* variables, then what is built in."""
        from tocsin.settings import Settings

        return Settings.from_environment({**os.environ, **self.overrides})

    def origin(self, variable: str) -> str:
        """Where a setting's value comes from."""
        if variable in self.overrides:
            return "option"
        return "environment" if variable in os.environ else "default"

    @cached_property
    def out(self) -> "Console":
        """Standard output."""
        return console(sys.stdout)

    @cached_property
    def err(self) -> "Console":
        """Standard error."""
        return console(sys.stderr)

    def answer(self, document: Any) -> None:
        """Print the one JSON document of this run."""
        import orjson

        option = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z
        click.echo(orjson.dumps(document, default=_plain, option=option))

    def tell(self, fault: Fault) -> None:
        """Say what went wrong: to people always, to programs as well when they asked for JSON."""
        click.echo(f"Error: {fault}", err=True)
        if self.json:
            self.answer({"error": {"exit_code": fault.exit_code, "says": str(fault)}})

    def instant(self, moment: datetime) -> datetime:
        """A time that somebody typed, in UTC."""
        return (moment if moment.tzinfo else moment.replace(tzinfo=self.zone)).astimezone(UTC)

    def time(self, moment: datetime, timespec: str = "seconds") -> str:
        """A time as people read it, with its zone."""
        local = moment.astimezone(self.zone)
        clock = local.replace(tzinfo=None).isoformat(" ", timespec)
        return f"{clock} {local.tzname()}"

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        right: Sequence[str] = (),
        colours: Mapping[str, str] | None = None,
    ) -> None:
        """Print a table; a cell that is a word of `colours` is shown in that colour."""
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, justify="right" if column in right else "left")
        styles = colours or {}
        for row in rows:
            table.add_row(*(Text(cell, style=styles.get(cell, "")) for cell in row))
        self.out.print(table)


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value)} has no place in JSON")


def console(stream: Any) -> "Console":
    """A console on a stream, in colour where that is a terminal and NO_COLOR is not set."""
    from rich.console import Console

    terminal = stream.isatty()
    return Console(
        file=stream, markup=False, highlight=False, emoji=False, width=None if terminal else WIDE
    )


def _override(variable: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def keep(ctx: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value is not None:
            ctx.ensure_object(Session).overrides[variable] = str(value)

    return keep


def setting(*names: str, variable: str, **kind: Any) -> Callable[[F], F]:
    """An option that stands for a setting and goes before its variable."""
    return click.option(*names, expose_value=False, callback=_override(variable), **kind)


def _json(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    session = ctx.ensure_object(Session)
    session.json = session.json or wanted


def _shown_in(ctx: click.Context, _parameter: click.Parameter, wanted: tzinfo | None) -> None:
    if wanted is not None:
        ctx.ensure_object(Session).zone = wanted


OPTIONS: tuple[Callable[[Any], Any], ...] = (
    setting(
        "--home",
        variable="TOCSIN_HOME",
        type=click.Path(file_okay=False),
        help="Folder of the embedded store.",
    ),
    setting(
        "--database",
        variable="TOCSIN_DATABASE",
        metavar="URL",
        help="postgresql:// address; without it, SQLite in the home folder.",
    ),
    click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=_json,
        help="Answer with one JSON document, times in UTC.",
    ),
)
DISPLAY = click.option(
    "--time-zone",
    type=zone,
    metavar="ZONE",
    expose_value=False,
    callback=_shown_in,
    help="Zone of the times that are shown, and of those typed without one. Default: UTC.",
)


def options(function: F) -> F:
    """Give a command the options that all have."""
    for option in (DISPLAY, *reversed(OPTIONS)):
        function = option(function)
    return function


def subcommand(
    name: str, *, exits: str = EXITS, display: bool = True
) -> Callable[[F], click.Command]:
    """Make a command that is given the session first and returns its exit code, if any.

    Its help ends with what the exit codes mean.
    """

    def make(function: F) -> click.Command:
        @functools.wraps(function)
        def run(*values: Any, **options: Any) -> None:
            ctx = click.get_current_context()
            ctx.exit(function(ctx.obj, *values, **options) or OK)

        made: Any = run
        for option in (*((DISPLAY,) if display else ()), *reversed(OPTIONS)):
            made = option(made)
        return click.command(name, epilog=exits)(made)

    return make
