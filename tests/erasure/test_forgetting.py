"""Who is forgotten stays forgotten, whenever it is interrupted and whatever is put back."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from tests.erasure.kit import ASKED, BRUNO, ZELDA, House, opened
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import Refused
from tocsin.domain.subject.commands import ForgetSubject, PlaceHold
from tocsin.domain.subject.refusals import SubjectHeld
from tocsin.domain.subject.values import SubjectKind, Texts, texts_stream
from tocsin.erasure import forgetting, watching
from tocsin.erasure.closing import closed_by, forgotten, reconcile
from tocsin.settings import Settings
from tocsin.vault import Vault


async def test_names_and_texts_are_gone_and_all_else_is_there(house: House) -> None:
    hers = await house.report(reporter=ZELDA, title=f"{ZELDA} waits")
    part = await house.report(title="Another", users=(ZELDA, BRUNO))
    apart = await house.report(title="Nothing of hers")
    house.project()
    assert (await house.desk.state(hers, INCIDENT)).title == f"{ZELDA} waits"
    gone = await house.forget(ZELDA)
    assert await house.follow() == 2
    assert (await house.desk.state(hers, INCIDENT)).title == "[forgotten]"
    assert all(map(house.purged, gone))
    assert (house.title(hers), house.title(part)) == ("[forgotten]", "Another")
    (person,) = (each for each in gone if each != texts_stream(hers))
    assert house.reporter(hers) == f"person:{person}"
    assert house.log.history(part, 0, 1)[0].event.users == (f"person:{person}", BRUNO)
    assert (house.title(apart), house.reporter(apart)) == ("Nothing of hers", BRUNO)
    assert house.look(ZELDA, "nobody else").seen.by_how.total() == 0
    content = (house.settings.home / "readmodels.db").read_bytes()
    assert ZELDA.encode() not in content
    assert b"Nothing of hers" in content


@pytest.mark.parametrize(
    ("texts", "titles"),
    [
        (Texts.MENTIONING, ("[forgotten]", "Another")),
        (Texts.INVOLVED, ("[forgotten]", "[forgotten]")),
        (Texts.NONE, (f"{ZELDA} waits", "Another")),
    ],
)
async def test_the_texts_that_go_are_chosen(
    house: House, texts: Texts, titles: tuple[str, str]
) -> None:
    hers = await house.report(reporter=ZELDA, title=f"{ZELDA} waits")
    part = await house.report(title="Another", users=(ZELDA,))
    await house.forget(ZELDA, texts=texts)
    await house.follow()
    assert (house.title(hers), house.title(part)) == titles


async def test_what_is_written_afterwards_can_be_read(house: House) -> None:
    """An incident that lost its texts goes on; and the same name is another subject from then."""
    incident = await house.report(reporter=ZELDA, title=f"{ZELDA} waits")
    before = await house.forget(ZELDA)
    await house.follow()
    await house.note(incident, "It goes on.", actor=ZELDA)
    *_, note = house.log.history(incident)
    assert (note.event.text, note.actor) == ("It goes on.", ZELDA)
    assert set(house.look(ZELDA).subjects).isdisjoint(map(str, before))
    assert reconcile(house.log, house.log.vault) == 0, "what came later is not forgotten"
    assert house.log.history(incident)[-1].event.text == "It goes on."


async def test_texts_of_one_incident_are_forgotten_again(house: House) -> None:
    incident = await house.report(title=f"{ZELDA} waits")
    await house.forget(ZELDA)
    await house.follow()
    await house.note(incident, f"{ZELDA} called again.")
    (again,) = await house.forget(ZELDA)
    await house.follow()
    assert house.log.history(incident)[-1].event.text == "[forgotten]"
    assert again == texts_stream(incident)
    assert house.purged(again)


async def test_nothing_is_forgotten_while_any_of_it_is_held(house: House) -> None:
    incident = await house.report(reporter=ZELDA, title=f"{ZELDA} waits")
    hold = PlaceHold(
        hold="LIT-1", reason="A claim.", kind=SubjectKind.TEXTS, incident_id=str(incident)
    )
    await house.desk.handle(hold, stream=texts_stream(incident), caller="dpo")
    with pytest.raises(SubjectHeld, match="LIT-1"):
        await house.forget(ZELDA)
    assert await house.follow() == 0
    assert (house.title(incident), house.reporter(incident)) == (f"{ZELDA} waits", ZELDA)


async def test_a_hold_that_is_placed_in_between_is_respected(house: House) -> None:
    """What it keeps can be read, and is used for new values, as before."""
    incident = await house.report(reporter=ZELDA)
    plan = house.plan(ZELDA)
    (person,) = plan.people
    hold = PlaceHold(hold="LIT-1", reason="A claim.", kind=SubjectKind.PERSON)
    await house.desk.handle(hold, stream=person.stream, caller="dpo")
    by = forgetting.Asking("dpo")
    with pytest.raises(Refused, match="LIT-1"):
        await forgetting.forget(house.log, house.desk, plan, ASKED, by)
    await house.note(incident, "On it.", actor=ZELDA)
    assert list(house.look(ZELDA).subjects) == [str(person.stream)]
    assert house.reporter(incident) == ZELDA


class Crash(BaseException):
    """The process ends here: nothing after this happens."""


def crash(*_: Any, **__: Any) -> Any:
    raise Crash


AT: dict[str, Callable[[House], tuple[Any, str]]] = {
    "the event": lambda house: (house.desk, "handle"),
    "the destruction": lambda house: (house.log.vault, "destroy"),
    "the rebuild": lambda house: (house.purge, "ask"),
    "the end": lambda house: (house.erasing, "_complete"),
}


async def forgotten_and_followed(house: House, gone: list[Any]) -> None:
    gone += [target.stream for target in house.plan(ZELDA).targets]
    await house.forget(ZELDA)
    await house.follow()


@pytest.mark.parametrize("at", AT)
async def test_a_crash_before_any_step_loses_nothing_and_forgets_all(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Before the log says so, nothing is forgotten; once it does, the next start goes on."""
    gone: list[Any] = []
    async with opened(settings) as house:
        incident = await house.report(reporter=ZELDA, title=f"{ZELDA} waits")
        house.project()
        with monkeypatch.context() as patch:
            patch.setattr(*AT[at](house), crash)
            with pytest.raises(Crash):
                await forgotten_and_followed(house, gone)
    async with opened(settings) as house:
        if at == "the event":
            assert (house.title(incident), house.reporter(incident)) == (f"{ZELDA} waits", ZELDA)
            await house.note(incident, "Go on.", actor=ZELDA)
            assert len(house.look(ZELDA).subjects) == 2, "both are known, and both are hers"
            gone = await house.forget(ZELDA)
        assert await house.follow() == len(gone)
        assert house.title(incident) == "[forgotten]"
        assert house.reporter(incident).startswith("person:")
        assert house.look(ZELDA).seen.by_how.total() == 0
        assert all(map(house.purged, gone))


async def test_an_old_vault_that_is_put_back_brings_nobody_back(settings: Settings) -> None:
    async with opened(settings) as house:
        incident = await house.report(reporter=ZELDA, title=f"{ZELDA} waits")
    files = [each for each in settings.home.iterdir() if each.name.startswith("vault.db")]
    copies = settings.home.parent / "copies"
    copies.mkdir()
    for file in files:
        shutil.copy2(file, copies)
    async with opened(settings) as house:
        await house.forget(ZELDA)
        await house.follow()
    for file in settings.home.glob("vault.db*"):
        file.unlink()
    for file in copies.iterdir():
        shutil.copy2(file, settings.home)
    async with opened(replace(settings, vault=False)) as house:
        assert house.title(incident) == f"{ZELDA} waits", "the copy has the keys"
        assert reconcile(house.log, house.log.vault) == 2
        assert house.title(incident) == "[forgotten]"
        assert house.reporter(incident).startswith("person:")
        assert reconcile(house.log, house.log.vault) == 0


async def test_a_server_notices_that_another_one_destroyed_keys(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has in memory was opened with them."""
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.01)
    incident = await house.report(reporter=ZELDA)
    (subject,) = house.look(ZELDA).subjects
    watch = watching.Watch(house.log, house.desk)
    watch.start()
    with closing(Vault.open(house.settings)) as elsewhere:
        elsewhere.destroy([subject])
    for _ in range(200):
        if (await house.desk.state(incident, INCIDENT)).reporter == f"person:{subject}":
            break
        await asyncio.sleep(0.01)
    else:
        raise AssertionError("it goes on with what it has")
    await house.note(incident, "Go on.")
    assert (await house.desk.state(incident, INCIDENT)).reporter == f"person:{subject}"
    await watch.stop()


async def test_what_cannot_be_removed_now_is_removed_later(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And whatever another server destroys meanwhile is noticed all the same."""
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.01)
    await house.report(reporter=ZELDA)
    (subject,) = house.look(ZELDA).subjects
    removed, tries = asyncio.Event(), iter([PermissionError(13, "Permission denied")])
    loop = asyncio.get_running_loop()

    def noticed() -> None:
        if (error := next(tries, None)) is not None:
            raise error
        loop.call_soon_threadsafe(removed.set)

    watch = watching.Watch(house.log, house.desk, noticed)
    watch.start()
    with closing(Vault.open(house.settings)) as elsewhere:
        elsewhere.destroy([subject])
    async with asyncio.timeout(5):
        await removed.wait()
    await watch.stop()


async def test_the_keys_that_go_are_those_that_the_log_names(house: House) -> None:
    """Of the incident, of its review and of its evidence; and what holds said of a person."""
    await house.report(reporter=ZELDA, title=f"{ZELDA} waits")
    (subject,) = house.look(ZELDA).subjects
    plan = house.plan(ZELDA)
    await house.forget(ZELDA)
    texts, person = forgotten(house.log)
    assert closed_by(house.log, texts) == set(plan.texts[0].keys)
    assert closed_by(house.log, person) == {subject}


async def test_asking_twice_records_once(house: House) -> None:
    await house.report(reporter=ZELDA)
    plan = house.plan(ZELDA)
    for _ in range(2):
        by = forgetting.Asking("dpo")
        await forgetting.forget(house.log, house.desk, plan, ASKED, by)
    assert len(forgotten(house.log)) == 1
    assert isinstance(ASKED, ForgetSubject)
