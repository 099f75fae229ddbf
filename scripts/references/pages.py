"""Which reference pages there are, and what each should say."""

from pathlib import Path

from scripts.references import domain, metrics, service, trends

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
WRITTEN = "<!-- Written by scripts/reference from the code. Change the code, then run it. -->\n\n"

PAGES = {
    "commands.md": domain.commands_page,
    "events.md": domain.events_page,
    "refusals.md": domain.refusals_page,
    "values.md": domain.values_page,
    "policy.md": domain.policy_page,
    "projections.md": service.projections_page,
    "trends.md": trends.trends_page,
    "settings.md": service.settings_page,
    "metrics.md": metrics.metrics_page,
    "problems.md": service.problems_page,
    "http.md": service.http_page,
    "cli.md": service.cli_page,
}


def pages() -> dict[str, str]:
    """The text of every page, by its file name."""
    return {name: WRITTEN + page().rstrip() + "\n" for name, page in PAGES.items()}
