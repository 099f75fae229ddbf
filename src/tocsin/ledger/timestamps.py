"""Timestamps of RFC 3161: an authority signs that a checkpoint was there at a time.

So nobody, we included, can write a log later and date it back. Anybody can verify a token with the
authority's certificate: `openssl ts -verify -data note -token_in -in token -CAfile roots.pem`.
"""

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.ledger.keys import LedgerRefused
from tocsin.ledger.outside import BadAddress, check_address, post
from tocsin.ledger.places import Attested, Refused
from tocsin.store.log import Log

if TYPE_CHECKING:
    from rfc3161_client import TimeStampRequest, TimeStampResponse

KIND = "timestamp"
ASK, REPLY = "application/timestamp-query", "application/timestamp-reply"
SHA256 = "2.16.840.1.101.3.4.2.1"
GRANTED = (0, 1)


class Authority:
    """One timestamp authority."""

    kind = KIND

    def __init__(self, address: str, certificates: Path | None, every_seconds: float) -> None:
        """
        Raises:
            LedgerRefused: the extra or the certificates are not there, or the address is none.
        """
        self.name, self.every_seconds = address, every_seconds
        try:
            import rfc3161_client  # noqa: F401 - said now, not at the first checkpoint
        except ImportError as error:
            raise LedgerRefused(
                "TOCSIN_TIMESTAMP_AUTHORITY takes the extra `timestamps`:"
                " pip install 'tocsin[timestamps]'."
            ) from error
        try:
            # A token is signed, so with certificates to verify it the way may be in the clear.
            check_address(address, in_clear=certificates is not None)
        except BadAddress as error:
            raise LedgerRefused(
                f"TOCSIN_TIMESTAMP_AUTHORITY: {error} With TOCSIN_TIMESTAMP_CERTIFICATES to verify"
                " what comes back, http:// will do."
            ) from error
        self._roots = _certificates(certificates) if certificates else []

    def publish(self, log: Log, known: int) -> Attested | None:
        """Have the latest checkpoint timestamped: the bytes of its note.

        Raises:
            Unanswered: the authority does not answer.
            Refused: what it answers is no timestamp of that.
        """
        latest = log.latest_checkpoint()
        if latest is None or latest.size == known:
            return None
        return Attested(latest.size, self.token(latest.note.encode()))

    def token(self, data: bytes) -> bytes:
        """Ask for a timestamp of these bytes, and return its token (DER).

        Raises:
            Unanswered: the authority does not answer.
            Refused: what it answers is no timestamp of that.
        """
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        asked = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
        answer = post(self.name, asked.as_bytes(), ASK)
        if answer.status != 200 or answer.media_type != REPLY:
            said = f"{answer.status} {answer.media_type}".rstrip()
            raise Refused(f"{self.name} answers {said}, not a timestamp.")
        return self._checked(asked, answer.body, sha256(data).digest())

    def _checked(self, asked: "TimeStampRequest", reply: bytes, digest: bytes) -> bytes:
        from rfc3161_client import VerificationError, decode_timestamp_response

        try:
            found = decode_timestamp_response(reply)
            if found.status not in GRANTED:
                said = "; ".join(found.status_string) or f"status {found.status}"
                raise Refused(f"{self.name} refuses a timestamp: {said}.")
            imprint = found.tst_info.message_imprint
            if imprint.hash_algorithm.dotted_string != SHA256 or imprint.message != digest:
                raise Refused(f"{self.name} timestamps something else than was asked.")
            if found.tst_info.nonce != asked.nonce:
                raise Refused(f"{self.name} repeats an earlier answer: the nonce is another.")
            if self._roots:
                self._verify(asked, found, digest)
            return found.time_stamp_token()
        except (ValueError, VerificationError) as error:
            raise Refused(f"{self.name} answers what is no good timestamp: {error}.") from error

    def _verify(self, asked: "TimeStampRequest", found: "TimeStampResponse", digest: bytes) -> None:
        from rfc3161_client import VerifierBuilder

        builder = VerifierBuilder.from_request(asked)
        for root in self._roots:
            builder = builder.add_root_certificate(root)
        builder.build().verify(found, digest)


def _certificates(path: Path) -> list[Any]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return list(load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise LedgerRefused(
            f"TOCSIN_TIMESTAMP_CERTIFICATES {path} cannot be read as PEM: {error}."
        ) from error
