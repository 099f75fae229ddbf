"""What every test may ask for; and whoever runs it keeps their own settings and data untouched."""

import gc
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.analysis.kit import analysed
from tests.postgres import postgres, postgres_url
from tests.scratch import write_to_memory
from tests.uci import imported_uci
from tocsin.telemetry.logs import LIBRARIES, Stderr

__all__ = ["analysed", "home", "imported_uci", "postgres", "postgres_url", "postmortems", "uci"]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
DATA = ROOT.parent / "shared" / "data"

write_to_memory()

DOMAIN = {"domain", "worktime", "clock"}
"""Folders whose quick tests reach every branch of the domain by themselves."""

# Machines that build are slow and shared: a deadline there says nothing of the code.
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile(
    "thorough",
    settings.get_profile("default"),
    max_examples=1_000,
    suppress_health_check=[*HealthCheck],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is of the domain, so that it can be run alone, or left out."""
    for item in items:
        if item.path.relative_to(HERE).parts[0] in DOMAIN:
            item.add_marker("domain")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: to look for cycles among it over and over would be a
    seventh of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True)
def unheard() -> Iterator[None]:
    """What a service that ran in this process has to say is not heard after its test."""
    yield
    root = logging.getLogger()
    heard = [each for each in root.handlers if isinstance(each, Stderr)]
    if heard:
        for handler in heard:
            root.removeHandler(handler)
        root.setLevel(LIBRARIES)
        for ours in ("tocsin", "projections"):
            logging.getLogger(ours).setLevel(logging.NOTSET)
        logging.captureWarnings(capture=False)


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home for the whole run, and none of the settings of whoever runs the tests."""
    place = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
            patch.delenv(name)
        patch.setenv("TOCSIN_HOME", str(place))
        patch.setenv("XDG_DATA_HOME", str(place))
        yield place


@pytest.fixture(scope="session")
def uci() -> Path:
    """A real company's audit log, with the figures that it must give."""
    return _data("uci")


@pytest.fixture(scope="session")
def postmortems() -> Path:
    """Real reviews of real incidents."""
    return _data("postmortems")


def _data(name: str) -> Path:
    if not (DATA / name).is_dir():
        pytest.skip(f"the real data are not here: {DATA / name}")
    return DATA / name
