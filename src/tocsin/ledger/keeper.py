"""The ledger of a running service: signs now and then, and sends couriers. Nobody waits for it."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from time import monotonic

from tocsin.ledger.checkpoints import Signed
from tocsin.ledger.courier import Courier
from tocsin.ledger.held import HeldFile
from tocsin.ledger.keys import LedgerRefused
from tocsin.ledger.notary import Contradicted, Notary, keys_ever
from tocsin.ledger.outside import BadAddress
from tocsin.ledger.places import Place
from tocsin.ledger.timestamps import Authority
from tocsin.ledger.vkeys import BadNote, Vkey
from tocsin.ledger.witness import Witness
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often it is looked whether there is enough to sign: so there are no more a second."""
END_SECONDS = 5.0
"""Time for the last delivery when the service ends; what is late then is brought at the start."""

Reading = tuple[str, str, dict[str, str], float]


class Keeper:
    """Signs for one log, and has its checkpoints brought outside."""

    def __init__(
        self, log: Log, settings: Settings, ours: Callable[[], bool] = lambda: True
    ) -> None:
        """`ours` says whether it is for this process to sign and deliver, and not for another.

        Raises:
            LedgerRefused: the keys or the places cannot be used.
            StoreUnavailable: the log cannot be read.
        """
        self._log, self._settings, self._ours = log, settings, ours
        self.notary = Notary(log, settings)
        self.notary.begin()
        self.alarm = ""
        """Why nothing is signed any more: the log is not the one that was signed."""
        self._says = ""
        self._turn = Lock()
        self._stop = Event()
        self._thread = Thread(target=self._run, name="tocsin-ledger", daemon=True)
        places = places_of(settings, self._keys)
        self.couriers = [Courier(place, log, self.contradicted, ours) for place in places]

    def start(self) -> None:
        """Begin: what is new is signed at once, after the places were compared with it."""
        self._thread.start()

    def stop(self) -> None:
        """Sign and deliver a last time, and end."""
        self._stop.set()
        if self._thread.ident is None:
            return
        self._thread.join(END_SECONDS)
        if self._ours():
            self._try()
        end = monotonic() + END_SECONDS
        for courier in self.couriers:
            courier.stop()
        for courier in self.couriers:
            courier.join(end - monotonic())

    def make(self) -> Signed | None:
        """Sign now; None when the log has not grown since it was signed.

        Raises:
            Contradicted: the log is not the one that was signed.
            LedgerRefused: it is not ours to sign.
            StoreUnavailable: the store cannot be used.
        """
        with self._turn:
            if self.alarm:
                raise Contradicted(self.alarm)
            try:
                return self.notary.make()
            except Contradicted as error:
                self.contradicted(error)
                raise

    def once(self) -> Signed | None:
        """Sign now and hand it to every place, each asked once; `says` of a courier tells what was
        wrong.

        Raises:
            Contradicted, LedgerRefused, StoreUnavailable: as `make` does.
        """
        self._compare()
        made = self.make()
        for courier in self.couriers:
            courier.step()
        return made

    def contradicted(self, error: Contradicted) -> None:
        """Sign nothing any more: to vouch for an altered log would be worse than silence."""
        if not self.alarm:
            self.alarm = str(error)
            logger.critical("No checkpoint is signed any more. %s", error)

    def readings(self) -> Iterator[Reading]:
        """What can be read off at any moment."""
        now = datetime.now(UTC)
        yield "ledger_alarm", "Whether the log is not what was signed.", {}, float(bool(self.alarm))
        try:
            last = self._log.latest_checkpoint()
            lates = [courier.late_seconds(now) for courier in self.couriers]
            size, _ = self._log.tree()
        except StoreUnavailable:
            return
        signed = last.size if last else 0
        if last is not None:
            age = max(0.0, (now - last.made_at).total_seconds())
            yield "checkpoint_age_seconds", "Age of the last checkpoint.", {}, age
        yield "checkpoint_size", "Events that the last checkpoint covers.", {}, float(signed)
        lag = float(max(0, size - signed))
        yield "checkpoint_lag_events", "Events that the last one does not cover yet.", {}, lag
        for courier, late in zip(self.couriers, lates, strict=True):
            of = {"place": courier.place.name, "kind": courier.place.kind}
            taken, failures = float(max(0, courier.known)), float(courier.failures)
            yield "checkpoint_place_size", "Events of the last one that a place took.", of, taken
            yield "checkpoint_place_late_seconds", "Age of the oldest that a place lacks.", of, late
            yield "checkpoint_place_failures", "Deliveries in a row that failed.", of, failures

    def _keys(self) -> list[Vkey]:
        """All that may have signed what a place holds: they have the name of the log today."""
        origin = self.notary.ring.origin
        return [vkey for vkey in keys_ever(self._log) if vkey.name == origin]

    def _run(self) -> None:
        if self._ours():
            self._compare()
            self._try()
        for courier in self.couriers:
            courier.start()
        pause = min(LOOK_SECONDS, max(0.02, self._settings.checkpoint_seconds / 4))
        since: float | None = None
        while not self._stop.wait(pause):
            since = self._look(since)

    def _compare(self) -> None:
        """Whatever a file outside holds that we signed, the log must not contradict."""
        for courier in self.couriers:
            if isinstance(courier.place, HeldFile):
                courier.step()

    def _look(self, since: float | None) -> float | None:
        """Sign if there is enough, or if it has waited long enough; say since when it waits."""
        if not self._ours():
            return None
        try:
            last = self._log.latest_checkpoint()
            waiting = self._log.head() - (last.size if last else 0)
        except StoreUnavailable as error:
            self._tell(str(error))
            return since
        if not waiting:
            return None
        since = monotonic() if since is None else since
        long = monotonic() - since >= self._settings.checkpoint_seconds
        if long or waiting >= self._settings.checkpoint_events or waiting < 0:
            self._try()
            return None
        return since

    def _try(self) -> None:
        if self.alarm:
            return
        try:
            self.make()
            self._says = ""
        except Contradicted:
            pass
        except (LedgerRefused, BadNote, StoreUnavailable) as error:
            self._tell(str(error))
        except Exception as error:
            logger.exception("No checkpoint could be signed")
            self._tell(f"{type(error).__name__}: {error}")

    def _tell(self, says: str) -> None:
        """Once for each reason: it is tried again and again."""
        if says != self._says:
            self._says = says
            logger.error("No checkpoint could be signed: %s", says)


def places_of(settings: Settings, keys: Callable[[], list[Vkey]]) -> list[Place]:
    """The places outside that the settings name.

    Raises:
        LedgerRefused: one of them cannot be used.
    """
    places: list[Place] = []
    if settings.checkpoint_file:
        places.append(HeldFile(settings.checkpoint_file, keys))
    for each in settings.witnesses:
        try:
            places.append(Witness.read(each))
        except (BadAddress, BadNote) as error:
            raise LedgerRefused(
                f"TOCSIN_WITNESSES: {error} Each is an address, a space, and a public key."
            ) from error
    if settings.timestamp_authority:
        certificates, every = settings.timestamp_certificates, settings.timestamp_seconds
        places.append(Authority(settings.timestamp_authority, certificates, every))
    return places
