"""Logs to sign, and whoever is outside: a witness, a timestamp authority, each behind a port."""

import shutil
import subprocess
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import monotonic, sleep, time

from tests.store.samples import entry, noted
from tocsin.ledger.checkpoints import Checkpoint, Signed, apart
from tocsin.ledger.keeper import Keeper
from tocsin.ledger.merkle import BadProof, Frontier, verify_consistency
from tocsin.ledger.notary import Notary
from tocsin.ledger.notes import cosign, sign
from tocsin.ledger.vkeys import COSIGNATURE, BadNote, Skey, Vkey
from tocsin.settings import Settings
from tocsin.store.log import Log

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON = 10.0
OPENSSL = shutil.which("openssl")


def grow(log: Log, count: int, text: str = "note") -> None:
    """Record so many events."""
    for outcome in log.commit([entry(noted(f"{text} {number}")) for number in range(count)]):
        assert not isinstance(outcome, Exception)


def signed(log: Log, settings: Settings) -> Signed:
    """A checkpoint of the log as it is now."""
    notary = Notary(log, settings)
    notary.begin()
    made = notary.make()
    assert made is not None, "the log had not grown"
    return made


def forged(skey: Skey, size: int, root: bytes) -> str:
    """A checkpoint that the log's own key signed, of a log that never was."""
    return str(sign(Checkpoint(skey.vkey.name, size, root).text, [skey]))


def until(so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    end = monotonic() + SOON
    while not so():
        assert monotonic() < end, "it does not come about"
        sleep(0.01)


@contextmanager
def keeping(log: Log, settings: Settings) -> Iterator[Keeper]:
    """A keeper at work."""
    keeper = Keeper(log, settings)
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.stop()


def notes(path: Path) -> list[Signed]:
    return [Signed.read(each) for each in apart(path.read_text().splitlines(keepends=True))]


def key_of(settings: Settings) -> Skey:
    """The key in the file, both halves."""
    lines = settings.ledger_key_place.read_text().splitlines()
    return Skey.read(next(line for line in lines if line.startswith("PRIVATE")))


@dataclass
class Outside:
    """A server on this machine, that counts what it was asked."""

    url: str
    asked: list[bytes] = field(default_factory=list)


Answer = Callable[[str, bytes], tuple[int, str, bytes]]
"""From a path and a body to a status, a media type and a body."""


@contextmanager
def serving(answer: Answer) -> Iterator[Outside]:
    """A server that answers so."""
    outside = Outside("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            outside.asked.append(body)
            status, media_type, said = answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    outside.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield outside
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class SmallWitness:
    """All that https://c2sp.org/tlog-witness asks of a witness of one log."""

    def __init__(self, keys: list[Vkey]) -> None:
        self.skey = Skey.new("witness.example/w1", COSIGNATURE)
        self.keys = keys
        self.size, self.root = 0, Frontier().root()
        self.moment = int(time())

    @property
    def vkey(self) -> Vkey:
        return self.skey.vkey

    def __call__(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        assert path == "/add-checkpoint"
        head, _, note = body.decode().partition("\n\n")
        old, *proof = head.split("\n")
        try:
            signed = Signed.trusted(note, self.keys)
        except BadNote:
            return 403, "text/plain", b"not of a log that I know"
        checkpoint = signed.checkpoint
        if old != f"old {self.size}":
            return 409, "text/x.tlog.size", f"{self.size}\n".encode()
        if checkpoint.size == self.size and checkpoint.root != self.root:
            return 409, "text/x.tlog.size", f"{self.size}\n".encode()
        try:
            path_ = [b64decode(line) for line in proof]
            if self.size:
                args = (self.size, checkpoint.size, self.root, checkpoint.root)
                verify_consistency(*args, path_)
        except BadProof:
            return 422, "text/plain", b""
        self.size, self.root = checkpoint.size, checkpoint.root
        line = cosign(self.skey, checkpoint.text, self.moment)
        return 200, "text/plain", str(line).encode()


CONFIGURATION = """
[tsa]
default_tsa = tsa1
[tsa1]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
[made]
extendedKeyUsage = critical,timeStamping
keyUsage = critical,digitalSignature
"""


class SmallAuthority:
    """A timestamp authority: OpenSSL's, with a certificate of its own making."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "ts.cnf").write_text(CONFIGURATION)
        (folder / "serial").write_text("01\n")
        made = ("-newkey", "rsa:2048", "-nodes", "-days", "30", "-sha256")
        subject = ("-subj", "/CN=A root", "-keyout", "root.key", "-out", "root.pem")
        self._run("req", "-x509", *made, *subject, "-addext", "keyUsage=critical,keyCertSign")
        subject = ("-subj", "/CN=An authority", "-keyout", "tsa.key", "-out", "tsa.csr")
        self._run("req", "-new", *made[:3], *subject)
        signed_by = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "30")
        extended = ("-extfile", "ts.cnf", "-extensions", "made")
        self._run("x509", "-req", "-in", "tsa.csr", *signed_by, *extended, "-out", "tsa.pem")

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def __call__(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        (self.folder / "asked").write_bytes(body)
        self._run("ts", "-reply", "-config", "ts.cnf", "-queryfile", "asked", "-out", "reply")
        return 200, "application/timestamp-reply", (self.folder / "reply").read_bytes()

    def verifies(self, data: bytes, token: bytes) -> bool:
        """Whether anybody with OpenSSL and the root can verify the token."""
        (self.folder / "data").write_bytes(data)
        (self.folder / "token").write_bytes(token)
        args = ("-data", "data", "-token_in", "-in", "token", "-CAfile", "root.pem")
        return self._ran("ts", "-verify", *args).returncode == 0

    def _run(self, *arguments: str) -> None:
        done = self._ran(*arguments)
        assert done.returncode == 0, done.stderr

    def _ran(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        assert OPENSSL is not None
        return subprocess.run(
            [OPENSSL, *arguments], cwd=self.folder, capture_output=True, text=True, check=False
        )
