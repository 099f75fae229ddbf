"""A signed log that is made once, and copied by whoever damages it."""

import pytest

from tests.audit.paper import Paper, made


@pytest.fixture(scope="session")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    """Nobody may alter it."""
    return made(tmp_path_factory.mktemp("audit") / "home")
