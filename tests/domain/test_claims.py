"""The names that an incident holds exclusively, and when it gives them back."""

import pytest

from tests.domain import examples as x
from tests.domain.kit import incident
from tocsin.domain.incident.events import IncidentEvent, IncidentImported
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.incident.values import Status
from tocsin.domain.kernel import Claim, replace

OPEN_AGAIN = (*x.IS_RESOLVED, x.REOPENED)
GIVEN_BACK = [Claim("dedup", "mail-down", take=False, firm=False)]


@pytest.mark.parametrize(
    ("history", "event", "claims"),
    [
        ((), x.REPORTED, [Claim("dedup", "mail-down")]),
        ((), replace(x.REPORTED, dedup_key=None), []),
        ((x.REPORTED,), x.LOGGED, [Claim("reference", "INC0000001")]),
        ((), x.IMPORTED, [Claim("foreign", "servicenow:INC0000045")]),
        (x.NEW, x.RESOLVED, GIVEN_BACK),
        (x.NEW, x.CLOSED, GIVEN_BACK),
        (x.NEW, x.CANCELLED, GIVEN_BACK),
        ((x.REPORTED,), x.DISMISSED, GIVEN_BACK),
        (x.IS_RESOLVED, x.CLOSED, []),
        (x.IS_RESOLVED, x.REOPENED, [Claim("dedup", "mail-down", firm=False)]),
        (OPEN_AGAIN, x.REOPENED, []),
        (OPEN_AGAIN, x.RESOLVED, GIVEN_BACK),
        ((replace(x.REPORTED, dedup_key=None), x.LOGGED), x.RESOLVED, []),
        ((replace(x.REPORTED, dedup_key=None), x.LOGGED, x.RESOLVED), x.REOPENED, []),
        (x.NEW, x.NOTED, []),
    ],
)
def test_an_incident_holds_names(
    history: tuple[IncidentEvent, ...], event: IncidentEvent, claims: list[Claim]
) -> None:
    """Its reference for ever, its deduplication key while it is open."""
    assert list(INCIDENT.claims(incident(*history), event)) == claims


def test_what_was_imported_closed_gives_nothing_back_twice() -> None:
    closed = IncidentImported(
        system="s", foreign_id="1", foreign_status="7", status=Status.CLOSED, attributes={}
    )
    assert list(INCIDENT.claims(incident(x.REPORTED, closed), x.CANCELLED)) == []
