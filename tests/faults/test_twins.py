"""Many at once through the real service: one effect, one answer, and everybody gets theirs."""

import asyncio
from uuid import uuid4

import pytest

from tests.faults.audit import audit
from tests.faults.load import Client, Load, Told
from tests.faults.service import Service

TWINS = 50
CLIENTS = 100
NOTES = 3
NEIGHBOURS = 8

pytestmark = pytest.mark.slow


async def at_once(service: Service, asked: list[tuple[str, str, dict[str, str]]]) -> list[Told]:
    """Each on a connection of its own."""
    clients = [Client(service) for _ in asked]
    told = await asyncio.gather(
        *(client.tell(*each) for client, each in zip(clients, asked, strict=True))
    )
    for client in clients:
        client.close()
    return told


@pytest.mark.faults
async def test_fifty_twins_have_one_effect_and_one_answer_also_after_a_crash(
    service: Service,
) -> None:
    """The same request fifty times at once, then again to the process that came after."""
    await asyncio.to_thread(service.start)
    report = (str(uuid4()), "/incidents", {"title": "Mail is down", "source": "monitoring"})
    first = await at_once(service, [report] * TWINS)
    await asyncio.to_thread(service.kill, with_projector=True)
    await asyncio.to_thread(service.start)
    later = await at_once(service, [report] * TWINS)
    found = audit(service.settings, first + later)

    assert {(201, first[0].answer)} == {(told.status, told.answer) for told in first + later}
    assert sum(not told.replayed for told in first) == 1
    assert all(told.replayed for told in later)
    assert found.events == 2
    assert found.clean


@pytest.mark.faults
async def test_a_key_stands_for_one_request_also_after_a_crash(service: Service) -> None:
    await asyncio.to_thread(service.start)
    key = str(uuid4())
    path, body = "/incidents", {"title": "Mail is down", "source": "monitoring"}
    await at_once(service, [(key, path, body)])
    await asyncio.to_thread(service.kill, with_projector=True)
    await asyncio.to_thread(service.start)
    (other,) = await at_once(service, [(key, path, {**body, "title": "The disk is full"})])

    assert other.status == 422
    assert other.fields["type"] == "urn:tocsin:problem:key-reused"


async def test_a_hundred_clients_on_one_incident_are_answered_and_so_is_everybody_else(
    service: Service,
) -> None:
    """Each answer names the version that its note became; other incidents move on meanwhile."""
    await asyncio.to_thread(service.start)
    (report,) = await at_once(
        service, [("first", "/incidents", {"title": "It is down", "source": "monitoring"})]
    )
    path = f"/incidents/{report.fields['incident_id']}/note"
    stop, neighbours = asyncio.Event(), Load(service, NEIGHBOURS)
    others = asyncio.create_task(neighbours.run(stop))
    notes: list[Told] = []
    for n in range(NOTES):
        notes += await at_once(
            service, [(f"{n}-{c}", path, {"text": f"Note {n}-{c}"}) for c in range(CLIENTS)]
        )
    stop.set()
    await others
    found = audit(service.settings, [report, *notes, *neighbours.heard])

    assert {200} == {told.status for told in notes}
    assert list(range(3, 3 + len(notes))) == sorted(told.fields["version"] for told in notes)
    assert len(neighbours.heard) > NEIGHBOURS
    assert found.clean
