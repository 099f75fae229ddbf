"""The dashboard and the alert rules speak of figures that there are, and do what they say."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
import yaml

from tests.http.conftest import REPORT
from tests.http.test_server import first_key_of, started, until_ready
from tests.telemetry.test_figures import samples
from tocsin.cli import main
from tocsin.lake.extra import installed
from tocsin.settings import Settings

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "observability"
RULES, RULE_TESTS = FOLDER / "alerts.yaml", FOLDER / "alerts.test.yaml"
PROMTOOL = shutil.which("promtool")
checked = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not here: it is in Debian's package prometheus"
)
COLUMNS = 24
UNITS = {"short", "s", "ops", "reqps", "bytes", "percentunit"}
KEYWORDS = {"by", "on", "and", "or", "unless", "without", "ignoring", "group_left", "bool"}
NOT_OURS = {"up"}
"""What Prometheus itself knows of those that it asks."""


def rules() -> dict[str, dict[str, Any]]:
    """Every alert, by its name."""
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
    return found


def panels() -> list[dict[str, Any]]:
    """All that show something."""
    return [each for each in dashboard()["panels"] if each["type"] != "row"]


def expressions() -> list[str]:
    """All that a panel asks, with what Grafana would put in for its variables."""
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    asked += [e["expr"] for e in dashboard()["annotations"]["list"] if "expr" in e]
    return [e.replace("$__rate_interval", "1m").replace("$instance", ".*") for e in asked]


def names(expression: str) -> set[str]:
    """The names of metrics in PromQL: words that are no label, no function and no keyword."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(by|on|without|ignoring)\s*\([^)]*\)", "", bare)
    return set(re.findall(r"\b[a-z_][a-z0-9_]*\b(?!\s*\()", bare)) - KEYWORDS


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    assert PROMTOOL is not None
    command = [PROMTOOL, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_names_of_metrics_are_found_in_what_is_asked() -> None:
    """Else a panel of nothing but wrong names would pass."""
    asked = (
        'histogram_quantile(0.99, sum by (le, route) (rate(a_bucket{status=~"5.."}[5m]))) > 1'
        ' and on () up{job="x"} == 1 or b_total / ignoring (c) d_seconds'
    )
    assert names(asked) == {"a_bucket", "up", "b_total", "d_seconds"}


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[str]]:
    """The names of all that a running service tells, whatever it has: read models, a lake, a place
    for checkpoints, a collector."""
    if not installed():
        pytest.skip("the extra `trends` is not installed: there is no lake to tell of")
    home: Path = tmp_path_factory.mktemp("scraped")
    environment = {
        "TOCSIN_LAKE": "true",
        "TOCSIN_LAKE_SECONDS": "0.1",
        "TOCSIN_CHECKPOINT_SECONDS": "0.05",
        "TOCSIN_CHECKPOINT_FILE": str(home / "held"),
        "TOCSIN_TELEMETRY": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    }
    with started(home / "home", **environment) as (process, url):
        until_ready(process, url)
        assert process.stderr is not None
        headers = {"Authorization": f"Bearer {first_key_of(process.stderr.readline())}"}
        with httpx.Client(base_url=url, headers=headers, timeout=20) as client:
            assert client.post("/incidents", json=REPORT).is_success
            last = {"tocsin_lake_lag_seconds", "tocsin_checkpoint_age_seconds"}
            last |= {"tocsin_projection_position", "tocsin_projector_round_events_count"}
            until, found = time.monotonic() + 30, set[str]()
            while not last <= found:
                assert time.monotonic() < until, last - found
                time.sleep(0.1)
                found = {name for name, _ in samples(client.get("/metrics").text)}
            # Nothing was due yet, so this one has no samples to be seen in.
            assert "# TYPE tocsin_acts_total counter" in client.get("/metrics").text
            yield found | {"tocsin_acts_total"}


def test_every_panel_shows_what_there_is(scraped: set[str]) -> None:
    asked = set().union(*map(names, expressions()))
    assert len(asked) > 40
    assert asked - scraped == set()


def test_every_alert_watches_what_there_is(scraped: set[str]) -> None:
    watched = set().union(*(names(rule["expr"]) for rule in rules().values()))
    assert len(watched) > 20
    assert watched - scraped - NOT_OURS == set()


def test_the_dashboard_shows_every_figure_that_a_service_has_of_its_own(scraped: set[str]) -> None:
    """One that nobody sees need not be counted."""
    asked = " ".join(expressions())
    families = {re.sub(r"_(bucket|sum|count|total|created)$", "", each) for each in scraped}
    ours = {each for each in families if each.startswith("tocsin_")}
    elsewhere = {
        "tocsin_build_info",
        "tocsin_telemetry_spans",
        "tocsin_figures_missing_sources",
        "tocsin_lake_lag_events",
        "tocsin_lake_position",
        "tocsin_projection_lag_events",
        "tocsin_decide_seconds",
        "tocsin_checkpoint_size",
        "tocsin_checkpoint_place_size",
        "tocsin_checkpoint_place_failures",
        "tocsin_reaction_position",
    }
    assert {each for each in ours if each not in asked} <= elsewhere


@checked
def test_prometheus_accepts_the_rules() -> None:
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(rules())} rules found" in done.stdout


@checked
def test_each_alert_speaks_up_when_it_should_and_is_silent_otherwise() -> None:
    done = promtool("test", "rules", RULE_TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@checked
def test_an_alert_that_never_speaks_up_is_noticed(tmp_path: Path) -> None:
    """And so is one that always does."""
    shutil.copy(RULE_TESTS, tmp_path)
    for broken in ("tocsin_projection_halted) > 9", "tocsin_projection_halted) >= 0"):
        text = RULES.read_text("utf-8").replace("tocsin_projection_halted) > 0", broken)
        (tmp_path / RULES.name).write_text(text, "utf-8")
        done = promtool("test", "rules", tmp_path / RULE_TESTS.name)
        assert done.returncode != 0
        assert "TocsinReadModelHalted" in done.stdout + done.stderr


@checked
def test_prometheus_accepts_what_the_panels_ask(tmp_path: Path) -> None:
    recorded = [{"record": f"panel:{n}", "expr": e} for n, e in enumerate(expressions())]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}), "utf-8")
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test_and_is_silent_in_that_of_a_good_day() -> None:
    tests = yaml.safe_load(RULE_TESTS.read_text("utf-8"))["tests"]
    good, *bad = tests
    assert {each["alertname"] for each in good["alert_rule_test"]} == set(rules())
    assert not any(each.get("exp_alerts") for each in good["alert_rule_test"])
    spoken = [each for test in bad for each in test["alert_rule_test"]]
    assert {each["alertname"] for each in spoken if each["exp_alerts"]} == set(rules())


def test_every_alert_says_what_to_do() -> None:
    """To somebody who was asleep a minute ago."""
    for name, rule in rules().items():
        assert re.fullmatch(r"Tocsin[A-Z]\w+", name)
        assert rule["labels"]["severity"] in {"page", "ticket"}
        said = rule["annotations"]
        assert said["summary"].endswith("."), name
        assert len(re.findall(r"[.?] |\.$", said["runbook"])) >= 2, name


def test_a_runbook_names_commands_and_settings_that_there_are() -> None:
    """At 3 a.m. nobody wants to be told to type what does not exist."""
    said = RULES.read_text("utf-8")
    commands = set(re.findall(r"`tocsin ([a-z-]+)(?: ([a-z-]+))?[^`]*`", said))
    assert len(commands) >= 8
    context = click.Context(main)
    for command, inner in commands:
        found = main.get_command(context, command)
        assert found is not None, command
        if isinstance(found, click.Group) and inner:
            assert found.get_command(context, inner) is not None, f"{command} {inner}"
    settings = set(re.findall(r"\bTOCSIN_[A-Z_]+\b", said))
    assert len(settings) >= 7
    assert settings <= set(Settings().environment())


def test_the_dashboard_is_one_that_grafana_shows() -> None:
    """No two panels in one place or of one id; each with a source that the reader chooses."""
    found = dashboard()
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= found.keys()
    ids = [each["id"] for each in found["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for each in found["panels"]:
        at = each["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert max(x for x, _ in cells) < COLUMNS
        assert not cells & taken, each["title"]
        taken |= cells
    for panel in panels():
        assert panel["type"] in {"timeseries", "stat", "heatmap"}
        assert panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"].get("unit", "s") in UNITS
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters) > 0
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert "$instance" in target["expr"], panel["title"]
    assert [each["name"] for each in found["templating"]["list"]] == ["datasource", "instance"]
