#!/usr/bin/env python3
"""Check an audit export of Tocsin offline, without Tocsin and without trusting who made it.

    python verify.py export.jsonl --key VKEY [--held checkpoints.txt] [--witness VKEY] [--json]

The root of the Merkle tree (RFC 6962) is worked out from the events in the file and compared with
the checkpoint that is signed under the key that YOU give; the same tree with every checkpoint that
you hold. Without a checkpoint that reached you earlier, or a witness, this proves only that the
file agrees with what its maker signed today. What was forgotten is listed.

Python 3.9 or later; Ed25519 comes from `cryptography`, or else from the program `openssl` 3.
Exit codes: 0 everything agrees, 1 something is wrong and is named, 2 not readable or wrong use.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from base64 import b64decode, b64encode
from collections import namedtuple
from hashlib import sha256
from operator import index
from pathlib import Path
from typing import Any, BinaryIO

HEADER_BYTES, LINE_BYTES, NAMED, MARK = 1 << 28, 1 << 24, 50, 6
PLACE = ("line", "position", "stream", "version")
DER = bytes.fromhex("302a300506032b6570032100")  # with 32 bytes, the file of a key (RFC 8410)
NOTE = re.compile("\n*((?:(?!\u2014 )[^\n]+\n){3,}\n(?:\u2014 [^\n]+\n)+)")
UNKNOWN = "NO KEY OF YOURS was given: that in the file was put there by whoever made it."
ALONE = "NO CHECKPOINT OF YOURS, NO WITNESS: what was rewritten before it was signed does not show."
PARTIAL = "A PART OF THE LOG: what happened later, or beside it, is not in it."


class Unreadable(Exception):
    """It is not what it should be, so that nothing can be said about it."""


# Keys and signed checkpoints: c2sp.org/signed-note, tlog-checkpoint and tlog-cosignature.
# Keys of kind 1 sign checkpoints; those of kind 4, of witnesses, sign them with the time.
Key = namedtuple("Key", "name number kind public")
Note = namedtuple("Note", "text origin size root signatures")


def unbase64(text: Any, least: int, most: int) -> bytes:
    """So many bytes, from the only spelling that they have."""
    try:
        raw = b64decode(text, validate=True)
    except (TypeError, ValueError):
        raw = b""
    if not least <= len(raw) <= most or b64encode(raw).decode() != text:
        raise Unreadable(f"{text!r:.60} is not base64 of {least} bytes")
    return raw


def key_of(text: str, witness: bool = False) -> Key:
    """Read `name+number+base64`. Many witnesses write theirs as that of a log."""
    name, number, code = [*text.strip().split("+", 2), "", ""][:3]
    raw, named = unbase64(code, 33, 33), name.encode() + b"\n"
    if not name or raw[0] not in (1, 4) or number != sha256(named + raw).hexdigest()[:8]:
        raise Unreadable(f"{text!r:.80} is not the public key of a log or of a witness")
    raw = b"\4" + raw[1:] if witness else raw
    return Key(name, sha256(named + raw).digest()[:4], raw[0], raw[1:])


def note_of(text: str) -> Note:
    """Read one checkpoint: name of the log, size, root; an empty line; `— name signature`."""
    body, _, rest = text.encode(errors="replace").decode().partition("\n\n")
    parts, lines = body.split("\n"), [line.split(" ") for line in rest.split("\n")]
    if lines.pop() != [""] or {(x[0], len(x)) for x in lines} != {("\u2014", 3)}:
        raise Unreadable(f"{text!r:.60} is not signed")
    if len(parts) < 3 or not all(parts) or not re.fullmatch("0|[1-9][0-9]{0,17}", parts[1]):
        raise Unreadable(f"{text!r:.60} is not a checkpoint")
    signed = [(name, raw[:4], raw[4:]) for _, name, x in lines for raw in [unbase64(x, 5, 8192)]]
    return Note(f"{body}\n".encode(), parts[0], int(parts[1]), unbase64(parts[2], 32, 32), signed)


def ed25519(key: bytes, note: bytes, sig: bytes) -> bool:
    """Whether a signature is right: by the library, or else by the program."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        return Ed25519PublicKey.from_public_bytes(key).verify(sig, note) is None
    except ImportError:
        asked = "openssl pkeyutl -verify -pubin -keyform DER -inkey k -rawin -in note -sigfile sig"
    except (InvalidSignature, ValueError):
        return False
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("k", DER + key), ("note", note), ("sig", sig)):
            Path(folder, name).write_bytes(content)
        done = subprocess.run(asked.split(), cwd=folder, capture_output=True, check=False)
    if done.returncode and b"Verification Failure" not in done.stdout + done.stderr:
        raise Unreadable(f"openssl cannot check a signature: {done.stderr!r:.200}")
    return not done.returncode


def signing(note: Note, key: Key) -> int | None:
    """None if a key has not signed; -1 if its signature is wrong; else when it did, 0 if unsaid."""
    for name, number, signature in note.signatures:
        if (name, number) == (key.name, key.number):
            cut = 8 if key.kind == 4 else 0
            when = int.from_bytes(signature[:cut], "big")
            text = (b"cosignature/v1\ntime %d\n" % when if cut else b"") + note.text
            return when if ed25519(key.public, text, signature[cut:]) else -1
    return None


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no name stands twice, so that all who read it read the same."""
    if len(made := dict(pairs)) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return made


JSON = json.JSONDecoder(object_pairs_hook=once, parse_float=str)
FLAWS = (Unreadable, ValueError, LookupError, TypeError, AttributeError, RecursionError)


class Export:
    """One file, what is wrong with it, and the tree (RFC 6962, 2.1) that grows from its events."""

    def __init__(self, file: BinaryIO) -> None:
        line = file.readline(HEADER_BYTES)
        try:
            said = JSON.decode(line.decode())
            self.scope, self.kind = said["scope"], said["scope"]["kind"]
            self.notes = [note_of(text) for text in (said["checkpoint"], *said["checkpoints"])]
            self.stamps = [each for each in said["attestations"] if each["kind"] == "timestamp"]
            self.size, self.keys = self.notes[0].size, [key_of(key) for key in said["keys"]]
            self.last = (self.scope["first"] if self.kind == "period" else 1) - 1
            self.streams = {*self.scope["streams"]} if self.kind == "incident" else None
            self.proof = iter([unbase64(each, 32, 32) for each in said["proof"]])
            if said["tocsin-audit"] != 1 or self.kind not in ("all", "incident", "period"):
                raise Unreadable("it is of another version")
            self.cuts = sorted({self.size, *(x for x in said["sizes"] if x in range(self.size))})
        except FLAWS as error:
            raise Unreadable(f"line 1 is no header of an audit export: {error!r:.200}") from error
        self.file, self.digest, self.end, self.peaks = file, sha256(line), 0, list[Any]()
        self.roots, self.versions, self.marks = dict[int, bytes](), dict[str, int](), iter([b""])
        self.wrong, self.forgotten, self.sealed, self.events = list[Any](), list[Any](), 0, 0

    def find(self, says: object, *where: Any) -> None:
        """Something is wrong, and where: its line, position, stream and version."""
        self.wrong.append({"says": str(says), **dict(zip(PLACE, where))})

    def walk(self, held: list[Note]) -> None:
        """Read every event once, and take the roots at the sizes that matter."""
        known = {note.size for note in (*self.notes, *held) if note.size < self.size}
        self.cuts = sorted({*self.cuts, *(known if self.kind == "all" else ())}, reverse=True)
        number, line = 1, b""
        for number, line in enumerate(iter(lambda: self.file.readline(LINE_BYTES), b""), 2):
            if line.startswith(b'{"end":') or len(self.wrong) > NAMED:
                break
            self.digest.update(line)
            try:
                self.take(number, line)
            except FLAWS as error:
                self.find(f"no event can stand here so: {error}", number)
        self.reach(self.size)
        end = f'{{"end":true,"events":{self.events},"sha256":"{self.digest.hexdigest()}"}}\n'
        if line != end.encode() or self.file.read(1):
            self.find("the file was altered or cut off: its last line does not fit it", number)
        if next(self.proof, b"") != b"":
            self.find("the header has more hashes than its proof needs", 1)
        last = {"all": self.size, "period": self.scope.get("last")}.get(self.kind, self.last)
        if self.last != last or (self.streams and self.streams - self.versions.keys()):
            self.find("events that the header names are missing at the end", number)

    def take(self, number: int, line: bytes) -> None:
        """One more event: nothing is missing between it and the one before."""
        if line.startswith(b'{"marks":"'):  # the beginnings of the hashes of those that follow
            self.marks = iter(re.findall(b"." * MARK, b64decode(line[10:-3]), re.DOTALL))
            return
        self.events += 1
        event, hash_ = JSON.decode(line.decode()), sha256(b"\0" + line[:-1]).digest()
        stream, position = event["stream"], index(event["position"])
        version = index(event["version"])
        where, before = (number, position, stream, version), self.versions.get(stream, 0)
        if next(self.marks, b"") != hash_[:MARK]:
            self.find("this event is not as it was when the file was made", *where)
        if version != before + 1 and (before or self.kind != "period"):
            self.find(f"version {before + 1} of its stream should stand here", *where)
        if self.streams is not None and stream not in self.streams:
            self.find("it is of a stream that the scope does not name", *where)
        if self.streams is None and position != self.last + 1:
            self.find(f"position {self.last + 1} should stand here", *where)
        if not 0 <= self.last < position <= self.size:
            raise Unreadable(f"position {position} cannot follow {self.last}")
        self.reach(position - 1)
        self.push(0, hash_)
        self.last, self.versions[stream] = position, version
        self.sealed += line.count(b'{"sealed":[')
        if event.get("event") == "subject.forgotten":
            self.forgotten.append({"line": number, **event})

    def push(self, height: int, hash_: bytes) -> None:
        """The tree grows by a subtree: with its left neighbour of the same height, a higher one."""
        self.end += 1 << height
        while self.peaks and self.peaks[-1][0] == height:
            height, hash_ = height + 1, sha256(b"\1" + self.peaks.pop()[1] + hash_).digest()
        self.peaks.append((height, hash_))

    def skip(self, until: int) -> None:
        """It grows by leaves that are not here: the hashes of the largest subtrees of them."""
        while self.end < until:
            whole = (self.end & -self.end).bit_length() - 1 if self.end else 64
            height = min(whole, (until - self.end).bit_length() - 1)
            if until == self.size and height < whole:  # the right edge: what there is of a subtree
                self.end = until
                self.peaks.append((-1, next(self.proof, b"")))
            else:
                self.push(height, next(self.proof, b""))

    def reach(self, end: int) -> None:
        """It grows up to there, and has its root taken at the sizes that matter."""
        while self.cuts and self.cuts[-1] <= end:
            self.skip(self.cuts[-1])
            *larger, root = [hash_ for _, hash_ in self.peaks] or [sha256().digest()]
            for left in reversed(larger):
                root = sha256(b"\1" + left + root).digest()
            self.roots[self.cuts.pop()] = root
        self.skip(end)

    def compare(self, note: Note, whose: str, keys: list[Key]) -> None:
        """One checkpoint beside the tree of these events."""
        whose += f" of {note.size} events"
        said = {signing(note, key) for key in keys if key.name == note.origin}
        if -1 in said or said <= {None}:
            self.find(f"{whose} is not signed for {note.origin!r} by a key that you trust")
        elif note.size > self.size:
            self.find(f"{whose} is longer than the log here: it was cut, or the export is older")
        elif note.size not in self.roots:
            self.find(f"{whose} is not covered: have the export made with --held and your file")
        elif note.root != self.roots[note.size]:
            self.find(f"{whose} has another root than the events here: something was rewritten")


def examine(export: Export, keys: list[Key], held: list[Note], witnesses: list[Key]) -> Any:
    """All that is to be said of a file; if everything agrees, `wrong` is empty."""
    export.walk(held)
    (note, *earlier), trusted, cosigned = export.notes, keys or export.keys, {}
    export.compare(note, "the checkpoint", trusted)
    if export.wrong:
        earlier, held = [], []
    for one in earlier:
        export.compare(one, "an earlier checkpoint", [*trusted, *export.keys])
    for one in held:
        export.compare(one, "your checkpoint", trusted)
    for key in witnesses:
        found = [(one.size, signing(one, key)) for one in export.notes]
        cosigned[key.name] = [(size, when) for size, when in found if when is not None]
        if {when for _, when in found} <= {None, -1}:
            export.find(f"no checkpoint here is signed by the witness {key.name!r}")
    said = {"log": note.origin, "size": note.size, "root": note.root.hex(), "scope": export.scope}
    said |= {"events": export.events, "streams": len(export.versions), "sealed": export.sealed}
    said |= {"forgotten": export.forgotten, "earlier": len(earlier)}
    said["held"] = [one.size for one in held]
    mind = [UNKNOWN] * (not keys) + [ALONE] * (not held + witnesses)
    mind += [PARTIAL] * (export.kind != "all")
    return {**said, "witnesses": cosigned, "mind": mind, "wrong": export.wrong}


def main() -> int:
    """Say it, in ASCII: what comes from a file can be hostile to a terminal."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("export")
    for name in ("--key", "--held", "--witness"):
        parser.add_argument(name, action="append", default=[])
    parser.add_argument("--write-tokens", metavar="FOLDER")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    try:
        keys, witnesses = [*map(key_of, asked.key)], [key_of(text, True) for text in asked.witness]
        held = "".join(Path(name).read_text("utf-8") + "\n" for name in asked.held)
        if rest := NOTE.sub("", held).strip():
            raise Unreadable(f"{rest!r:.60} is not a signed checkpoint")
        with Path(asked.export).open("rb") as file:
            export = Export(file)
            said = examine(export, keys, [*map(note_of, NOTE.findall(held))], witnesses)
        for number, each in enumerate(export.stamps if asked.write_tokens else (), 1):
            Path(asked.write_tokens, f"{number}.note").write_bytes(each["note"].encode())
            Path(asked.write_tokens, f"{number}.token").write_bytes(b64decode(each["body"]))
    except (OSError, *FLAWS) as error:
        print(ascii(str(error)), file=sys.stderr)
        return 2
    lines = [f"{name}: {json.dumps(value)}" for name, value in said.items() if name != "wrong"]
    lines += [f"WRONG: {json.dumps(each)}" for each in said["wrong"]] or ["Everything agrees."]
    print(json.dumps(said) if asked.json else "\n".join(lines))
    return 1 if said["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
