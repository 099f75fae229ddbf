"""Where the keys lie: a file of their own in the home folder, or tables beside the log.

A revoked key must stay revoked after a power cut, so every commit waits for the disk.
"""

from collections.abc import Iterator

from sqlalchemy import Column, Connection, MetaData, Table, Text, text

from tocsin.apart import Apart, number
from tocsin.drivers import AdvisoryLock
from tocsin.keys.records import KeysUnavailable

GUARDED = (("UPDATE", "api_key_changes"), ("DELETE", "api_key_changes"), ("DELETE", "api_keys"))
"""What nobody does to the tables, by trigger."""


class KeyTables(Apart):
    """The keys, and what was ever done to them."""

    schema_name = "tocsin"
    lock = AdvisoryLock.KEYS
    called = "The keys"
    unavailable = KeysUnavailable

    def _declare(self, metadata: MetaData) -> None:
        self.keys = Table(
            "api_keys",
            metadata,
            Column("key_id", Text, primary_key=True),
            Column("owner", Text, nullable=False),
            Column("scopes", Text, nullable=False),
            Column("digest", Text, nullable=False),
            Column("created_at", Text, nullable=False),
            Column("expires_at", Text),
            Column("revoked_at", Text),
            Column("last_used_at", Text),
        )
        self.changes = Table(
            "api_key_changes",
            metadata,
            number("number", primary_key=True),
            *(
                Column(name, Text, nullable=False)
                for name in ("key_id", "change", "at", "by", "detail")
            ),
        )

    def _complete(self, connection: Connection) -> bool:
        """Whether it is all there already, made by a role that may have more rights than ours."""
        if not self._schema:
            return False
        names = [f"{table}_{verb.lower()}" for verb, table in GUARDED]
        found = connection.execute(
            text(
                "SELECT count(*) FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid"
                " JOIN pg_namespace n ON n.oid = relnamespace"
                " WHERE nspname = :schema AND tgname = ANY(:names)"
            ),
            {"schema": self._schema, "names": names},
        )
        return bool(found.scalar_one() == len(names))

    def _guards(self) -> Iterator[str]:
        """What was done to a key is never changed, and no key is ever forgotten."""
        if not self._schema:
            for verb, table in GUARDED:
                yield (
                    f"CREATE TRIGGER IF NOT EXISTS {table}_{verb.lower()} BEFORE {verb} ON {table}"
                    f" BEGIN SELECT RAISE(ABORT, '{table} keeps everything'); END"
                )
            return
        yield (
            f"CREATE OR REPLACE FUNCTION {self._schema}.api_keys_keep() RETURNS trigger"
            " LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION '% keeps everything',"
            " TG_TABLE_NAME; END$$"
        )
        for verb, table in GUARDED:
            yield (
                f"CREATE OR REPLACE TRIGGER {table}_{verb.lower()} BEFORE {verb}"
                f" ON {self._schema}.{table} EXECUTE FUNCTION {self._schema}.api_keys_keep()"
            )
