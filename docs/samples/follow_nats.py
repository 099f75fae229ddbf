"""Follow a relayed log, and do something for each event exactly once: here, count them by type.

    python follow_nats.py nats://127.0.0.1:4222 counts.db [--until-quiet]

What is done and how far it is are written in one transaction. So whatever dies in between, an event
that is delivered again is known by its position and passed over.
"""

import asyncio
import json
import sqlite3
import sys

import nats

STREAM, NAME = "TOCSIN_EVENTS", "counts"
TABLES = """
CREATE TABLE IF NOT EXISTS reached (log TEXT PRIMARY KEY, position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS counts (type TEXT PRIMARY KEY, events INTEGER NOT NULL);
"""


def handle(database: sqlite3.Connection, event: dict) -> bool:
    """Do what is to be done for an event; false when it was done before."""
    log, position = event["source"], int(event["sequence"])
    with database:  # one transaction
        row = database.execute("SELECT position FROM reached WHERE log = ?", (log,)).fetchone()
        reached = row[0] if row else 0
        if position <= reached:
            return False
        if row and position != reached + 1:
            raise RuntimeError(
                f"After position {reached} came {position}: ask the feed for the rest."
            )
        database.execute(
            "INSERT INTO counts VALUES (?, 1) ON CONFLICT (type) DO UPDATE SET events = events + 1",
            (event["type"],),
        )
        database.execute(
            "INSERT INTO reached VALUES (?, ?)"
            " ON CONFLICT (log) DO UPDATE SET position = excluded.position",
            (log, position),
        )
    return True


async def follow(server: str, file: str, until_quiet: bool, stream: str = STREAM) -> int:
    database = sqlite3.connect(file)
    database.executescript(TABLES)
    client = await nats.connect(server)
    consumer = await client.jetstream().pull_subscribe("", durable=NAME, stream=stream)
    done = 0
    while True:
        try:
            messages = await consumer.fetch(100, timeout=1)
        except TimeoutError:  # it is quiet
            if until_quiet:
                break
            continue
        for message in sorted(messages, key=lambda each: each.metadata.sequence.stream):
            done += handle(database, json.loads(message.data))
            await message.ack()
    await client.close()
    database.close()
    return done


if __name__ == "__main__":
    arguments = [each for each in sys.argv[1:] if not each.startswith("--")]
    done = asyncio.run(follow(*arguments[:2], "--until-quiet" in sys.argv, *arguments[2:]))
    sys.stdout.write(f"{done} done\n")
