"""Whether it lives, whether it is fit, how far the read models are, what the figures say."""

import asyncio
import threading
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.http.conftest import REPORT, House
from tocsin.http.metrics import Metrics
from tocsin.store.entries import StoreUnavailable


async def figures(house: House) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = await house.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_a_service_that_answers_is_live(house: House) -> None:
    answer = await house.client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


async def test_a_new_service_is_ready(house: House) -> None:
    answer = await house.client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_a_service_that_cannot_write_is_not_ready(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(house.app.service.log, "commit", full)
    await not_ready(house, "a store cannot be used")


async def test_however_many_ask_whether_it_is_ready_one_looks_and_reading_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nothing can be written, whoever looks waits for long: they must not take the threads
    of those who only want to read."""
    position, looks, back = (await house.report())["position"], [], threading.Event()

    def stuck(_: object) -> None:
        looks.append(1)
        back.wait(20)

    monkeypatch.setattr("tocsin.http.health.CHECK_SECONDS", 0.01)
    monkeypatch.setattr(house.app.service.log, "commit", stuck)
    try:
        for _ in range(40):
            await not_ready(house, "the stores do not answer in time")
        assert len(looks) == 1
        async with asyncio.timeout(5):
            assert (await house.client.get(f"/events?after={position - 1}")).status_code == 200
    finally:
        back.set()
    monkeypatch.undo()
    assert (await house.client.get("/health/ready")).status_code == 200


async def test_a_service_that_stops_is_not_ready(house: House) -> None:
    house.app.service.begin_to_stop()
    await not_ready(house, "stopping")


async def test_a_service_whose_read_models_are_far_behind_is_not_ready(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.app.service, "settings", replace(house.settings, lag_seconds=0))
    await house.report()
    await not_ready(house, "open_queue has not been built")
    house.project()
    assert (await house.client.get("/health/ready")).status_code == 200
    await house.report()
    await not_ready(house, "open_queue is 0 s behind")


async def not_ready(house: House, why: str) -> None:
    answer = await house.client.get("/health/ready")
    assert answer.status_code == 503
    assert why in answer.json()["detail"]
    assert (await house.client.get("/health/live")).status_code == 200


async def test_projections_say_how_far_they_are(house: House) -> None:
    await house.report()
    house.project()
    await house.report()
    items = (await house.client.get("/projections")).json()["items"]
    assert {item["name"] for item in items} >= {"incidents", "open_queue", "timeline", "workload"}
    for item in items:
        assert (item["position"], item["head"], item["lag_events"]) == (2, 4, 2)
        assert item["lag_seconds"] > 0
        assert (item["role"], item["state"], item["error"]) == ("live", "running", None)


async def test_figures_count_commands_by_outcome(house: House) -> None:
    await house.report()
    key = {"Idempotency-Key": "a"}
    path = "/incidents/INC0000001"
    for _ in range(2):
        await house.client.post(f"{path}/acknowledge", json={}, headers=key)
    await house.client.post(f"{path}/acknowledge", json={})
    await house.client.post(f"{path}/close", json={"closure_code": "x"})
    await house.client.post(f"{path}/close", json={})
    counted = {
        (dict(labels)["path"], dict(labels)["outcome"]): value
        for (name, labels), value in (await figures(house)).items()
        if name == "tocsin_commands_total"
    }
    assert counted == {
        ("report", "recorded"): 1,
        ("acknowledge", "recorded"): 1,
        ("acknowledge", "replayed"): 1,
        ("acknowledge", "unchanged"): 1,
        ("close", "not-possible-while"): 1,
        ("close", "invalid"): 1,
    }


async def test_figures_tell_of_the_log_and_of_those_who_follow_it(house: House) -> None:
    await house.report()
    house.project()
    await house.report()
    found = await figures(house)
    assert found["tocsin_head", ()] == 4
    assert found["tocsin_queue_commands", ()] == 0
    assert found["tocsin_commit_seconds_count", ()] == 2
    assert found["tocsin_commit_commands_sum", ()] == 2
    label = (("projection", "incidents"),)
    assert found["tocsin_projection_lag_events", label] == 2
    assert found["tocsin_projection_lag_seconds", label] > 0
    assert found["tocsin_projection_halted", label] == 0


async def test_latencies_are_counted_below_their_bounds(house: House) -> None:
    await house.client.post("/incidents", json=REPORT)
    found = await figures(house)
    labels = {"method": "POST", "route": "/incidents", "status": "201"}
    all_of_them = tuple(sorted({**labels, "le": "+Inf"}.items()))
    assert found["tocsin_http_request_seconds_bucket", all_of_them] == 1
    below = [
        value
        for (name, said), value in found.items()
        if name == "tocsin_http_request_seconds_bucket" and labels.items() <= dict(said).items()
    ]
    assert below == sorted(below)
    assert 0 < found["tocsin_http_request_seconds_sum", tuple(sorted(labels.items()))] < 10


async def test_figures_are_read_while_others_are_counted() -> None:
    """Reading goes on in a thread, and a new route may be counted for the first time meanwhile."""
    metrics = Metrics()
    for number in range(2_000):
        metrics.answered("GET", f"/{number}", 200, 0.1)
    reading = asyncio.create_task(asyncio.to_thread(metrics.text))
    number = 2_000
    while not reading.done():
        metrics.answered("GET", f"/{number}", 200, 0.1)
        metrics.commands[f"{number}", "recorded"] += 1
        number += 1
        await asyncio.sleep(0)
    assert b'route="/1999"' in await reading


async def test_each_service_has_figures_of_its_own(house: House) -> None:
    """Two in one process, as in these tests, would otherwise count together."""
    await house.report()
    assert b'outcome="recorded"' in house.app.service.metrics.text()
    assert b"outcome=" not in Metrics().text()
