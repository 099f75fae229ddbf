"""A brief as Markdown, HTML and JSON: whole, and never mistaking what people wrote for markup."""

from html.parser import HTMLParser

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brief.kit import NETWORK, begun, brief, x
from tests.clock.kit import Life, held
from tocsin.brief.layout import document
from tocsin.documents.document import Document, Grid, Picture, Points, Section, Sentence
from tocsin.documents.html import html
from tocsin.documents.markdown import escaped, markdown
from tocsin.documents.spans import span
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import Source
from tocsin.domain.kernel import replace

SECTIONS = [
    "Questions that the data raise", "At a glance", "Service levels", "Timeline",
    "Hand-offs and waiting", "Who was involved", "Workarounds and approvals",
    "What people were told", "Its like, and its trend",
]  # fmt: skip
FULL = (
    begun(1)
    .on("10:00", x.MAJOR, x.UPDATED, x.PROPOSED)
    .on("10:40", x.APPROVED, x.APPLIED)
    .on("11:00", NETWORK, held())
    .on("12:00", x.RESUMED, x.CORRECTED, x.RESOLVED)
)


class Text(HTMLParser):
    """What a reader of the page sees, and which marks it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.marks: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.seen.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.marks.append(tag)


@pytest.mark.parametrize("life", [begun(), FULL], ids=["short", "full"])
def test_every_section_is_there_whether_there_is_much_to_say_or_little(life: Life) -> None:
    page = document(brief(life))
    assert [section.title for section in page.sections] == SECTIONS
    assert all(section.blocks for section in page.sections)
    text = markdown(page)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [
        escaped(title) for title in SECTIONS
    ]


def test_the_page_says_what_people_look_for_first() -> None:
    page = markdown(document(brief(FULL)))
    assert page.startswith("# INC0000001: Outlook is down\n"), "the title as it was corrected"
    assert "Resolved, priority 1, major incident." in page
    assert "| 2026-03-02 11:00 |  | Nothing is on record" not in page, "it was on hold"
    assert "approved by dana after 40 min" in page


def test_the_timeline_marks_its_gaps_where_they_are() -> None:
    life = begun(1).on("10:10", x.RESOLVED)
    page = markdown(document(brief(life)))
    lines = [line for line in page.splitlines() if "| 2026" in line or "**2026" in line]
    place = next(n for n, line in enumerate(lines) if "Acknowledged" in line)
    gap = next(n for n, line in enumerate(lines) if "Nothing is on record for 1 h" in line)
    assert gap == place + 1
    assert "**" in lines[gap]


def test_what_people_wrote_is_no_markup() -> None:
    """Neither a script in HTML nor a heading, a table cell or a link in Markdown."""
    title = "<script>alert(1)</script> | # [x](javascript:1) *b* `c`"
    report = e.IncidentReported(title=title, source=Source.MONITORING)
    life = begun()
    first, *rest = life.history
    life = replace(life, history=(replace(first, event=report), *rest))
    page = Text(html(document(brief(life))))
    assert "script" not in page.marks
    assert any(title in seen for seen in page.seen)
    first_line = markdown(document(brief(life))).splitlines()[0]
    assert "<script>" not in first_line
    assert "\\|" in first_line


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=40)


@given(TEXTS)
def test_any_text_comes_out_of_html_as_it_went_in(text: str) -> None:
    page = Document("t", "s", [Section("x", [Sentence(text), Points([(text, text)])])])
    seen = Text(html(page))
    assert set(seen.marks) <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "section", "ul", "li",
        "span", "footer",
    }  # fmt: skip
    assert not text or text in "".join(seen.seen)


@given(TEXTS)
def test_any_text_keeps_to_its_cell_and_its_line_in_markdown(text: str) -> None:
    page = Document("t", "s", [Section("x", [Grid(("a", "b"), [(text, "end")])])])
    lines = markdown(page).splitlines()
    row = lines[-1]
    assert row.endswith("| end |")
    assert row.replace("\\\\", "").replace("\\|", "").count("|") == 3


def test_a_picture_is_drawn_in_html_and_told_in_markdown() -> None:
    page = Document("t", "s", [Section("x", [Picture("p", "<svg></svg>", "What it shows")])])
    assert "<figure><svg></svg>" in html(page)
    assert "*What it shows*" in markdown(page)


def test_html_fetches_nothing() -> None:
    page = html(document(brief(FULL)))
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_json_has_every_part_in_plain_values() -> None:
    said = orjson.loads(brief(FULL).json())
    assert said["incident"]["reference"] == "INC0000001"
    assert "last_said" not in said["incident"]
    assert {each["measure"] for each in said["times"]} >= {"detection", "resolution"}
    assert said["workarounds"][0]["waited_seconds"] == 40 * 60
    assert said["questions"][0].keys() == {"topic", "question", "because"}
    assert said["as_of"] == "2026-03-02T18:00:00Z"


def test_the_same_history_gives_the_same_bytes() -> None:
    assert brief(FULL).json() == brief(FULL).json()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_660, "1 h 1 min"), (90_061, "1 d 1 h"),
     (86_400 + 120, "1 d"), (-60, "-1 min")],
)  # fmt: skip
def test_a_span_is_said_in_its_two_largest_units(seconds: int, said: str) -> None:
    assert span(seconds) == said
