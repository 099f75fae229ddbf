"""A witness: somebody else's server that signs a checkpoint only if it follows the last it saw.

After https://c2sp.org/tlog-witness (the request `add-checkpoint`). Who verifies a checkpoint with a
witness's line knows that we could not have shown somebody another log.
"""

from base64 import b64encode
from dataclasses import replace
from time import time

from tocsin.ledger.checkpoints import Signed
from tocsin.ledger.notes import Note, Signature, read_signatures, verified
from tocsin.ledger.outside import Answered, check_address, post
from tocsin.ledger.places import Attested, Disagrees, Refused
from tocsin.ledger.vkeys import COSIGNATURE, ED25519, BadNote, Vkey, read_vkey
from tocsin.store.log import Log
from tocsin.store.tree import Checkpoint as Kept

KIND = "cosignature"
MEDIA_TYPE = "text/plain; charset=utf-8"
SIZE_TYPE = "text/x.tlog.size"
MOST_HASHES = 63
DIGITS = 18
AHEAD_SECONDS = 300
"""How far a witness's clock may run ahead of ours before what it signs is refused."""


class Witness:
    """One witness, by the prefix of its address and the key that it signs with."""

    kind = KIND
    every_seconds = 0.0

    def __init__(self, address: str, vkey: Vkey) -> None:
        check_address(address)
        self.name = address.rstrip("/")
        # Many witnesses print their key as that of a log: it is the same key, for another message.
        self.vkey = replace(vkey, kind=COSIGNATURE) if vkey.kind == ED25519 else vkey

    @classmethod
    def read(cls, setting: str) -> "Witness":
        """Read one item of TOCSIN_WITNESSES.

        Raises:
            BadNote: its key is none.
            BadAddress: its address may not be asked.
        """
        address, _, key = setting.partition(" ")
        return cls(address, read_vkey(key.strip()))

    def publish(self, log: Log, known: int) -> Attested | None:
        """Have the latest checkpoint signed; `known` is the size that the witness signed last.

        Raises:
            Unanswered: it does not answer.
            Refused: it does not sign, and says why.
            Disagrees: it has seen another log.
        """
        latest = log.latest_checkpoint()
        if latest is None or latest.size == known:
            return None
        answer = self._ask(log, latest, min(known, latest.size))
        if answer.status == 409:
            seen = self._seen(answer)
            if seen > latest.size:
                self._make_sure(log, seen)
                return None
            answer = self._ask(log, latest, seen)
        if answer.status in (409, 422):
            raise Disagrees(
                f"{self.name} has seen a log that ours, with {latest.size:,} events, does not"
                f" follow (status {answer.status})."
            )
        if answer.status != 200:
            raise Refused(f"{self.name} answers {answer.status}{_why(answer)}")
        lines = self._checked(Signed.read(latest.note).note, answer)
        return Attested(latest.size, "".join(map(str, lines)).encode())

    def _ask(self, log: Log, latest: Kept, old: int) -> Answered:
        path = log.consistency(old, latest.size) if old else []
        proof = "".join(f"{b64encode(each).decode()}\n" for each in path[:MOST_HASHES])
        body = f"old {old}\n{proof}\n{latest.note}".encode()
        return post(f"{self.name}/add-checkpoint", body, MEDIA_TYPE)

    def _seen(self, answer: Answered) -> int:
        text = answer.body.decode("ascii", "replace").removesuffix("\n")
        if not (text.isascii() and text.isdigit()) or len(text) > DIGITS:
            raise Refused(f"{self.name} answers 409 without the size that it has seen.")
        return int(text)

    def _make_sure(self, log: Log, seen: int) -> None:
        """Another server of this log may have been faster; a log that has shrunk is a disaster."""
        size, _ = log.tree()
        if seen > size:
            raise Disagrees(
                f"{self.name} has signed a checkpoint of {seen:,} events, and ours has {size:,}."
            )

    def _checked(self, note: Note, answer: Answered) -> list[Signature]:
        try:
            lines = read_signatures(answer.body.decode())
            (vouched,) = verified(Note(note.text, lines), [self.vkey])
        except (BadNote, UnicodeError) as error:
            raise Refused(f"{self.name} does not sign as it should: {error}") from error
        if (vouched.moment or 0) > time() + AHEAD_SECONDS:
            raise Refused(f"{self.name} signs with a time that lies in the future.")
        ours = (self.vkey.name, self.vkey.key_id)
        return [line for line in lines if (line.name, line.key_id) == ours][:1]


def _why(answer: Answered) -> str:
    said = " ".join(answer.body[:200].decode("utf-8", "replace").split())
    printable = "".join(char for char in said if char.isprintable())
    return f": {printable}" if printable else "."
