"""What draws is optional: it is large, and most services never draw."""

from importlib.util import find_spec

NEEDED = "Charts need two libraries: pip install 'tocsin[charts]'"
LIBRARIES = ("altair", "vl_convert")


class NoCharts(Exception):
    """The libraries that draw are not installed."""


class NothingToDraw(ValueError):
    """There is no number in it."""


def check() -> None:
    """Make sure that charts can be drawn.

    Raises:
        NoCharts: they cannot.
    """
    for name in LIBRARIES:
        if not _there(name):
            raise NoCharts(f"{NEEDED} ({name} is missing).")


def _there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ValueError:
        return False  # somebody has put nothing in its place
