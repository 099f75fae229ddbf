"""The same rows as Delta tables, for engines that read those: what is sealed, once.

Every segment is one append to each table, in one transaction with the position that it leads to.
Delta refuses an append if another has brought the table there meanwhile, so neither a rerun nor a
second exporter ever doubles a row.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tocsin.lake import columns
from tocsin.lake.extra import need
from tocsin.lake.segments import File, LakeRefused, Segment, Segments
from tocsin.lake.tables import TABLES, VERSION, Table

APPLICATION: Final = "tocsin-lake"
"""Under which Delta keeps the position that a table has reached."""
LOOKS = 5
"""How often a table is looked at for one append, while others change it."""


class Delta:
    """A folder of Delta tables, one for each of the lake's, kept up with what is sealed."""

    def __init__(self, segments: Segments, folder: Path) -> None:
        """Begin or go on.

        Raises:
            MissingExtra: the extra is not installed.
        """
        need("Writing Delta tables", "delta")
        import deltalake

        self._library, self._segments, self.folder = deltalake, segments, folder
        self._reached: dict[str, int] = {}

    def catch_up(self) -> int:
        """Append every segment that is not there yet; return how many appends that took.

        Raises:
            LakeRefused: the tables are of another log.
        """
        appends, end = 0, self._segments.end
        for table in TABLES:
            if self._reached.get(table.name, -1) == end or not end:
                continue
            there = self._table(table)
            for segment in self._segments.sealed():
                if segment.last > _reached(there):
                    appends += self._append(table, there, segment)
                    there = self._table(table)
            self._reached[table.name] = end
        return appends

    def _table(self, table: Table) -> Any:
        """The Delta table as it is now, made if need be."""
        place, library = str(self.folder / table.name), self._library
        if not library.DeltaTable.is_deltatable(place):
            with suppress(library.exceptions.DeltaError):  # another exporter was first
                library.DeltaTable.create(
                    place,
                    columns.schema(table).append(pa.field("month", pa.string())),
                    mode="error",
                    partition_by=["month"],
                    name=table.name,
                    description=self._description(table),
                )
        there = library.DeltaTable(place)
        if there.metadata().description != self._description(table):
            raise LakeRefused(
                f"The Delta table {place} is not of this log and this version of the lake."
                " Name another folder."
            )
        return there

    def _append(self, table: Table, there: Any, segment: Segment) -> bool:
        """Append to the table as it was when it was looked at: what another has done to it since is
        noticed by Delta. If that was something else, as to make the table, it is looked at anew."""
        library = self._library
        rows = [
            pq.ParquetFile(self._segments.folder / file.path)
            .read()
            .append_column("month", pa.array([_month(file)] * file.rows, pa.string()))
            for file in segment.files
            if file.table == table.name
        ]
        if not rows:
            return False
        mark = library.Transaction(APPLICATION, segment.last)
        for look in range(1, LOOKS + 1):
            try:
                library.write_deltalake(
                    there,
                    pa.concat_tables(rows),
                    mode="append",
                    commit_properties=library.CommitProperties(app_transactions=[mark]),
                )
                break
            except library.exceptions.DeltaError:
                there = self._table(table)
                if _reached(there) >= segment.last:
                    return False  # another exporter was first
                if look == LOOKS:
                    raise
        return True

    def _description(self, table: Table) -> str:
        said = self._segments.identity()
        assert said is not None, "a lake with segments says of which log it is"
        return f"Tocsin's lake, version {VERSION}, {table.name} of the log {said['log']}"


def _reached(there: Any) -> int:
    """The position that a Delta table has come to."""
    return int(there.transaction_version(APPLICATION) or 0)


def _month(file: File) -> str:
    return Path(file.path).parent.name.removeprefix("month=")
