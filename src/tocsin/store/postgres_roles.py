"""Who may do what in the shared store: a role that adds to the log, and cannot change it.

Triggers refuse to change what is recorded, whoever asks; but the owner of a table can switch them
off. So the tables of the log belong to one role, which makes them, and the service runs as another,
which may only do what is granted here. It is a guard rail: whoever administers the server can do
anything, and it is the hash tree that shows it.
"""

from collections.abc import Iterator
from typing import LiteralString

from psycopg.sql import Identifier

RIGHTS: dict[LiteralString, LiteralString] = {
    "schema_version": "SELECT",
    "head": "SELECT, UPDATE",
    "events": "SELECT, INSERT",
    "commands": "SELECT, INSERT",
    "claims": "SELECT, INSERT, DELETE",
    "nodes": "SELECT, INSERT",
    "checkpoints": "SELECT, INSERT",
    "attestations": "SELECT, INSERT",
    "api_keys": "SELECT, INSERT, UPDATE",
    "api_key_changes": "SELECT, INSERT",
}
"""What the service needs of each table of the schema `tocsin`, and no more."""
ITS_OWN = ("readmodels", "tocsin_access", "tocsin_vault")
"""Schemas that the service makes itself: of what is in them, something must go, some day."""
_HAND_OVER = """DO $$
DECLARE thing record;
BEGIN
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO {role}', current_database());
    FOR thing IN
        SELECT format('SCHEMA %I', nspname) AS name FROM pg_namespace WHERE nspname IN ({own})
        UNION ALL SELECT format('TABLE %s', c.oid::regclass) FROM pg_class c
            JOIN pg_namespace n ON n.oid = relnamespace
            WHERE nspname IN ({own}) AND relkind IN ('r', 'p', 'v', 'm')
        UNION ALL SELECT format('ROUTINE %s', p.oid::regprocedure) FROM pg_proc p
            JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname IN ({own})
    LOOP
        EXECUTE 'ALTER ' || thing.name || ' OWNER TO {role}';
    END LOOP;
END $$"""


def grants(role: str) -> Iterator[str]:
    """The statements that let a role run the service, for the owner of the log to execute.

    They may be executed again, and must be after an update that brought new tables. What the
    service keeps beside the log becomes the role's own.
    """
    name = Identifier(role).as_string()
    own = ", ".join(f"'{schema}'" for schema in ITS_OWN)
    yield _HAND_OVER.format(role=name.replace("'", "''").replace("%", "%%"), own=own)
    yield f"GRANT USAGE ON SCHEMA tocsin TO {name}"
    for table, rights in RIGHTS.items():
        yield f"REVOKE ALL ON tocsin.{table} FROM {name}"
        yield f"GRANT {rights} ON tocsin.{table} TO {name}"
