"""Where an incident stands: through the life that we lead it, and through lives lived elsewhere."""

import pytest

from tests.domain import examples as x
from tests.domain.kit import incident
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.values import Status
from tocsin.domain.kernel import replace


@pytest.mark.parametrize(
    ("history", "status"),
    [
        ((x.REPORTED,), Status.REPORTED),
        (x.NEW, Status.NEW),
        (x.IN_PROGRESS, Status.IN_PROGRESS),
        ((*x.NEW, x.HELD), Status.ON_HOLD),
        ((*x.NEW, x.HELD, x.ACKNOWLEDGED), Status.ON_HOLD),
        ((*x.NEW, x.HELD, x.RESUMED), Status.IN_PROGRESS),
        (x.IS_RESOLVED, Status.RESOLVED),
        (x.IS_CLOSED, Status.CLOSED),
        ((*x.IS_CLOSED, x.REOPENED), Status.IN_PROGRESS),
        ((*x.NEW, x.CANCELLED), Status.CANCELLED),
        ((*x.NEW, x.DISMISSED), Status.DISMISSED),
        ((x.REPORTED, x.DISMISSED, x.REOPENED), Status.REPORTED),
    ],
)
def test_events_move_it_through_its_life(
    history: tuple[IncidentEvent, ...], status: Status
) -> None:
    assert incident(*history).status is status


@pytest.mark.parametrize(
    ("history", "status"),
    [
        ((*x.NEW, x.CLOSED), Status.CLOSED),
        ((*x.IS_CLOSED, x.HELD), Status.ON_HOLD),
        ((x.ACKNOWLEDGED, *x.NEW), Status.IN_PROGRESS),
        ((*x.IS_CLOSED, x.ACKNOWLEDGED), Status.CLOSED),
        ((x.RESOLVED, x.LOGGED), Status.RESOLVED),
        ((x.IMPORTED, *x.NEW), Status.IN_PROGRESS),
        ((*x.NEW, replace(x.IMPORTED, status=Status.CLOSED)), Status.CLOSED),
    ],
)
def test_histories_from_elsewhere_may_skip_steps(
    history: tuple[IncidentEvent, ...], status: Status
) -> None:
    assert incident(*history).status is status
