"""One generation of one projection, fed page by page: rows and position move together.

A page's rows are loaded with one SELECT (those it does not still have), folded in memory, and
written with the new position in one transaction. The position moves only from where this
follower left it, so a page is applied exactly once, whoever else tries.

A projection with a `State` has two tables: the states are what is loaded and folded, and the rows
that they stand for are written beside them, where they changed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, reduce
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy.exc import InterfaceError, OperationalError

from tocsin.domain.kernel import Recorded
from tocsin.readmodels.batch import Batch
from tocsin.readmodels.bulk.harvest import Harvest
from tocsin.readmodels.context import Context, Garbled, tell
from tocsin.readmodels.database import Database
from tocsin.readmodels.lease import Lease
from tocsin.readmodels.projection import Projection, each_event, within
from tocsin.readmodels.registry import Generation, Overtaken, Registry, State
from tocsin.readmodels.rows import Coded, RowStore
from tocsin.readmodels.source import Source, envelope
from tocsin.readmodels.unfolding import Unfolding, Unsound

CACHED_ROWS = 20_000
"""Rows that a follower keeps in memory: those of the incidents that move now, at about 3 kB."""
STATES_AT_ONCE = 2_000
"""States that are unfolded in one transaction."""
ERROR_LENGTH = 2_000


class Follower:
    """Feeds one generation. It stops for good at an event that it cannot apply."""

    def __init__(
        self,
        database: Database,
        projection: Projection,
        generation: Generation,
        cached_rows: int = CACHED_ROWS,
        *,
        deferring: bool = False,
        lease: Lease | None = None,
    ) -> None:
        """`deferring` makes the rows of states not page by page, but all at once by `unfold`.
        Whoever has lost the `lease` writes nothing more."""
        self.projection, self.generation = projection, generation
        self.position = generation.position
        self.halted = False
        self.lost = False
        self.by_page = False
        """Whether only reading page by page brings it to its end: there it halts, or not at all."""
        self._registry = Registry(database, lease)
        self._database, self._cached_rows = database, cached_rows
        self.rows = RowStore(database, projection.shape, generation.table_name)
        self.states: RowStore | None = None
        if projection.states is not None:
            self.states = RowStore(database, projection.states, generation.states_name)
        self.folded = self.states or self.rows
        """The table of what the events fold into."""
        self._cache: dict[Any, Any] = {}
        self._context: Context | None = None
        self._fold_one: Callable[..., Any] = projection.fold
        self._unfolding: Unfolding | None = None
        self.deferred = deferring and self.states is not None
        """Whether the rows of all states are still to be made."""
        self._unfolds = False
        self._last_unfolded: Any = None
        if projection.context is None:
            self._begin()

    @property
    def stores(self) -> tuple[RowStore, ...]:
        """The tables of its generation."""
        return (self.rows,) if self.states is None else (self.rows, self.states)

    def ready(self, source: Source) -> bool:
        """Learn the context as far as this follower has come, once; false when that halts it.

        Raises:
            Overtaken: it had to halt, but another runner has replaced this generation.
        """
        if self._context is None and self.projection.context is not None:
            context = self.projection.context()
            try:
                tell(context, source, self.position)
            except Garbled as garbled:
                self.halt(source, garbled.position, garbled.fault)
                return False
            self._context = context
            self._begin()
        return True

    def _begin(self) -> None:
        """What is known besides the events does not change any more: bind the functions to it."""
        projection = self.projection
        self._fold_one = within(self._context, projection.fold)
        if projection.rows is not None:
            rows = within(self._context, projection.rows)
            self._unfolding = Unfolding(rows, self.rows.codec.key, self._cached_rows)

    def feed(self, batch: Batch) -> None:
        """Apply a page. At an event that cannot be applied, halt after all that came before it.

        Raises:
            Overtaken: another runner moved this generation. Nothing was written.
            DBAPIError: the database is away, or has ended our session. Nothing was written.
        """
        assert self.projection.context is None or self._context is not None, "it was not made ready"
        try:
            self._apply(batch)
        except Exception as fault:
            self._forget()
            gone = isinstance(fault, Overtaken | OperationalError | InterfaceError)
            if gone or getattr(fault, "connection_invalidated", False):
                raise
            if len(batch.events) == 1:
                self._halt_at(batch.events[0], fault)
                return
            for half in batch.halves():
                if not self.halted:
                    self.feed(half)

    def unfold(self, source: Source, states: int = STATES_AT_ONCE) -> bool:
        """Make the rows of the next few states that have none yet; true when there are none left.

        Each state is unfolded once, not once for every page that touched it. Pages that come
        meanwhile bring their rows along.

        Raises:
            Overtaken: another runner moved this generation. Nothing was written.
        """
        if self.deferred and self.ready(source):
            with self._database.writing() as connection:
                self.rows.clear(connection)  # of a build that was interrupted
            self.deferred, self._unfolds = False, True
        if self.halted or not self._unfolds:
            return not self.halted
        assert self.states is not None
        assert self._unfolding is not None
        known = self.states, self.rows, self._last_unfolded, states
        try:
            with self._database.writing() as connection:
                self._registry.move(connection, self.generation, self.position, self.position)
                self._last_unfolded = self._unfolding.some(connection, *known)
        except Unsound as bad:
            stream = bad.state if isinstance(bad.state, UUID) else None
            self._halt(bad.fault, error_position=self.position, error_stream=stream)
            return False
        self._unfolds = self._last_unfolded is not None
        return not self._unfolds

    def harvested(self, position: int, harvest: Harvest) -> None:
        """Write what was folded elsewhere from where this follower stands up to a position.

        Raises:
            Overtaken: another runner moved this generation. Nothing was written.
        """
        self._forget()
        with self._database.writing() as connection:
            self._registry.move(connection, self.generation, self.position, position)
            self.folded.put(connection, harvest.new, harvest.changed, harvest.gone)
        self.position = position

    def unfolded(self, shares: Iterable[Coded], *, first: bool) -> None:
        """Write rows of states made elsewhere; before the first, remove an interrupted build's.

        Raises:
            Overtaken: another runner moved this generation. Nothing was written.
        """
        with self._database.writing() as connection:
            self._registry.move(connection, self.generation, self.position, self.position)
            if first:
                self.rows.clear(connection)
            for coded in shares:
                self.rows.put(connection, coded, (), ())

    def all_unfolded(self) -> None:
        """From now on each page brings its rows along."""
        self.deferred = self._unfolds = False

    def serves(self, lease: Lease) -> None:
        """It is the live one from now on, moved by who holds that lease."""
        self._registry = Registry(self._database, lease)

    def halt(self, source: Source, position: int, fault: Exception) -> None:
        """Stop before an event that nobody can read, and say which and why."""
        raw = envelope(source, position)
        stream, name = raw.get("stream"), raw.get("event")
        self._halt(
            fault,
            error_position=position,
            error_stream=UUID(stream) if isinstance(stream, str) else None,
            error_event=name if isinstance(name, str) else None,
        )

    def _halt_at(self, recorded: Recorded[Any], fault: Exception) -> None:
        self._halt(
            fault,
            error_position=recorded.position,
            error_stream=recorded.stream,
            error_event=recorded.event.event_name,
        )

    def _halt(self, fault: Exception, **where: Any) -> None:
        self.halted = True
        error = f"{type(fault).__name__}: {fault}"[:ERROR_LENGTH]
        self._registry.mark(self.generation, State.HALTED, error=error, **where)

    def _apply(self, batch: Batch) -> None:
        if self._context is not None:
            for recorded in batch.by_stream.get(self._context.stream, ()):
                self._context.add(recorded)
        before, after = self._fold(batch)
        changed = [row for key, row in after.items() if row is not None]
        gone = [key for key, row in after.items() if row is None]
        public = None
        if self._unfolding is not None and not self.deferred:
            public = self._unfolding.difference(before, after)
        with self._database.writing() as connection:
            self._registry.move(connection, self.generation, self.position, batch.last)
            self.folded.write(connection, changed, gone, new=self.projection.keys is each_event)
            if public is not None:
                self.rows.write(connection, public.changed, public.gone, new=False)
        self.position = batch.last
        self._remember(before, after)
        if self._unfolding is not None and public is not None:
            self._unfolding.keep(public.unfolded)

    def _fold(self, batch: Batch) -> tuple[dict[Any, Any], dict[Any, Any]]:
        """Return the rows (or states) as they were, and those that the page changed."""
        projection, fold = self.projection, self._fold_one
        batch = batch.only(projection.events)
        if projection.keys is each_event:
            return {}, {each.position: fold(None, each) for each in batch.events}
        touched = self._touched(batch)
        before, after = self._load(touched, batch), {}
        for key, history in touched.items():
            old = before.get(key)
            if projection.takes_key:
                fold = partial(_fold_of_key, self._fold_one, key)
            if (row := reduce(fold, history, old)) is not old:
                after[key] = row
        return before, after

    def _touched(self, batch: Batch) -> Mapping[Any, Sequence[Recorded[Any]]]:
        """The events of a page by the key of the row that they fold into."""
        keys = self.projection.keys
        if keys is None:
            return batch.by_stream
        touched: defaultdict[Any, list[Recorded[Any]]] = defaultdict(list)
        for recorded in batch.events:
            for key in keys(recorded):
                touched[key].append(recorded)
        return touched

    def _load(self, touched: Mapping[Any, Sequence[Recorded[Any]]], batch: Batch) -> dict[Any, Any]:
        """The rows of these keys: from memory, and the others with one SELECT."""
        cache = self._cache
        before = {key: cache[key] for key in touched if key in cache}
        missing: Iterable[Any] = (key for key in touched if key not in cache)
        if self.projection.keys is None:
            # A stream's row cannot be older than the stream.
            missing = (key for key in missing if batch.by_stream[key][0].version > 1)
        if wanted := list(missing):
            with self._database.reading() as connection:
                before.update(self.folded.load(connection, wanted))
        return before

    def _forget(self) -> None:
        """What is in memory may not be what is stored; only the context is, whatever happens."""
        self._cache.clear()
        if self._unfolding is not None:
            self._unfolding.forget()

    def _remember(self, before: dict[Any, Any], after: dict[Any, Any]) -> None:
        """Keep the rows touched last. Only what is committed gets here."""
        if self.projection.keys is each_event:
            return
        cache = self._cache
        for key, row in (before | after).items():
            cache.pop(key, None)
            if row is not None:
                cache[key] = row
        for key in list(islice(cache, max(0, len(cache) - self._cached_rows))):
            del cache[key]


def _fold_of_key(fold: Callable[..., Any], key: Any, row: Any, recorded: Recorded[Any]) -> Any:
    return fold(row, recorded, key)
