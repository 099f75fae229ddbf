"""Does the comparison of read models see a row that is not what the log says?"""

from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from tests.faults.rebuilds import check, digests
from tests.past.kit import bent
from tests.replaying.kit import grow
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.registry import Registry, Role
from tocsin.settings import Settings
from tocsin.store.log import Log


def test_it_finds_a_row_that_nobody_recorded_and_puts_it_right(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, lake=False)
    with closing(Log.open(settings, writer=True)) as log:
        grow(log, bent(12))
    clean = check(settings, positions=1)
    right = digests(settings)
    with closing(Database.open(tmp_path)) as database, database.writing() as connection:
        live = Registry(database).find(connection, "incidents", Role.LIVE)
        assert live is not None
        connection.execute(text(f"UPDATE {live.table_name} SET title = 'Nothing happened'"))
    wrong = digests(settings)
    forged = check(settings, positions=1)

    assert clean.differing == ()
    assert clean.models == 2 * len(found())
    assert forged.differing == ("incidents at the end",)
    assert right != wrong
    assert right == digests(settings)
