"""The words of evidence, one meaning each. Their values are stored: never change one."""

from enum import StrEnum
from uuid import UUID, uuid5

PIECES = 1_000
"""Most pieces of evidence of one incident."""


def evidence_stream(incident_id: UUID, number: int) -> UUID:
    """The stream of one piece of an incident's evidence: every server finds the same, and who
    wants all of them counts up until there is none."""
    return uuid5(incident_id, f"tocsin:evidence:{number}")


class Custody(StrEnum):
    """Where a piece of evidence stands."""

    UNATTACHED = "unattached"
    KEPT = "kept"
    DISCARDED = "discarded"
    """Its content is not kept any more. That it was there, and what became of it, is."""


class Condition(StrEnum):
    """What a look at the stored content came to."""

    INTACT = "intact"
    """It is what was attached, byte for byte."""
    ALTERED = "altered"
    """It is not."""
    MISSING = "missing"
    """There is nothing under its name."""
    FORGOTTEN = "forgotten"
    """Nobody can open it: the texts of its incident were forgotten."""
