"""The same request fifty times at once, and once more of a process that came after: one effect, one
answer; and a key stands for one request for ever."""

import asyncio
from functools import partial
from uuid import uuid4

from tests.faults.audit import audit
from tests.faults.deaths import empty
from tests.faults.load import Client, Told
from tests.faults.service import Service
from tests.faults.trials import Result, Site, Trial

TWINS = 50
PATH = "/incidents"


async def at_once(service: Service, asked: list[tuple[str, str, dict[str, str]]]) -> list[Told]:
    """Each on a connection of its own."""
    clients = [Client(service) for _ in asked]
    told = await asyncio.gather(
        *(client.tell(*each) for client, each in zip(clients, asked, strict=True))
    )
    for client in clients:
        client.close()
    return told


def told_twice(site: Site, deaths: int, *, shared: bool) -> Result:
    """Ask at once, let the service die, and ask the next one; so often."""
    (home := site.folder / "home").mkdir(mode=0o700)
    service, rounds, wrong = Service(home, empty(site, shared=shared)), list[list[Told]](), 0
    try:
        service.start()
        for number in range(deaths):
            body = {"title": f"Alarm {number}", "source": "monitoring"}
            report = (str(uuid4()), PATH, body)
            first = asyncio.run(at_once(service, [report] * TWINS))
            service.kill(with_projector=True)
            service.start()
            later = asyncio.run(at_once(service, [report] * TWINS))
            other = (report[0], PATH, {**body, "title": "The disk is full"})
            (reused,) = asyncio.run(at_once(service, [other]))
            rounds.append([*first, *later])
            wrong += sum(told.answer != first[0].answer for told in rounds[-1])
            wrong += sum(not told.replayed for told in first) != 1
            wrong += not all(told.replayed for told in later)
            wrong += reused.fields.get("code") != "key-reused"
        found = audit(service.settings, [told for each in rounds for told in each])
    finally:
        service.stop()
    return Result(
        deaths,
        found.clean and not wrong and found.events == 2 * deaths,
        found.acknowledged, len(found.lost), len(found.doubled), len(found.gaps),
        service.restarts[1:],
        f"{found.events} events of {deaths} requests asked {2 * TWINS} times each, {wrong} wrong",
    )  # fmt: skip


TRIALS = (
    Trial("T22", "one request fifty times, SQLite", partial(told_twice, shared=False), 0, 50),
    Trial("T22b", "the same, PostgreSQL", partial(told_twice, shared=True), 0, 50),
)
