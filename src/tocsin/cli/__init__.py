"""The command line: `tocsin serve | import | incident | replay | verify | rebuild | doctor | …`.

Each module of `commands` with a `command` in it is a subcommand. They import what they need when
they run, so that `tocsin --help` answers at once.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

from tocsin.cli import commands
from tocsin.cli.frame import DEFECT, EXITS, INTERRUPTED, Fault, Session, options


class Commands(click.Group):
    """The commands that are there, and one way of saying what went wrong in any of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of their names."""
        return sorted(command.name or "" for command in _found())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        return next((each for each in _found() if each.name == cmd_name), None)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Whatever stops it becomes one sentence and an exit code."""
        session = ctx.ensure_object(Session)
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, click.ClickException, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            fault = Fault("Interrupted.", INTERRUPTED)
        except Exception as error:
            if session.debug:
                raise
            fault = _fault(error)
        session.tell(fault)
        raise click.exceptions.Exit(fault.exit_code)


def _found() -> Iterator[click.Command]:
    for found in iter_modules(commands.__path__):
        yield import_module(f"{commands.__name__}.{found.name}").command


def _fault(error: Exception) -> Fault:
    from tocsin.cli.faults import fault

    return fault(error)


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from tocsin import __version__

        click.echo(f"tocsin {__version__}")
        ctx.exit()


@click.group(
    cls=Commands,
    epilog=f"{EXITS} {INTERRUPTED}: interrupted. {DEFECT}: a defect of Tocsin.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@options
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Say which version this is.",
)
@click.option("--debug", is_flag=True, help="Show where an error came from.")
@click.pass_obj
def main(session: Session, debug: bool) -> None:
    """The system of record for IT incidents.

    Every action is an immutable event in one log; every answer is a fold of them.
    """
    session.debug = debug
