"""ClickHouse: a server of it, or the whole engine in this process (chDB).

Files are read where they are, by table functions inside the question itself: nothing is loaded or
created, and a user who may only read is enough. The settings make it answer as SQL does elsewhere:
what a join does not find is null, and the sum of nothing is null.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from tocsin.lake.engines.engine import EngineRefused, IbisEngine
from tocsin.lake.engines.places import library, seen
from tocsin.settings import Settings

SCHEMES = ("chdb", "clickhouse", "clickhouses")
QUERY_SETTINGS = {
    "join_use_nulls": 1,
    "aggregate_functions_null_for_empty": 1,
    "enable_positional_arguments": 0,
    "glob_expansion_max_elements": 1_000_000,
    "max_query_size": 100_000_000,
}
PORTS = {"clickhouse": 8123, "clickhouses": 8443}


class ClickHouse(IbisEngine):
    """One connection."""

    name = "clickhouse"

    def __init__(self, backend: Any, settings: Settings) -> None:
        super().__init__(backend)
        self._settings = settings

    def parquet(self, name: str, files: Sequence[Path]) -> Any:
        """The files become part of every question that is asked of the table."""
        shape = pq.read_schema(files[0])
        query = f"select * from {source(seen(files, self._settings), structure(shape))}"
        return self.backend.sql(query, schema=ibis.Schema.from_pyarrow(shape))

    def arrow(self, expression: Any) -> pa.Table:
        """What an expression comes to."""
        found = self.backend.con.query_arrow(self.backend.compile(expression), use_strings=True)
        return found.cast(expression.as_table().schema().to_pyarrow())

    def close(self) -> None:
        """End the connection."""
        self.backend.con.close()


def connect(address: str, settings: Settings, folder: Path) -> ClickHouse:
    """`chdb`, or the server of clickhouse://user:password@host:port/database (its HTTP port);
    clickhouses:// for one behind TLS.

    Raises:
        EngineRefused: a library is missing, or the server does not answer.
    """
    needed = ["clickhouse_connect", *(["chdb"] if address == "chdb" else [])]
    library("clickhouse", "clickhouse", *needed)
    # What goes wrong is raised; it also logs that, and what Ibis says that chDB has no use for.
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
    place = {"interface": "chdb", "host": None} if address == "chdb" else _server(address)
    try:
        backend = ibis.clickhouse.connect(**place, settings=QUERY_SETTINGS)
    except Exception as error:
        where = place["host"] or address
        raise EngineRefused(f"ClickHouse at {where} cannot be used: {error}") from error
    return ClickHouse(backend, settings)


def _server(address: str) -> dict[str, Any]:
    said = urlsplit(address)
    if not said.hostname:
        raise EngineRefused("ClickHouse is at clickhouse://user:password@host:port/database.")
    return {
        "host": said.hostname,
        "port": said.port or PORTS[said.scheme],
        "user": unquote(said.username or "default"),
        "password": unquote(said.password or ""),
        "database": said.path.strip("/") or "default",
        "secure": said.scheme == "clickhouses",
    }


def source(files: Sequence[str], columns: str) -> str:
    """The table function that reads files: of a disk, or of a store of objects."""
    folder = files[0].rsplit("/", 1)[0]
    while not all(file.startswith(f"{folder}/") for file in files):
        folder = folder.rsplit("/", 1)[0]
    names = [file.removeprefix(f"{folder}/") for file in files]
    pattern = f"{folder}/{names[0]}" if len(names) == 1 else f"{folder}/{{{','.join(names)}}}"
    function = "s3" if "://" in pattern else "file"
    return f"{function}({quoted(pattern)}, 'Parquet', {quoted(columns)})"


def structure(shape: pa.Schema) -> str:
    """Columns in ClickHouse's words."""
    return ", ".join(f"`{field.name}` {_word(field)}" for field in shape)


def _word(field: pa.Field) -> str:
    word = _WORDS[str(field.type)]
    return f"Nullable({word})" if field.nullable else word


_WORDS = {
    "int64": "Int64",
    "int32": "Int32",
    "string": "String",
    "large_string": "String",
    "bool": "Bool",
    "double": "Float64",
}


def quoted(text: str) -> str:
    """A text in a question to ClickHouse."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
