"""DuckDB, in this very process: what is asked when nobody says which engine."""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from tocsin.lake.engines.engine import IbisEngine
from tocsin.settings import Settings

SCHEMES = ("duckdb",)
MEBIBYTE = 1_048_576
EXPRESSIONS = 2_000
"""Whose words are remembered."""


class DuckDB(IbisEngine):
    """DuckDB without a file of its own."""

    name = "duckdb"

    def __init__(self, backend: Any) -> None:
        super().__init__(backend)
        self._files: dict[str, tuple[Path, ...]] = {}
        self._said: OrderedDict[tuple[object, ...], str] = OrderedDict()

    def answer(self, key: tuple[object, ...], build: Callable[[], Any]) -> pa.Table:
        """To put an expression into words takes longer than to read what a few minutes brought."""
        said = self._said.get(key)
        if said is None:
            said = self._said[key] = str(self.backend.compile(build()))
            while len(self._said) > EXPRESSIONS:
                self._said.popitem(last=False)
        return self._rows(said)

    def arrow(self, expression: Any) -> pa.Table:
        """What an expression comes to.

        Not by way of Ibis, which asks DuckDB in words that are on their way out.
        """
        return self._rows(str(self.backend.compile(expression)))

    def parquet(self, name: str, files: Sequence[Path]) -> Any:
        """The folders' names say the month, which is no column of the table."""
        if self._files.get(name) != tuple(files):
            places = ", ".join(_quoted(str(file)) for file in files)
            self.backend.con.execute(
                f'create or replace temp view "{name}" as'
                f" select * from read_parquet([{places}], hive_partitioning = false)"
            )
            self._files[name] = tuple(files)
        shape = ibis.Schema.from_pyarrow(pq.read_schema(files[0]))
        return self.backend.sql(f'select * from "{name}"', schema=shape)

    def _rows(self, question: str) -> pa.Table:
        return self.backend.con.sql(question).to_arrow_table()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def connect(address: str, settings: Settings, folder: Path) -> DuckDB:
    """A new DuckDB, with as many threads as there are processors."""
    backend = ibis.duckdb.connect(
        threads=os.cpu_count() or 1,
        memory_limit=f"{settings.trends_memory // MEBIBYTE}MiB",
        temp_directory=str(folder),
        preserve_insertion_order=False,
    )
    return DuckDB(backend)
