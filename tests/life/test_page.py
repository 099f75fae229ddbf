"""Is what people read about those weeks what was worked out for them?"""

import re
from pathlib import Path

from tests.life import days, nights

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "two-weeks.md"
TOLD = re.compile(r"^## [^\n]*: (\w+)$.*?^```text\n(.*?)\n^```$", re.MULTILINE | re.DOTALL)


def test_the_page_tells_what_time_does() -> None:
    told = dict(TOLD.findall(PAGE.read_text(encoding="utf-8")))
    shown = (nights.LEDGER, nights.PORTAL, days.WLAN)
    assert {story.name: "\n".join(story.acts) for story in shown} == told
