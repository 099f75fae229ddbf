"""The rows of one projection that one process folds, in memory until they are written."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any
from uuid import UUID

from tocsin.domain.kernel import Recorded
from tocsin.readmodels.batch import Batch
from tocsin.readmodels.bulk.harvest import Harvest
from tocsin.readmodels.context import Context
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import Projection, each_event, within
from tocsin.readmodels.rows import RowStore


class Holding:
    """What is folded of one projection: its rows, or the states behind them."""

    def __init__(
        self,
        database: Database,
        projection: Projection,
        store: RowStore,
        context: Context | None,
        cached_rows: int,
        *,
        empty: bool,
    ) -> None:
        """`empty` promises that the table has no rows yet."""
        self.projection, self._database, self._store = projection, database, store
        self._cached_rows = cached_rows
        self._fold: Callable[..., Any] = within(context, projection.fold)
        self._rows: dict[Any, Any] = {}
        self._stored: set[Any] = set()
        """Of these rows, those that the table has too, maybe as they were before."""
        self._touched: dict[Any, None] = {}
        self._made: list[Any] = []
        self._whole = empty
        """Whether no row is anywhere but here."""

    def take(self, batch: Batch, part: range) -> None:
        """Fold a page; of rows that events name elsewhere than by their stream, those of a part."""
        batch = batch.only(self.projection.events)
        if self.projection.keys is each_event:
            fold = self._fold
            self._made += [fold(None, each) for each in batch.events]
            return
        groups = self._groups(batch, part)
        self._load(groups)
        rows, touched = self._rows, self._touched
        for key, history in groups.items():
            fold = self._fold
            if self.projection.takes_key:
                fold = partial(fold, key=key)
            old = row = rows.get(key)
            for recorded in history:
                row = fold(row, recorded)
            if row is not old:
                rows[key] = row
                touched[key] = None

    def harvest(self) -> Harvest:
        """What changed since the last time. It counts as written from now on."""
        codec, stored, rows = self._store.codec, self._stored, self._rows
        if self._made:
            made, self._made = self._made, []
            return Harvest(new=codec.encode(made))
        new, changed, gone = [], [], []
        for key in self._touched:
            if (row := rows[key]) is None:
                if key in stored:
                    gone.append(key)
                    stored.discard(key)
            elif key in stored:
                changed.append(row)
            else:
                new.append(row)
                stored.add(key)
        self._let_go()
        shape = self._store.shape
        by_key = itemgetter(*(shape.names.index(name) for name in shape.key))
        # In their order they go into the table's index side by side.
        written = sorted(codec.encode(new), key=by_key)
        return Harvest(written, codec.encode(changed), codec.encode_keys(gone))

    def _let_go(self) -> None:
        """Keep the rows that were touched, and of the others those that were touched last."""
        rows, touched = self._rows, self._touched
        quiet = [key for key in rows if key not in touched]
        for key in islice(quiet, max(0, len(quiet) - self._cached_rows)):
            self._whole = False
            del rows[key]
            self._stored.discard(key)
        for key in touched:
            row = rows.pop(key)
            if row is not None:
                rows[key] = row
        self._touched = {}

    def _groups(self, batch: Batch, part: range) -> Mapping[Any, Sequence[Recorded[Any]]]:
        keys = self.projection.keys
        if keys is None:
            return batch.by_stream
        elsewhere = self.projection.elsewhere or frozenset()
        if not batch.kinds & elsewhere:
            return batch.by_stream
        groups: dict[Any, list[Recorded[Any]]] = {}
        for recorded in batch.events:
            if type(recorded.event) not in elsewhere:
                groups.setdefault(recorded.stream, []).append(recorded)
                continue
            for key in keys(recorded):
                if belongs(key, part):
                    groups.setdefault(key, []).append(recorded)
        return groups

    def _load(self, groups: Mapping[Any, Sequence[Recorded[Any]]]) -> None:
        if self._whole:
            return
        rows = self._rows
        missing = [key for key in groups if key not in rows]
        if self.projection.keys is None:
            # A stream's row cannot be older than the stream.
            missing = [key for key in missing if groups[key][0].version > 1]
        if missing:
            with self._database.reading() as connection:
                found = self._store.load(connection, missing)
            rows.update(found)
            self._stored.update(found)


def belongs(stream: UUID, part: range) -> bool:
    """Whether a stream is one of a part of all streams."""
    return stream.int & 0xFFFF in part
