"""Files that hold a policy: read whole, and every flaw of one that does not is shown at once."""

from pathlib import Path
from typing import Any

import click

from tocsin.cli.frame import USAGE, WRONG, Fault, Session
from tocsin.domain.policy.document import BadPolicy, Compiled
from tocsin.policies.publishing import read


def text_of(file: Path) -> str:
    """What a file says.

    Raises:
        Fault: it is no text.
    """
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise Fault(f"{file} is not UTF-8: byte {error.start}.", USAGE) from error


def policy_in(session: Session, file: Path) -> Compiled:
    """The policy in a file; of one that is none, every flaw is shown before it ends."""
    try:
        return read(text_of(file))
    except BadPolicy as bad:
        if session.json:
            flaws = {"errors": told(bad.flaws), "warnings": told(bad.warnings)}
            session.answer({"ok": False, **flaws})
        else:
            for flaw in bad.flaws:
                session.out.print(f"{file}: {flaw}", style="red")
            session.out.print(f"{file} is no policy: {len(bad.flaws)} errors.", style="bold red")
        raise click.exceptions.Exit(WRONG) from bad


def told(flaws: Any) -> list[dict[str, Any]]:
    """Flaws as JSON."""
    return [vars(flaw) for flaw in flaws]
