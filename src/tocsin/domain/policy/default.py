"""The policy that is in force before anybody has published one: version 1, and never another.

Decisions name version 1, so its document may not change: a test holds its compiled bytes. A better
default would be a document to publish.
"""

from importlib.resources import files

from tocsin.domain.calendar import ClosedDate
from tocsin.domain.policy.document import compiled


def no_holidays(*_: object) -> tuple[ClosedDate, ...]:
    """Nobody can know beforehand which country it is for."""
    raise ValueError("No holidays can be looked up here.")


DEFAULT_DOCUMENT = (files(__package__) / "default.toml").read_text("utf-8")
DEFAULT_POLICY = compiled(DEFAULT_DOCUMENT, no_holidays).policy
