"""Sail: Spark's language without Java, in one library; or any server that speaks Spark Connect.

`sail` starts one in this process, which only this process reaches; `sc://host:port` goes to one
that is there, be it Sail or Spark itself.
"""

import os
from pathlib import Path
from typing import Any

from tocsin.lake.engines.engine import EngineRefused
from tocsin.lake.engines.places import library
from tocsin.lake.engines.spark import Spark, quiet
from tocsin.settings import Settings

SCHEMES = ("sail", "sc")


class Sail(Spark):
    """A session over Spark Connect, and the server if it is our own."""

    name = "sail"

    def __init__(self, session: Any, settings: Settings, server: Any) -> None:
        super().__init__(session, settings)
        self._server = server

    def close(self) -> None:
        """End the session, and the server that it was with."""
        super().close()
        if self._server is not None:
            self._server.stop()


def connect(address: str, settings: Settings, folder: Path) -> Sail:
    """A session with the server that the address names.

    Raises:
        EngineRefused: a library is missing, or the server does not answer.
    """
    with quiet():
        (sql,) = library("sail", "sail", "pyspark.sql.connect.session")
    server, remote = _own() if address == "sail" else (None, address)
    try:
        with quiet():
            session = sql.SparkSession.builder.remote(remote).create()
            session.sql("select 1").toArrow()
    except Exception as error:
        raise EngineRefused(f"{address} does not answer as Spark Connect does: {error}") from error
    return Sail(session, settings, server)


def _own() -> tuple[Any, str]:
    os.environ.setdefault("RUST_LOG", "error")
    (sail,) = library("sail", "sail", "pysail.spark")
    server = sail.SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    _, port = server.listening_address
    return server, f"sc://127.0.0.1:{port}"
