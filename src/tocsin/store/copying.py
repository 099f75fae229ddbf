"""A log as another one's source, or as its copy."""

from uuid import UUID

from tocsin.store.copies import Answer, Piece
from tocsin.store.recorder import LogRecorder


class Copying:
    """The part of a log that is about playing it to another store."""

    _recorder: LogRecorder

    def append_stored(self, piece: Piece) -> None:
        """Store a piece of another log durably: the very bytes, at the very positions.

        Raises:
            NotNext: the log does not end where it begins. Nothing was stored.
            StoreUnavailable: it is not known whether it was stored.
        """
        self._recorder.append_stored(piece)

    def answers_page(self, after: UUID | None, limit: int) -> list[Answer]:
        """What commands were answered, in the order of their ids: the next ones behind one."""
        return self._recorder.answers_page(after, limit)
