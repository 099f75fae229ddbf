"""How Tocsin grows: the how-tos are followed to the letter, in a copy, and keep their promises.

An event takes three files and a test, a projection one file and a test, and nothing is registered.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docs.markdown import DOCS, ROOT, follow, patched
from tests.docs.serving import Service, serving

HOW_TO = DOCS / "how-to"
KEPT = ("src", "projections", "tests", "pyproject.toml")

CATALOGUE = """
from tocsin.domain.incident import commands
from tocsin.domain.incident.state import Incident
from tocsin.domain.kernel import COMMANDS, EVENTS
assert EVENTS["incident.evidence-kept"].__name__ == "EvidenceKept"
assert COMMANDS["incident", "keep-evidence"].__name__ == "KeepEvidence"
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as it is, somewhere else."""
    root = tmp_path / "copy"
    for name in KEPT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    return root


def run(root: Path, *arguments: str) -> None:
    """Run Python on the copy, which must be content."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=environment(root),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def environment(root: Path) -> dict[str, str]:
    """The copy goes before what is installed."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TOCSIN_", "PYTEST_"))}
    return {**clean, "PYTHONPATH": f"{root / 'src'}:{root}", "PYTHONDONTWRITEBYTECODE": "1"}


def run_test(root: Path, test: str) -> None:
    """Run the how-to's own test on the copy."""
    run(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", test)


def check_house(root: Path, files: list[str]) -> None:
    """What was written is in the format of the house and breaks none of its rules."""
    run(root, "-m", "ruff", "format", "--check", "--no-cache", *files)
    run(root, "-m", "ruff", "check", "--no-cache", *files)


def report(service: Service) -> str:
    """An incident somebody works on; its reference."""
    made = service.post("/incidents", {"title": "E-mail is down", "source": "user-report"})
    service.post(f"/incidents/{made['reference']}/acknowledge", {})
    return str(made["reference"])


def schema_of(document: dict[str, Any], path: str) -> dict[str, Any]:
    """What the OpenAPI document says of the body of a POST."""
    content = document["paths"][path]["post"]["requestBody"]["content"]
    schema: dict[str, Any] = content["application/json"]["schema"]
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


@pytest.mark.slow
def test_an_event_takes_three_files_and_a_test(copy: Path, tmp_path: Path) -> None:
    """Route, schema, catalogue, fold, feed and timeline know it, and no other file was changed."""
    *files, test = follow(HOW_TO / "add-an-event.md", copy)
    incident = "src/tocsin/domain/incident"
    assert files == [
        f"{incident}/events.py",
        f"{incident}/chapters/investigation.py",
        f"{incident}/commands/investigation.py",
    ]
    check_house(copy, [*files, test])
    run_test(copy, test)
    run(copy, "-c", CATALOGUE)
    with serving(tmp_path / "home", environment(copy)) as service:
        schema = schema_of(service.get("/openapi.json"), "/incidents/{id}/keep-evidence")
        assert {"evidence", "place"} <= set(schema["required"])
        path = f"/incidents/{report(service)}"
        assert "keep-evidence" in service.get(path)["possible"]
        kept = {"evidence": "Heap dump of mx1", "place": "s3://dumps/mx1"}
        receipt = service.post(f"{path}/keep-evidence", kept)
        assert receipt["events"] == ["incident.evidence-kept"]
        assert not service.post(f"{path}/keep-evidence", kept)["changed"]
        assert service.get(path)["version"] == receipt["version"]
        assert "Evidence kept at s3://dumps/mx1: Heap dump of mx1" in str(
            service.get(f"/timeline?at_least={receipt['position']}")
        )


@pytest.mark.slow
def test_a_projection_takes_one_file_and_a_test(copy: Path, tmp_path: Path) -> None:
    """It is found, folded from the first event, and asked over HTTP."""
    home = tmp_path / "home"
    with serving(home, environment(ROOT)) as service:
        path = f"/incidents/{report(service)}"
        service.post(f"{path}/hold", {"reason": "awaiting-vendor"})
        assert service.status("/waiting") == 404
    file, test = follow(HOW_TO / "add-a-projection.md", copy)
    assert file == "projections/waiting.py"
    check_house(copy, [file, test])
    run_test(copy, test)
    with serving(home, environment(copy), key=service.key) as service:
        receipt = service.post(f"{path}/resume", {})
        page = service.get(f"/waiting?now=false&at_least={receipt['position']}")
        assert [(row["reference"], row["waiting_since"]) for row in page["items"]] == [
            (path.rpartition("/")[2], None)
        ]
        assert "/waiting" in service.get("/openapi.json")["paths"]
        assert "waiting" in {each["name"] for each in service.get("/projections")["items"]}


def test_an_old_shape_is_read_as_the_how_to_says(copy: Path) -> None:
    """The bytes of the old schema come out in the shape of the new one."""
    events, test = follow(HOW_TO / "upcast-an-old-event.md", copy)
    assert events == "src/tocsin/domain/incident/events.py"
    check_house(copy, [events, test])
    run_test(copy, test)


def test_a_change_whose_place_is_gone_is_noticed() -> None:
    """A how-to that no longer fits the code must fail, not be applied somewhere."""
    with pytest.raises(LookupError):
        patched("a = 1\n", "-b = 1\n+b = 2\n")
    with pytest.raises(LookupError):
        patched("a = 1\na = 1\n", "-a = 1\n+a = 2\n")
    assert patched("a = 1\nb = 1\n", " a = 1\n+c = 1\n") == "a = 1\nc = 1\nb = 1\n"
