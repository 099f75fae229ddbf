"""From a document to a command that puts it in force: read whole, its holidays looked up once."""

from tocsin.domain.policy.commands import Publish
from tocsin.domain.policy.document import Compiled, compiled
from tocsin.policies.holidays import public_holidays


def read(document: str) -> Compiled:
    """The policy that a document is, with the holidays that are known today as dates.

    Raises:
        BadPolicy: it is none; with all its flaws.
    """
    return compiled(document, public_holidays)


def publication(document: str, note: str, actor: str | None = None) -> Publish:
    """The command that publishes a document.

    Raises:
        BadPolicy: it is no policy.
    """
    return Publish(
        document=document, note=note, actor=actor, compiled=read(document).policy.compiled
    )
