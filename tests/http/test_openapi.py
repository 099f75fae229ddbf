"""The OpenAPI document: what it says is so, and what is so, it says."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.http.conftest import REPORT, House, Run, projecting
from tests.http.schemathesis_hooks import INCIDENTS
from tocsin.aggregates import collection
from tocsin.domain.kernel import COMMANDS
from tocsin.http import openapi
from tocsin.http.problems import KINDS, codes

HERE = Path(__file__).resolve().parent
CONFIGURATION = """
[checks]
positive_data_acceptance.expected-statuses = [
    "2xx", "304", "401", "403", "404", "409", "412", "429"
]
"""


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_it_is_an_openapi_3_1_document(house: House) -> None:
    document = (await house.client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "Tocsin"


async def test_every_command_is_documented_with_its_schema(house: House) -> None:
    document = house.app.openapi()
    for (aggregate, path), command in COMMANDS.items():
        if aggregate not in openapi.RECEIPTS:
            continue
        root = f"/{collection(aggregate)}"
        route = root if command.creates else f"{root}/{{id}}/{path}"
        operation = document["paths"][route]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/{command.__name__}"}
        described = document["components"]["schemas"][command.__name__]
        assert described["additionalProperties"] is False
        assert not set(command.filled_by_desk) & set(described["properties"])
        assert "occurred_at" in described["properties"]
        names = {parameter["name"] for parameter in operation["parameters"]}
        wanted = {"Idempotency-Key"} if command.creates else {"Idempotency-Key", "If-Match", "id"}
        assert names == wanted


async def test_every_route_documents_what_it_may_answer(house: House) -> None:
    for path, method, operation in operations(house.app.openapi()):
        said = set(operation["responses"])
        assert said & {"200", "201", "202"}, path
        if path.startswith("/health"):
            continue
        assert operation["security"], path
        assert {str(each) for each in openapi.EVERYWHERE} <= said, path
        if method == "post":
            assert {"408", "413", "415"} <= said, path
        if "{id}" in path:
            assert "404" in said, path


async def test_every_problem_has_the_media_type_of_problems(house: House) -> None:
    for path, _, operation in operations(house.app.openapi()):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], (path, status)


async def test_every_reference_leads_somewhere(house: House) -> None:
    document = house.app.openapi()

    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return own + [each for value in part.values() for each in references(value)]
        if isinstance(part, list):
            return [each for value in part for each in references(value)]
        return []

    found = references(document)
    assert len(found) > 50
    for each in set(found):
        assert each.removeprefix("#/components/schemas/") in document["components"]["schemas"]


async def test_operations_have_names_of_their_own(house: House) -> None:
    names = [operation["operationId"] for _, _, operation in operations(house.app.openapi())]
    assert len(names) == len(set(names))


def test_every_code_of_a_problem_means_one_thing() -> None:
    known = codes()
    assert KINDS.keys() < known.keys()
    assert known["not-possible-while"][0] == 409
    for code, (status, meaning) in known.items():
        assert 400 <= status < 600, code
        assert meaning.endswith("."), code


@pytest.mark.slow
def test_generated_requests_find_nothing_undocumented(
    running: Run, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """All checks of schemathesis: no error of ours, no status, header or body that is not said.

    With one worker: CPython 3.11 cannot build syntax trees in two threads at a time, and sometimes
    says `AST constructor recursion depth mismatch` (python/cpython#106905).
    """
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    with (
        running(wait_seconds=0.2, at_least_seconds=0.2) as service,
        projecting(service.app.service.settings),
        service.client() as client,
    ):
        for _ in range(INCIDENTS):
            position = client.post("/incidents", json=REPORT).json()["position"]
        for number in range(1, INCIDENTS, 2):
            review = {"incident": f"INC{number:07d}", "reason": "A test."}
            position = client.post("/reviews", json=review).json()["position"]
        while client.get(f"/incidents?at_least={position}").status_code != 200:
            pass
        found = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                "--config-file", str(tmp_path / "schemathesis.toml"),
                "run", f"{service.url}/openapi.json",
                "-H", f"Authorization: Bearer {service.token}",
                "--checks", "all", "--max-examples", "3", "--workers", "1",
                "--phases", "examples,coverage,fuzzing", "--no-shrink", "--no-color",
                "--continue-on-failure", "--request-timeout", "20",
                "--seed", "1",
            ],
            cwd=tmp_path,
            env={"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE),
                 "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )  # fmt: skip
    assert found.returncode == 0, found.stdout[-6_000:] + found.stderr[-2_000:]
    assert "passed" in found.stdout
