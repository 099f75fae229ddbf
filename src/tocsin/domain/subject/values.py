"""The words of subjects, one meaning each. Their values are stored: never change one."""

from enum import StrEnum
from uuid import UUID, uuid5

HOLDS = 100
"""Most legal holds that stand on one subject at a time."""
NAMES = 50
"""Most names that one person is looked for by."""


def texts_stream(incident_id: UUID) -> UUID:
    """The stream of what is done about an incident's texts: every server finds the same."""
    return uuid5(incident_id, "tocsin:texts")


class SubjectKind(StrEnum):
    """What can be forgotten."""

    PERSON = "person"
    """Somebody's name, wherever it stands."""
    TEXTS = "texts"
    """All free text of one incident and of its review."""


class Texts(StrEnum):
    """Which free texts are forgotten together with a person."""

    MENTIONING = "mentioning"
    """Those of every incident in whose texts one of the names stands."""
    INVOLVED = "involved"
    """Those, and of every incident in which the person had any part."""
    NONE = "none"
    """None: the names in them stay."""


class Basis(StrEnum):
    """Why it must be forgotten: the grounds of Art. 17(1) GDPR, (a) to (f)."""

    NO_LONGER_NECESSARY = "no-longer-necessary"
    """For what they were collected for."""
    CONSENT_WITHDRAWN = "consent-withdrawn"
    """And there is no other ground for keeping them."""
    OBJECTION = "objection"
    """To the processing, and nothing overrides it."""
    UNLAWFUL = "unlawfully-processed"
    """They should never have been recorded."""
    LEGAL_OBLIGATION = "legal-obligation"
    """Some other law demands it."""
    CHILD = "collected-from-a-child"
    """By an information society service."""
