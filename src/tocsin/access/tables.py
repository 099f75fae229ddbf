"""Where the journal lies: a file of its own in the home folder, or a schema beside the log.

Of an entry that has expired the hash stays. Nothing else of it may be changed or removed: the
triggers say so to honest mistakes, the tree finds the others.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, MetaData, Table, Text, text

from tocsin.access.records import JournalUnavailable
from tocsin.apart import Apart, number
from tocsin.drivers import AdvisoryLock


class AccessTables(Apart):
    """The entries, whom they are about, and how far their tree has grown."""

    schema_name = "tocsin_access"
    lock = AdvisoryLock.ACCESS
    called = "The access journal"
    unavailable = JournalUnavailable

    def _declare(self, metadata: MetaData) -> None:
        self.entries = Table(
            "entries",
            metadata,
            number("number", primary_key=True),
            Column("at", Text, nullable=False, index=True),
            Column("leaf", LargeBinary, nullable=False),
            Column("body", LargeBinary),
        )
        self.about = Table(
            "about",
            metadata,
            Column("incident", Text, primary_key=True),
            number("number", primary_key=True),
        )
        Index("about_number", self.about.c.number)
        self.head = Table(
            "head",
            metadata,
            number("one", primary_key=True),
            number("size", nullable=False),
            Column("frontier", LargeBinary, nullable=False),
        )

    def rewrite(self) -> None:
        """Let the file hold nothing of what was dropped."""
        if not self._schema:
            with self._engine.connect() as connection:
                raw: Any = connection.connection.driver_connection
                raw.execute("VACUUM")
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                for table in (self.entries, self.about):
                    connection.execute(text(f"VACUUM {self._schema}.{table.name}"))

    def _guards(self) -> Iterator[str]:
        """An entry may lose its body, and nothing else."""
        may_not = "entries of the journal only lose their bodies, when they expire"
        if not self._schema:
            only_the_body = (
                "NEW.body IS NOT NULL OR NEW.number IS NOT OLD.number OR NEW.at IS NOT OLD.at"
                " OR NEW.leaf IS NOT OLD.leaf"
            )
            for verb, when in (("UPDATE", f"WHEN {only_the_body} "), ("DELETE", "")):
                yield (
                    f"CREATE TRIGGER IF NOT EXISTS entries_{verb.lower()} BEFORE {verb} ON entries"
                    f" {when}BEGIN SELECT RAISE(ABORT, '{may_not}'); END"
                )
            return
        yield (
            f"CREATE OR REPLACE FUNCTION {self._schema}.entries_keep() RETURNS trigger"
            " LANGUAGE plpgsql AS $$BEGIN"
            " IF TG_OP = 'UPDATE' AND NEW.body IS NULL AND NEW.number = OLD.number"
            " AND NEW.at = OLD.at AND NEW.leaf = OLD.leaf THEN RETURN NEW; END IF;"
            f" RAISE EXCEPTION '{may_not}'; END$$"
        )
        for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            yield (
                f"CREATE OR REPLACE TRIGGER entries_{verb.lower()} BEFORE {verb}"
                f" ON {self._schema}.entries FOR EACH {each}"
                f" EXECUTE FUNCTION {self._schema}.entries_keep()"
            )
