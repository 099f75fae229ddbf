"""`scripts/gallery FILE`: charts of real incidents for docs/gallery."""

import sys
import threading
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.galleries.page import page
from scripts.galleries.pictures import PICTURES
from tocsin.analysis.forms import rendered
from tocsin.importers.servicenow_audit import import_file
from tocsin.lake import open_lake
from tocsin.lake.writer import Writer
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.trends import Question

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "gallery"
USAGE = "usage: scripts/gallery FILE   an audit log of ServiceNow, as CSV; it may be compressed"


def main(arguments: list[str]) -> int:
    """Import, take into a lake, and draw."""
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print(USAGE, file=sys.stderr)
        return 2
    with TemporaryDirectory(prefix="tocsin-gallery-") as home:
        settings = Settings(home=Path(home))
        with closing(Log.open(settings, writer=True)) as log:
            print(f"Importing {arguments[0]}")
            import_file(Path(arguments[0]), log)
        with closing(Log.open(settings)) as log:
            print(f"Taking {log.head():,} events into a lake")
            Writer(log, settings).catch_up(threading.Event())
        draw(settings)
    return 0


def draw(settings: Settings) -> None:
    """Every chart, and the page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    drawn = []
    with open_lake(settings=settings) as lake:
        for picture in PICTURES:
            trend = lake.trends[picture.trend]
            answer = lake.ask(Question.read(trend.name, picture.asked))
            chart = rendered(answer, trend, "svg", picture.measure)
            (FOLDER / f"{picture.name}.svg").write_bytes(chart + b"\n")
            print(f"docs/gallery/{picture.name}.svg")
            drawn.append((picture, trend, answer))
        whole = lake.trend("volume", grain=Question.read("volume", {"grain": "all"}).grain)
        (incidents,) = whole.column("reported")
    (FOLDER / "README.md").write_text(page(drawn, incidents), "utf-8")
    print("docs/gallery/README.md")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
