"""A log on PostgreSQL that does not wait for its disk must be found out."""

import tempfile
from dataclasses import replace
from pathlib import Path

from tests.faults.deaths import storms, told
from tests.faults.storm import of_the_database
from tests.faults.trials import Result, Site, Trial
from tests.postgres import Postgres

PROGRAM = "tests.faults.unsynced"
LAZY = {"wal_writer_delay": "10s"}
"""What is not waited for is written late: so much is lost with the server."""


def forgetful(site: Site, deaths: int) -> Result:
    """Acknowledged commands are missing after PostgreSQL has died: the audit says so."""
    how = {"prefix": "tocsin-postgres-", "ignore_cleanup_errors": True}
    with tempfile.TemporaryDirectory(**how) as home:  # type: ignore[call-overload]
        lazy = Postgres(Path(home), **LAZY)
        lazy.start()
        try:
            there = replace(site, postgres=lazy)
            outcomes = storms(
                lambda each: of_the_database(each.postgres),
                there,
                deaths,
                shared=True,
                program=PROGRAM,
            )
        finally:
            lazy.stop()
    return told(outcomes, ok=any(outcome.audit.lost for outcome in outcomes))


TRIALS = (Trial("T3c", "control: PostgreSQL does not wait for its disk", forgetful, 2, 20),)
