"""What the lake says around an incident: its norm, its like, its cluster, and what rises."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from uuid import UUID

import orjson
import pytest

from tests.brief.conftest import FIRST, Told, half_a_year, stream_of, written
from tests.cli.running import Run, answer
from tocsin.brief.looking import looked_around
from tocsin.brief.making import NotThen, brief_of
from tocsin.brief.norms import LEAST, norms
from tocsin.brief.times import Norm
from tocsin.domain.incident.state import Incident
from tocsin.lake.lake import Lake
from tocsin.settings import Settings

STORIES = sorted(half_a_year(), key=lambda told: (told.day, told.title))


ONE = str(stream_of(1))


def number_of(**wanted: object) -> int:
    """The last incident of this kind."""
    return max(
        number
        for number, told in enumerate(STORIES, 1)
        if all(getattr(told, name) == value for name, value in wanted.items())
    )


def percentile(value: float, others: Iterable[float]) -> int:
    known = list(others)
    return round(100 * sum(each <= value for each in known) / len(known))


def test_the_norm_is_that_of_the_other_incidents_of_its_kind(
    lake: Lake, standing_out: Settings
) -> None:
    """Against the same figures, worked out in another way."""
    number = number_of(category="mail", hours=5)
    found = brief_of(standing_out, stream_of(number)).surroundings.norms["resolution"]
    others = [
        told.hours
        for place, told in enumerate(STORIES, 1)
        if told.category == "mail" and place != number
    ]
    assert (found.kind, found.incidents) == ({"priority": "3", "category": "mail"}, len(others))
    assert found.percentile == percentile(5, others)
    assert found.median_seconds == pytest.approx(4 * 3_600, rel=0.02)
    assert found.p90_seconds == pytest.approx(quantiles(others, n=10)[-1] * 3_600, rel=0.02)


def test_where_few_are_of_its_kind_the_norm_is_a_wider_one(
    lake: Lake, standing_out: Settings
) -> None:
    """Of some there are too few, and of others none."""
    number = number_of(service="web", void=False)
    incident = brief_of(standing_out, stream_of(number)).incident
    assert norms(lake, replace(incident, category="never seen"))["resolution"].kind == {
        "priority": "3"
    }
    unknown = norms(lake, replace(incident, category="never seen", priority=5))["resolution"]
    assert unknown.kind == {}
    assert unknown.incidents == len(STORIES) - 3, "itself, the void one and the open one are out"


def test_of_too_few_there_is_no_norm(tmp_path: Path) -> None:
    settings = written(tmp_path, [Told(day, "mail") for day in range(LEAST)])
    assert brief_of(settings, stream_of(1)).surroundings.norms == {}
    more = written(tmp_path / "more", [Told(day, "mail") for day in range(LEAST + 1)])
    norm = brief_of(more, stream_of(1)).surroundings.norms["resolution"]
    assert norm == Norm({"priority": "3", "category": "mail"}, LEAST, 100, 7_196, 7_196)


def test_what_has_not_come_yet_has_no_norm(standing_out: Settings) -> None:
    """The norm of a resolution is of those that were resolved; this one is not."""
    brief = brief_of(standing_out, stream_of(number_of(resolution=None)))
    assert "resolution" not in brief.surroundings.norms


def test_the_most_alike_are_told_with_how_they_were_resolved(standing_out: Settings) -> None:
    number = number_of(title="proxy-7 answers 502 ORA-00600")
    alike = brief_of(standing_out, stream_of(number)).surroundings.similar
    first = alike[0]
    assert (first.title, first.score_percent) == ("proxy-7 answers 502 ORA-00600", 100)
    assert first.resolution == "Raised the pool size."
    assert {"proxy-7", "00600"} <= {*first.terms}
    assert first.shares == ("category", "service", "item")
    assert str(stream_of(number)) not in {each.incident_id for each in alike}


def test_the_cluster_that_it_is_one_of_is_told(standing_out: Settings) -> None:
    number = number_of(title="proxy-7 answers 502 ORA-00600")
    cluster = brief_of(standing_out, stream_of(number)).surroundings.recurring
    assert cluster is not None
    assert (cluster.service, cluster.item, cluster.incidents) == ("web", "proxy-7", 6)
    assert not cluster.linked_to_problem
    mail = brief_of(standing_out, stream_of(number_of(category="mail"))).surroundings
    assert mail.recurring is None


def test_what_rises_is_told_of_the_incidents_that_it_is_about(standing_out: Settings) -> None:
    last = number_of(title="Toner is empty")
    rising = brief_of(standing_out, stream_of(last)).surroundings.trending
    assert [(each.dimension, each.value) for each in rising] == [
        ("category", "printers"),
        ("service", "print"),
    ]
    assert rising[0].words.startswith("31 in the 4 weeks up to its report, where ")
    first = min(n for n, told in enumerate(STORIES, 1) if told.title == "Toner is empty")
    assert brief_of(standing_out, stream_of(first)).surroundings.trending == (), "nobody knew yet"


def test_an_incident_that_the_lake_does_not_know_yet_has_a_norm_and_no_like(lake: Lake) -> None:
    incident = Incident(
        incident_id=UUID(int=5),
        priority=3,
        category="mail",
        reported_at=FIRST + timedelta(days=190),
        resolved_at=FIRST + timedelta(days=191),
    )
    around = looked_around(lake, incident, FIRST + timedelta(days=196))
    assert around.similar == ()
    assert around.norms["resolution"].percentile == 100


def test_without_a_lake_a_brief_says_so_and_how_to_get_one(
    standing_out: Settings, tmp_path: Path
) -> None:
    settings = replace(standing_out, lake_folder=tmp_path)
    around = brief_of(settings, stream_of(1)).surroundings
    assert around.norms == {}
    assert "There is no lake" in around.missing
    assert "tocsin" in around.missing


def test_before_it_was_reported_there_is_nothing_to_review(standing_out: Settings) -> None:
    with pytest.raises(NotThen, match="had not begun"):
        brief_of(standing_out, stream_of(1), FIRST - timedelta(days=1))


@pytest.fixture
def run() -> Run:
    """Runs the program in this process."""
    return answer


@pytest.fixture
def in_that_home(standing_out: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_HOME", str(standing_out.home))


@pytest.mark.usefixtures("in_that_home")
class TestTheCommand:
    def test_it_prints_markdown(self, run: Run) -> None:
        result = run("brief", ONE)
        assert result.exit_code == 0
        assert result.out.startswith("# INC0000001: ")

    def test_it_writes_a_file_for_each_of_several(self, run: Run, tmp_path: Path) -> None:
        result = run("brief", ONE, str(stream_of(2)), "--format", "html", "-o", f"{tmp_path}")
        assert result.exit_code == 0
        pages = sorted(tmp_path.iterdir())
        assert [page.name for page in pages] == ["INC0000001.html", "INC0000002.html"]
        assert all("<svg" in page.read_text() for page in pages)

    def test_it_answers_programs_as_json(self, run: Run) -> None:
        said = orjson.loads(run("--json", "brief", ONE).out)
        assert said["incident"]["reference"] == "INC0000001"
        assert said["surroundings"]["norms"]

    def test_several_do_not_fit_into_one_file(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "one").touch()
        result = run("brief", ONE, str(stream_of(2)), "-o", str(tmp_path / "one"))
        assert result.exit_code == 2
        assert "folder" in result.err

    def test_an_unknown_incident_is_named(self, run: Run) -> None:
        result = run("brief", "INC7777777")
        assert result.exit_code == 1
        assert "INC7777777" in result.err

    def test_a_moment_before_its_report_is_refused(self, run: Run) -> None:
        result = run("brief", ONE, "--as-of", "2020-01-01")
        assert result.exit_code == 1
        assert "had not begun" in result.err
