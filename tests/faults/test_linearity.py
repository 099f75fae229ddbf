"""Does the checker of single incidents let an honest service pass, and find every lie?"""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.faults.asking import Crowd
from tests.faults.linear import recorded
from tests.faults.linearity import Act, Heard, chain, faults
from tests.faults.wire import Answer, Asks, Inside
from tests.http.conftest import asking
from tocsin.http.app import create_app
from tocsin.keys import Keys, Scope
from tocsin.settings import Settings

INCIDENT = UUID(int=1)
A, B, C, D = map(UUID, map("00000000-0000-0000-0000-00000000000{}".format, "abcd"))
LOG = {INCIDENT: [A, A, B, C]}
History = list[Act]


def wrote(command: UUID, version: int, called: float, returned: float, events: int = 1) -> Act:
    return Act(
        incident=INCIDENT,
        called=called,
        returned=returned,
        heard=Heard.DONE,
        command=command,
        version=version,
        events=events,
        position=100 + version,
    )


def saw(version: int, called: float, returned: float, seen: bytes | None = None) -> Act:
    return Act(
        incident=INCIDENT, called=called, returned=returned, heard=Heard.DONE, version=version,
        seen=seen,
    )  # fmt: skip


def honest() -> History:
    """B and C overlap; a look meanwhile may see either."""
    return [
        wrote(A, 2, 0, 1, events=2),
        wrote(B, 3, 2, 5),
        wrote(C, 4, 3, 4.5),
        saw(2, 2.5, 3.5, chain([A, A])[-1]),
        saw(4, 5, 6, chain(LOG[INCIDENT])[-1]),
        replace(wrote(A, 2, 7, 8, events=2), again=True),
        replace(wrote(B, 4, 6.5, 8, events=0), command=UUID(int=99)),
    ]


def kinds(acts: History, log: dict[UUID, list[UUID]] = LOG) -> set[str]:
    return {fault.kind for fault in faults(acts, log)}


def test_what_can_be_put_into_one_order_is_clean() -> None:
    assert [] == faults(honest(), LOG)


def test_who_was_never_heard_of_again_may_be_there_or_not() -> None:
    """Also much later than anybody would have waited for it."""
    unheard = replace(wrote(D, 0, 0.5, 0), heard=Heard.NOTHING)
    assert [] == faults([*honest(), unheard], LOG)
    assert [] == faults([*honest(), unheard], {INCIDENT: [*LOG[INCIDENT], D]})


@pytest.mark.parametrize(
    ("lie", "kind"),
    [
        pytest.param(lambda acts: [*acts[:5], replace(acts[5], version=1)], "lost",
                     id="a-replay-one-version-behind"),
        pytest.param(lambda acts: [*acts, saw(3, 7, 8)], "stale",
                     id="a-look-behind-an-answer-that-was-heard"),
        pytest.param(lambda acts: [replace(acts[1], version=4), *acts[2:]], "doubled",
                     id="one-version-for-two"),
        pytest.param(lambda acts: [*acts, wrote(D, 5, 8, 9)], "lost",
                     id="an-answer-to-what-is-not-there"),
        pytest.param(lambda acts: acts[1:5], "unasked", id="what-nobody-asked-for"),
        pytest.param(lambda acts: [*acts[:2], replace(acts[2], heard=Heard.REFUSED), *acts[3:]],
                     "unasked", id="a-no-that-was-recorded"),
        pytest.param(lambda acts: [acts[0], replace(acts[1], called=4.6), *acts[2:]], "stale",
                     id="an-order-that-time-contradicts"),
        pytest.param(lambda acts: [*acts, saw(3, 2.5, 6, chain([A, A, C])[-1])], "misread",
                     id="a-look-at-what-never-was"),
        pytest.param(lambda acts: [*acts, saw(9, 2.5, 6)], "misread", id="a-look-at-the-future"),
        pytest.param(lambda acts: [*acts[:2], replace(acts[2], position=102), *acts[3:]], "stale",
                     id="a-position-that-time-contradicts"),
    ],
)  # fmt: skip
def test_it_finds(lie: Callable[[History], History], kind: str) -> None:
    assert kind in kinds(lie(honest()))


def test_it_finds_a_command_that_was_done_twice() -> None:
    assert "doubled" in kinds(honest(), {INCIDENT: [A, A, B, C, B]})


def test_it_finds_what_an_unheard_command_did_before_it_was_sent() -> None:
    """Somebody saw its effect, and only then it was asked for."""
    late = Act(incident=INCIDENT, called=9, heard=Heard.NOTHING, command=C)
    acts = [each for each in honest() if each.command != C]
    assert "stale" in kinds([*acts, late])


class Lying:
    """A service behind somebody who changes its answers on the way."""

    def __init__(self, honest: Asks, lie: Callable[[str, Answer], Answer]) -> None:
        self._honest, self._lie = honest, lie

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request once."""
        answer = await self._honest.ask(method, path, body, headers)
        return self._lie(f"{method} {path}", answer) if answer.status < 300 else answer

    def close(self) -> None:
        self._honest.close()


def other(answer: Answer, version: int) -> Answer:
    return replace(answer, body=json.dumps({**answer.fields, "version": version}).encode())


def truthful(_: str, answer: Answer) -> Answer:
    return answer


def replays_one_behind(_: str, answer: Answer) -> Answer:
    """Who asks again is told the version before."""
    return other(answer, answer.fields["version"] - 1) if answer.replayed else answer


def shows_what_was() -> Callable[[str, Answer], Answer]:
    """Every other look at an incident is answered with an earlier answer to it."""
    before: dict[str, Answer] = {}
    looks = count()

    def lie(asked: str, answer: Answer) -> Answer:
        if not asked.startswith("GET") or "events" in asked:
            return answer
        old = before.setdefault(asked, answer)
        return old if next(looks) % 2 else answer

    return lie


def gives_a_version_twice() -> Callable[[str, Answer], Answer]:
    """Every tenth note gets the version of the one before it."""
    notes = count(1)

    def lie(asked: str, answer: Answer) -> Answer:
        if asked.endswith("/note") and not answer.replayed and next(notes) % 10 == 0:
            return other(answer, answer.fields["version"] - 1)
        return answer

    return lie


def leaves_one_out(asked: str, answer: Answer) -> Answer:
    """A history lacks what is in its midst."""
    if "/events" not in asked:
        return answer
    items = answer.fields["items"]
    del items[len(items) // 2]
    return replace(answer, body=json.dumps({"items": items}).encode())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, timekeeper=False, vault=False)


async def asked(settings: Settings, lie: Callable[[str, Answer], Answer]) -> set[str]:
    """What is found of a service with such a voice, asked a few hundred things."""
    keys = Keys.open(settings)
    token, _ = keys.create("load", [Scope.ADMIN], by="a test")
    app = create_app(settings, keys=keys)
    async with app.router.lifespan_context(app), asking(app, token) as client:
        crowd = Crowd([lambda: Lying(Inside(client), lie)], 12, 400, seed=7)
        acts = await crowd.run()
    keys.close()
    return {fault.kind for fault in faults(acts, recorded(settings))}


async def test_an_honest_service_passes(settings: Settings) -> None:
    assert set() == await asked(settings, truthful)


@pytest.mark.parametrize(
    ("lie", "kind"),
    [
        (replays_one_behind, "lost"),
        (shows_what_was(), "stale"),
        (gives_a_version_twice(), "doubled"),
        (leaves_one_out, "misread"),
    ],
    ids=["replays", "looks", "versions", "histories"],
)
async def test_a_service_that_lies_is_found_out_by_its(
    settings: Settings, lie: Callable[[str, Answer], Answer], kind: str
) -> None:
    assert kind in await asked(settings, lie)
