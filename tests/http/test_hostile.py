"""Payloads that hurt others: each is told what is wrong, quickly, and leaves nothing."""

import json
import resource
import time
from collections.abc import AsyncIterator

import orjson
import pytest

from tests.http.conftest import REPORT, House
from tocsin.store.mapper import decode

CORPUS: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a number": b"7",
    "a list": b"[]",
    "depth": b'{"title":' * 50_000 + b"1" + b"}" * 50_000,
    "depth without end": b"[" * 65_000,
    "thousands of keys": orjson.dumps({f"k{n}": n for n in range(4_000)}),
    "a key of 60,000 letters": orjson.dumps({"k" * 60_000: 1}),
    "magic keys as fields": b'{"_type_": "uuid_hex", "_data_": "x", "title": "a"}',
    "magic keys as a value": b'{"title": {"_type_": "datetime_iso", "_data_": "x"}}',
    "a lone surrogate": b'{"title": "\\ud800", "source": "monitoring"}',
    "a lone surrogate as a key": b'{"\\udfff": 1, "title": "a", "source": "monitoring"}',
    "NUL": b'{"title": "a\\u0000b", "source": "monitoring"}',
    "a raw NUL": b'{"title": "a\x00b", "source": "monitoring"}',
    "an escape sequence": b'{"title": "\\u001b[2J", "source": "monitoring"}',
    "NaN": b'{"title": NaN, "source": "monitoring"}',
    "infinity": b'{"title": "a", "source": "monitoring", "log": Infinity}',
    "a huge integer": b'{"title": "a", "source": "monitoring", "log": ' + b"9" * 60_000 + b"}",
    "a huge float": b'{"title": 1e400, "source": "monitoring"}',
    "duplicate keys": b'{"title": "a", "title": "b", "source": "monitoring"}',
    "another encoding": '{"title": "a", "source": "monitoring"}'.encode("utf-16"),
    "broken UTF-8": b'{"title": "\xc3\x28", "source": "monitoring"}',
    "overlong UTF-8": b'{"title": "\xc0\xaf", "source": "monitoring"}',
    "a program": b'{"title": "a", "source": "__import__(\'os\').system(\'id\')"}',
    "a reference of one's own": b'{"title": "a", "source": "monitoring", "reference": "INC7"}',
    "a version of one's own": b'{"title": "a", "source": "monitoring", "version": 7}',
    "a stream of one's own": b'{"title": "a", "source": "monitoring", "incident_id": "x"}',
    "too many services": orjson.dumps({**REPORT, "services": ["s"] * 10_000}),
    "a long title": orjson.dumps({**REPORT, "title": "x" * 60_000}),
    "a prototype": b'{"__proto__": {"admin": true}, "title": "a", "source": "monitoring"}',
    "an xml": b"<report/>",
    "a form": b"title=a&source=monitoring",
}


@pytest.mark.parametrize("payload", CORPUS.values(), ids=list(CORPUS))
async def test_a_hostile_body_is_refused_quickly_and_leaves_nothing(
    house: House, payload: bytes
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    headers = {"Content-Type": "application/json"}
    fastest = 1.0
    for _ in range(3):  # the machine may be busy: the best of three counts
        started = time.perf_counter()
        answer = await house.client.post("/incidents", content=payload, headers=headers)
        fastest = min(fastest, time.perf_counter() - started)
        assert answer.status_code in (400, 413, 422), answer.text[:300]
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.content) < 70_000
        assert answer.json()["detail"]
    assert fastest < 0.1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1_024
    assert house.app.service.log.head() == 0


async def test_two_hundred_megabytes_are_not_taken_in(house: House) -> None:
    sent = 0

    async def large() -> AsyncIterator[bytes]:
        nonlocal sent
        chunk = b"x" * 65_536
        for _ in range(3_200):
            sent += len(chunk)
            yield chunk

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in ("/incidents", "/commands"):
        sent = 0
        headers = {"Content-Type": "application/json"}
        answer = await house.client.post(path, content=large(), headers=headers)
        assert answer.status_code == 413
        assert sent < 3_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1_024


AWKWARD = [
    '{"_type_": "uuid_hex", "_data_": "0"}',
    '"event":"incident.closed"',
    '"position":0,',
    "'; DROP TABLE events; --",
    "{{7*7}} ${7*7} %s %n {0}",
    "日本語 العربية עברית Ελληνικά 😀",
    "line\nbreak\ttab",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "\\u0000 as text",
    "x" * 500,
]


async def test_awkward_texts_are_kept_letter_by_letter(house: House) -> None:
    """They are texts, and nothing in them is ever taken for anything else."""
    for title in AWKWARD:
        answer = await house.client.post("/incidents", json={**REPORT, "title": title})
        assert answer.status_code == 201, answer.text
        shown = await house.client.get(f"/incidents/{answer.json()['incident_id']}")
        assert shown.json()["title"] == title
    stored = house.app.service.log.raw_page(0, 1_000)
    opened = house.app.service.log.shown([body for _, body in stored])
    titles = [json.loads(body)["data"].get("title") for body in opened]
    assert [title for title in titles if title] == AWKWARD
    assert [decode(body).position for _, body in stored] == list(range(1, len(stored) + 1))
    page = await house.client.get("/events?limit=1000")
    assert len(page.json()["items"]) == len(stored)


@pytest.mark.parametrize(
    "path",
    [
        "/incidents/..%2f..%2fetc%2fpasswd",
        "/incidents/%00",
        "/incidents/%ff%fe",
        "/incidents/" + "A" * 5_000,
        "/incidents/' OR 1=1 --",
        "/queues/%00",
        "/queues/%ed%a0%80",
        "/incidents?text=%00",
        "/incidents?group=%ed%a0%80",
        "/incidents?after=%00",
        "/incidents?limit=99999999999999999999999",
        "/timeline?incident_id=x",
        "/events?after=99999999999999999999999",
        "/events?wait=nan",
        "/events?wait=inf",
        "/events?wait=1e308",
        "/incidents/INC0000001?version=99999999999999999999",
        "/incidents/INC0000001?as_of=99999-01-01T00:00:00Z",
        "/incidents?" + "&".join(f"status={n}" for n in range(2_000)),
    ],
)
async def test_a_hostile_address_is_no_error_of_ours(house: House, path: str) -> None:
    await house.report()
    house.project()
    answer = await house.client.get(path)
    assert answer.status_code in (200, 404, 422), answer.text[:300]
    if answer.status_code == 200:
        assert answer.json()["items"] == []
