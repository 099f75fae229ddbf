"""What the naive app lacks beside ours: a read model, its open queue, kept by the library's means.

A process of its own asks the app's recorder for what is new, a hundred events at a time, and writes
what each says together with its position, in one transaction for each event, as the library's own
projections do. (Their runner subscribes, which the library's SQLite recorder cannot.)
"""

import time
from typing import Any

from eventsourcing.persistence import InfrastructureFactory, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.sqlite import SQLiteTrackingRecorder
from eventsourcing.utils import Environment
from naive_app import Incident, application
from psycopg.sql import SQL

PAGE = 100
PAUSE_SECONDS = 0.005
TABLE = (
    "CREATE TABLE IF NOT EXISTS open_queue (incident_id TEXT PRIMARY KEY, title TEXT, status TEXT)"
)
PUT = (
    "INSERT INTO open_queue VALUES ({0}, {0}, {0})"
    " ON CONFLICT (incident_id) DO UPDATE SET status = excluded.status"
)
DELETE = "DELETE FROM open_queue WHERE incident_id = {0}"


class SQLiteQueue(SQLiteTrackingRecorder):
    """The open queue in the app's file."""

    def construct_create_table_statements(self) -> list[str]:
        """The library's tables, and the queue's."""
        return [*super().construct_create_table_statements(), TABLE]

    def keep(self, statement: str, values: list[str], tracking: Tracking) -> None:
        """A change of the queue and how far it goes, in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(statement.format("?"), values)


class PostgresQueue(PostgresTrackingRecorder):
    """The open queue in the app's database."""

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self.sql_create_statements.append(SQL(TABLE))

    def keep(self, statement: str, values: list[str], tracking: Tracking) -> None:
        """A change of the queue and how far it goes, in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(statement.format("%s"), values, prepare=True)


def told(event: Any) -> tuple[str, list[str]]:
    """What an event changes in the queue."""
    incident_id = str(event.originator_id)
    match event:
        case Incident.Reported():
            return PUT, [incident_id, event.title, "new"]
        case Incident.Acknowledged():
            return PUT, [incident_id, "", "in-progress"]
        case _:
            return DELETE, [incident_id]


def follow() -> None:
    """Keep the queue, until the process is ended."""
    factory: InfrastructureFactory[Any] = application.factory
    kind = PostgresQueue if "postgres" in factory.env["PERSISTENCE_MODULE"] else SQLiteQueue
    queue: Any = InfrastructureFactory.construct(
        Environment("OpenQueue", dict(application.env))
    ).tracking_recorder(kind)
    seen = queue.max_tracking_id(application.name) or 0
    while True:
        page = application.recorder.select_notifications(seen, PAGE, inclusive_of_start=False)
        for notification in page:
            event: Any = application.mapper.to_domain_event(notification)
            queue.keep(*told(event), Tracking(application.name, notification.id))
            seen = notification.id
        if not page:
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    follow()
