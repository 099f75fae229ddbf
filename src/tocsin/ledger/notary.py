"""Signing: is there something new, is it the log that was signed before, and is it ours to sign?"""

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from tocsin.ledger.checkpoints import Checkpoint, Signed
from tocsin.ledger.keys import Keyring, LedgerRefused, keyring, new_keyring
from tocsin.ledger.merkle import BadProof, Frontier, verify_consistency
from tocsin.ledger.vkeys import BadNote, Vkey, read_vkey
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.store.tree import Checkpoint as Kept
from tocsin.store.tree import NotInTree

logger = logging.getLogger(__name__)

KEY, ADOPTED = "key", "adopted"
"""Kinds of attestation: a key that signs, and one that may although no earlier one vouches."""
KEYS_EVER = 1_000
Clock = Callable[[], datetime]


class Contradicted(Exception):
    """The log is not the one that was signed: events are missing, or are not what they were."""


class Notary:
    """Signs for one log."""

    def __init__(
        self, log: Log, settings: Settings, clock: Clock = lambda: datetime.now(UTC)
    ) -> None:
        self._log, self._settings, self._clock = log, settings, clock
        self._ring: Keyring | None = None
        self._stamp: tuple[int, int] | None = None
        self._announced: set[Vkey] = set()

    @property
    def ring(self) -> Keyring:
        """The keys, as they are now: the file is looked at again when it has changed.

        The first key of a log is made here; a later one never by accident.

        Raises:
            LedgerRefused: there are none, or they cannot be used.
        """
        stamp = self._file_stamp()
        if self._ring is None or stamp != self._stamp:
            found = keyring(self._settings)
            if found is None:
                if (last := self._log.latest_checkpoint()) is not None:
                    raise LedgerRefused(
                        f"This log is signed as {Signed.read(last.note).checkpoint.origin}, and"
                        f" there is no key in {self._settings.ledger_key_place}: put it there"
                        " (every server of a log has the same), or make another with"
                        " `tocsin ledger adopt`."
                    )
                found = new_keyring(self._settings)
                logger.info("%s: the keys of %s were made", found.source, found.origin)
            self._ring, self._stamp = found, self._file_stamp()
        return self._ring

    def begin(self) -> None:
        """Make sure that we are who signed before.

        Raises:
            LedgerRefused: we are not.
        """
        check_identity(self._log, self.ring)
        self._announce(self.ring.vkeys)

    def make(self) -> Signed | None:
        """Sign the log as it is now, if it has grown since it was signed.

        Raises:
            LedgerRefused: it is not ours to sign.
            Contradicted: what was signed before is not how the log begins. Nothing was signed.
            StoreUnavailable: the store cannot be used.
        """
        last = self._log.latest_checkpoint()  # First: so the tree is never the older of the two.
        frontier = Frontier(*self._log.tree())
        if not frontier.size:
            return None
        checkpoint = Checkpoint(self.ring.origin, frontier.size, frontier.root())
        if last is not None:
            continues(self._log, Signed.read(last.note).checkpoint, checkpoint)
            if last.size == frontier.size:
                return None
        check_identity(self._log, self.ring, last)
        self._announce(self.ring.vkeys)
        note = self.ring.sign(checkpoint.text)
        self._log.add_checkpoint(checkpoint.size, note, self._clock())
        return Signed.read(note)

    def _file_stamp(self) -> tuple[int, int] | None:
        if self._settings.ledger_signer or self._settings.ledger_key_env:
            return None
        try:
            status = self._settings.ledger_key_place.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def _announce(self, vkeys: Iterable[Vkey]) -> None:
        """Keep every key that ever signs, so that old checkpoints can be verified for ever."""
        new = [vkey for vkey in vkeys if vkey not in self._announced]
        if not new:
            return
        known = set(keys_ever(self._log))
        for vkey in new:
            if vkey not in known:
                attest(self._log, KEY, vkey, self._clock())
        self._announced.update(new)


def continues(log: Log, before: Checkpoint, now: Checkpoint) -> None:
    """Make sure that the log as it is now begins with what was signed before.

    Raises:
        Contradicted: it does not.
    """
    if before.size > now.size:
        raise Contradicted(
            f"The log has {now.size:,} events, and {before.size:,} were signed: events are missing."
        )
    try:
        path = log.consistency(before.size, now.size)
        verify_consistency(before.size, now.size, before.root, now.root, path)
    except (BadProof, NotInTree) as error:
        raise Contradicted(
            f"The first {before.size:,} events of the log are not those that were signed."
        ) from error


def check_identity(log: Log, ring: Keyring, last: Kept | None = None) -> None:
    """Make sure that one of the keys signed the last checkpoint, or was told to go on from there.

    Raises:
        LedgerRefused: none did: this is another log's key, or that of another server.
    """
    last = last or log.latest_checkpoint()
    if last is None:
        return
    try:
        Signed.trusted(last.note, ring.vkeys)
        return
    except BadNote:
        pass
    ours = {str(vkey) for vkey in ring.vkeys}
    for each in log.attestations(None, KEYS_EVER, kind=ADOPTED):
        if each.size >= last.size and each.body.decode().partition("\n")[0] in ours:
            return
    signed = Signed.read(last.note)
    ids = ", ".join(line.key_id.hex() for line in signed.note.signatures)
    raise LedgerRefused(
        f"This log was signed as {signed.checkpoint.origin} by {ids}, and {ring.source} holds"
        f" {', '.join(vkey.key_id.hex() for vkey in ring.vkeys)} of {ring.origin}. Every server of"
        " a log has the same keys: use the earlier one, or let this one go on with"
        " `tocsin ledger adopt`, which everybody will see."
    )


def attest(log: Log, kind: str, vkey: Vkey, made_at: datetime, reason: str = "") -> None:
    """Keep for ever that a key signs from here on, or that it was told to go on."""
    body = f"{vkey}\n{reason}".rstrip("\n").encode()
    place = vkey.key_id.hex()
    log.add_attestation(log.tree()[0], place, kind, body, made_at)


def keys_ever(log: Log) -> list[Vkey]:
    """Every key that ever signed for this log, oldest first."""
    found = log.attestations(None, KEYS_EVER, kind=KEY)
    return list(dict.fromkeys(read_vkey(each.body.decode()) for each in found))
