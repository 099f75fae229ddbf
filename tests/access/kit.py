"""Accesses that tests note, and journals that they open."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from tocsin.access import Access, Kind, Through

INCIDENT = UUID("0190f5b6-0000-7000-8000-000000000001")
OTHER = UUID("0190f5b6-0000-7000-8000-000000000002")
READ = Access(
    who="dana",
    key_id="k123456789",
    what="/incidents/{id}",
    kind=Kind.READ,
    through=Through.HTTP,
    purpose="Complaint 4711",
    incidents=(INCIDENT,),
)
LISTED = Access(
    who="ivo",
    what="tocsin export",
    kind=Kind.EXPORT,
    through=Through.CLI,
    asked="since",
    rows=120,
)


def access(**changes: Any) -> Access:
    """Dana's look at an incident, but for these."""
    return replace(READ, **changes)
