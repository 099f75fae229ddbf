"""Does the projection with a state that the documentation shows do what it says?"""

import importlib.util
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, follow
from tests.readmodels.conftest import Model
from tests.readmodels.streams import REPORTED, RESUMED, Memory, published, stream, told
from tests.readmodels.test_states import CALLER, REOPENED, VENDOR
from tocsin.domain.incident.values import HoldReason
from tocsin.readmodels import Projection
from tocsin.readmodels.database import Database
from tocsin.readmodels.digest import verify
from tocsin.readmodels.rebuild import rebuild


def test_the_example_of_a_state_says_who_waited_for_whom_under_which_policy(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = follow(DOCS / "how-to" / "keep-a-state.md", tmp_path)
    assert file == "projections/holds.py"
    spec = importlib.util.spec_from_file_location("holds", tmp_path / file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "holds", module)
    spec.loader.exec_module(module)
    history = told(
        (1, REPORTED), (1, CALLER), (0, published("stricter")), (1, VENDOR), (1, RESUMED),
        (2, REPORTED), (2, VENDOR), (1, REOPENED),
    )  # fmt: skip
    at = [recorded.occurred_at for recorded in history]
    projection = Projection.of(module)
    log, model = Memory(history), Model(database, projection)
    assert rebuild(log, database, [projection], page=3)
    found = {(row.incident_id, row.number): row for row in model.rows()}
    assert found.keys() == {(stream(1), 1), (stream(1), 2), (stream(2), 1)}
    said = [(row.reason, row.began_at, row.ended_at, row.policy_version) for row in found.values()]
    assert said == [
        (HoldReason.AWAITING_CALLER, at[1], at[3], 1),
        (HoldReason.AWAITING_VENDOR, at[3], at[4], 2),
        (HoldReason.AWAITING_VENDOR, at[6], None, 2),
    ]
    assert verify(log, database, projection).equal
