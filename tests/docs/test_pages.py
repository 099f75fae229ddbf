"""Whatever the documentation tells people to type works as it stands there."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, ROOT, blocks
from tests.docs.reader import Reader, check, includes
from tests.docs.serving import Service

README, TUTORIAL = ROOT / "README.md", DOCS / "tutorial.md"
PAGES = [README, *sorted(DOCS.rglob("*.md"))]
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.slow
def test_the_tutorial_works_and_answers_what_it_shows(tmp_path: Path) -> None:
    """Every command is typed, in order; every answer that is shown is compared."""
    compared = 0
    with Reader(tmp_path / "home") as reader:
        for shown, output in reader.read(TUTORIAL):
            check(shown, output)
            compared += 1
    assert compared >= 15


@pytest.mark.slow
def test_the_auditors_tutorial_works_and_answers_what_it_shows(tmp_path: Path) -> None:
    """Both sides are played; the auditor's with nothing but the standard library."""
    compared = 0
    with Reader(tmp_path / "home") as reader:
        for shown, output in reader.read(DOCS / "tutorial-auditor.md"):
            check(shown, output)
            compared += 1
    assert compared >= 9


def walk_the_readme(reader: Reader) -> None:
    """From the first start to a closed incident, a queue and a timeline."""
    service = reader.serve()
    assert list(reader.read(README, skip="import")) == []
    assert [row["group"] for row in service.get("/queues?at_least=8")["items"]] == []
    incident = service.get("/incidents/INC0000001")
    assert (incident["status"], incident["satisfaction"]) == ("closed", 5)
    said = [line["words"] for line in service.get("/incidents/INC0000001/timeline")["items"]]
    assert len(said) == incident["version"] == 8


@pytest.mark.slow
def test_the_readme_leads_from_a_report_to_a_closed_incident(tmp_path: Path) -> None:
    """With no configuration at all; and its import, once the service has stopped."""
    with Reader(tmp_path / "home") as reader:
        walk_the_readme(reader)
        reader.stop()
        (imports,) = (b.text for b in blocks(README) if "import" in b.marks)
        shown = reader.type(imports)
    assert "INC0004711" in shown


@pytest.mark.slow
def test_the_readme_is_true_on_postgresql_by_one_setting(tmp_path: Path, postgres_url: str) -> None:
    """The same lines, and no other change than the setting."""
    with Reader(tmp_path / "home", database=postgres_url) as reader:
        walk_the_readme(reader)


ASKING = [
    "ask-about-the-past.md",
    "ask-for-trends.md",
    "ask-what-would-have-breached.md",
    "brief-a-review.md",
    "export-the-log.md",
    "keep-checkpoints-elsewhere.md",
    "read-the-lake.md",
    "replay-and-digest.md",
    "report-for-auditors.md",
    "see-who-read-what.md",
    "watch-it.md",
]
"""How-tos that ask and record nothing in the log: one service is enough for all of them."""
CHANGING = [
    "back-up.md",
    "change-the-policy.md",
    "forget-a-person.md",
    "keep-evidence.md",
    "keep-the-vault.md",
    "manage-keys.md",
    "review-an-incident.md",
]
"""How-tos that record, destroy, or stop the service: each with a service and a home of its own."""


def report(service: Service) -> None:
    """Have something in its log."""
    service.post("/incidents", {"title": "E-mail is down", "source": "user-report"})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Service]]:
    """A service that runs, with something in its log, and its home."""
    home = tmp_path_factory.mktemp("asked") / "home"
    with Reader(home) as reader:
        service = reader.serve()
        report(service)
        yield home, service


@pytest.mark.slow
@pytest.mark.parametrize("page", ASKING)
def test_what_a_how_to_that_asks_types_works(page: str, shared: tuple[Path, Service]) -> None:
    """Beside a service that runs, in a shell of its own, and nothing is recorded by it."""
    home, service = shared
    before = service.get("/incidents/INC0000001")["version"]
    with Reader(home, beside=service) as reader:
        assert list(reader.read(DOCS / "how-to" / page)) == []
    assert service.get("/incidents/INC0000001")["version"] == before


@pytest.mark.slow
@pytest.mark.parametrize("page", CHANGING)
def test_what_a_how_to_types_works(page: str, tmp_path: Path) -> None:
    """Beside a service that runs, with something in its log."""
    with Reader(tmp_path / "home") as reader:
        report(reader.serve())
        assert list(reader.read(DOCS / "how-to" / page)) == []


def test_every_link_leads_somewhere() -> None:
    """A page, and on it the heading."""
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in _LINK.findall(page.read_text("utf-8"))
        if "://" not in target and not leads(page, target)
    ]
    assert broken == []


def leads(page: Path, target: str) -> bool:
    """Whether a link leads to a file, and a heading in it."""
    path, _, heading = target.partition("#")
    there = (page.parent / path).resolve() if path else page
    return there.exists() and (not heading or heading in anchors(there))


def anchors(page: Path) -> set[str]:
    """The addresses of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_a_link_to_nowhere_is_noticed() -> None:
    assert not leads(README, "docs/nowhere.md")
    assert not leads(README, "docs/tutorial.md#nowhere")
    assert leads(README, "docs/tutorial.md#2-report")


def test_every_page_is_reached_from_the_readme() -> None:
    """Nobody finds a page that nothing leads to."""
    reached, waiting = {README}, [README]
    while waiting:
        page = waiting.pop()
        for target in _LINK.findall(page.read_text("utf-8")):
            there = (page.parent / target.partition("#")[0]).resolve()
            if there.suffix == ".md" and there not in reached:
                reached.add(there)
                waiting.append(there)
    assert sorted(set(PAGES) - reached) == []


def test_shell_blocks_are_shell() -> None:
    """Also those that only a person runs."""
    for page in PAGES:
        for block in blocks(page):
            if block.language == "sh":
                parsed = subprocess.run(
                    ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
                )
                assert parsed.returncode == 0, f"{page}: {parsed.stderr}"


@pytest.mark.parametrize(
    ("real", "shown"),
    [({"a": 1}, {"a": 2}), ({"a": 1}, {"b": 1}), ([1, 2], [1]), ({"a": [{}]}, {"a": [{"b": 1}]})],
)
def test_an_answer_that_differs_is_noticed(real: object, shown: object) -> None:
    assert not includes(real, shown)


def test_an_answer_may_hold_more_than_is_shown() -> None:
    assert includes({"a": [{"b": 1, "c": 2}], "d": 3}, {"a": [{"b": 1}]})
