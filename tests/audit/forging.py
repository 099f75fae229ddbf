"""Forged and damaged checkpoints, proofs and exports, by the million: is any of them believed?

`python -m tests.audit.forging --count 1000000 [--seed 1] [--start 0]`: each case has a number, from
which it follows, so a run goes on where another ended and a failure can be had again.

A case fails if something is believed that is not so, or if anything is raised but the one exception
that is meant for it. Changes that say the same as before (a field that nobody signs, a signature
that another key adds) are no forgeries: what was believed is compared with what is true.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random as Dice
from typing import Any

from tests.audit.damaging import (
    base64,
    damaged,
    flipped,
    other_bytes,
    other_event,
    other_lines,
    other_path,
)
from tests.audit.paper import PARTS, Paper, examined, made, opened, sealed
from tests.ledger import naive
from tocsin.audit import verify
from tocsin.ledger.checkpoints import Checkpoint, Signed
from tocsin.ledger.merkle import (
    BadProof,
    Frontier,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from tocsin.ledger.notes import sign
from tocsin.ledger.vkeys import BadNote, Skey, read_vkey

KINDS = ("export", "note", "inclusion", "consistency")
SAY_SECONDS = 10.0
RUBBISH: tuple[Any, ...] = (None, [], {}, 0, 1, "all", 44, 2**70, 0.5, [[]], {"kind": "all"})


class Believed(AssertionError):
    """Something was taken for true that is not."""


@dataclass
class Forger:
    """What there is to forge, and whoever is to be fooled."""

    paper: Paper
    counts: Counter[str] = field(default_factory=Counter)

    @cached_property
    def bodies(self) -> list[bytes]:
        return self.paper.bodies()

    @cached_property
    def exports(self) -> list[list[bytes]]:
        """Lines of an export of each kind."""
        return [self.paper.export(choose).split(b"\n")[:-1] for choose in PARTS.values()]

    @cached_property
    def thief(self) -> Skey:
        """A key of the log's name that is not the log's."""
        return Skey.new(self.paper.key.partition("+")[0])

    @cached_property
    def roots(self) -> dict[int, bytes]:
        tree = Frontier()
        found = {0: tree.root()}
        for body in self.bodies:
            tree.append(leaf_hash(body))
            found[tree.size] = tree.root()
        return found

    def case(self, seed: int, number: int) -> None:
        """Try one.

        Raises:
            Believed: it worked.
        """
        dice = Dice(f"{seed}:{number}")
        kind = dice.choices(KINDS, (3, 3, 2, 2))[0]
        outcome: str = getattr(self, f"_{kind}")(dice)
        self.counts[f"{kind}: {outcome}"] += 1

    def export(self, raw: bytes) -> str:
        """Show a file to the auditor's program."""
        try:
            said = examined(raw, [self.paper.key], self.paper.held)
        except verify.Unreadable:
            return "unreadable"
        if said["wrong"]:
            return "refused"
        true = set(self.bodies)
        events = [line for line in raw.split(b"\n")[1:-2] if not line.startswith(b'{"marks":')]
        root = self.roots.get(said["size"])
        if not true.issuperset(events) or root is None or said["root"] != root.hex():
            raise Believed(raw[:2_000])
        if said["scope"]["kind"] == "all" and events != self.bodies:
            raise Believed("this is not all")
        return "says the same"

    def note(self, text: str) -> str:
        """Show a checkpoint to both readers of checkpoints."""
        known = [Signed.read(each).checkpoint for each in self.paper.held]
        try:
            believed = Signed.trusted(text, [read_vkey(self.paper.key)]).checkpoint
        except BadNote:
            believed = None
        try:
            note = verify.note_of(text)
            signed = verify.signing(note, verify.key_of(self.paper.key))
            other = (note.origin, note.size, note.root) if signed == 0 else None
        except verify.Unreadable:
            other = None
        if believed is not None and believed not in known:
            raise Believed(text)
        if other is not None and other not in [(x.origin, x.size, x.root) for x in known]:
            raise Believed(text)
        return "refused" if believed is None and other is None else "says the same"

    def _export(self, dice: Dice) -> str:
        lines = list(dice.choice(self.exports))
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            lines = lines or [b""]
            lines = dice.choice((other_bytes, other_lines, other_event, self._header))(dice, lines)
        if dice.random() < 0.6:
            return self.export(sealed(lines, marks=dice.random() < 0.9))
        return self.export(b"\n".join([*lines, b""]))

    def _header(self, dice: Dice, lines: list[bytes]) -> list[bytes]:
        """Say something else about the same events."""
        try:
            said = json.loads(lines[0])
            name = dice.choice(list(said))
            if name == "checkpoint":
                said[name] = dice.choice((self._other_note(dice), damaged(dice, said[name])))
            elif name == "proof" and said[name]:
                said[name] = other_path(dice, said[name], base64)
            else:
                said[name] = dice.choice(RUBBISH)
        except (ValueError, LookupError, TypeError, AttributeError):
            return lines
        return [json.dumps(said).encode(), *lines[1:]]

    def _note(self, dice: Dice) -> str:
        if dice.random() < 0.3:
            return self.note(self._other_note(dice))
        return self.note(damaged(dice, dice.choice(self.paper.held)))

    def _other_note(self, dice: Dice) -> str:
        """A checkpoint of something else, signed by a thief, or with a signature of ours that was
        made for another one."""
        size = dice.randrange(self.paper.size + 9)
        root = dice.choice((dice.randbytes(32), *self.roots.values()))
        checkpoint = Checkpoint(self.thief.vkey.name, size, root)
        lines = dice.choice(self.paper.held).partition("\n\n")[2]
        if dice.random() < 0.5:
            lines = str(sign(checkpoint.text, [self.thief])).partition("\n\n")[2] + lines
        return f"{checkpoint.text}\n{lines}"

    def _inclusion(self, dice: Dice) -> str:
        size = dice.randint(1, self.paper.size)
        index = dice.randrange(size)
        path = naive.path(index, self.bodies[:size])
        honest = [leaf_hash(self.bodies[index]), index, size, path, self.roots[size]]
        return _proof(dice, honest, (0, 1, 3, 4), verify_inclusion, self._true_inclusion)

    def _true_inclusion(self, shown: list[Any]) -> bool:
        leaf, index, size, _, root = shown
        return bool(self.roots.get(size) == root and leaf_hash(self.bodies[index]) == leaf)

    def _consistency(self, dice: Dice) -> str:
        size = dice.randint(1, self.paper.size)
        old = dice.randint(1, size)
        path = naive.proof(old, self.bodies[:size])
        honest = [old, size, self.roots[old], self.roots[size], path]
        return _proof(dice, honest, (0, 2, 3, 4), verify_consistency, self._true_consistency)

    def _true_consistency(self, shown: list[Any]) -> bool:
        old, size, before, after, _ = shown
        return (self.roots.get(old), self.roots.get(size)) == (before, after)


def _proof(
    dice: Dice,
    honest: list[Any],
    places: Sequence[int],
    check: Callable[..., None],
    true: Callable[[list[Any]], bool],
) -> str:
    shown = list(honest)
    place = dice.choice(places)
    if isinstance(shown[place], list):
        shown[place] = other_path(dice, shown[place], bytes)
    elif isinstance(shown[place], int):
        shown[place] = dice.choice((shown[place] + dice.randint(-3, 3), dice.getrandbits(70)))
    else:
        shown[place] = flipped(dice, shown[place])
    try:
        check(*shown)
    except BadProof:
        return "refused"
    if not true(shown):
        raise Believed(shown)
    return "says the same"


def kept(home: Path | None, otherwise: Path) -> Paper:
    """A log to forge: the one that is kept there, or a new one."""
    if home is None:
        return made(otherwise)
    keys = home.parent / f"{home.name}.keys"
    if not home.exists():
        paper = made(home)
        keys.write_text(f"{paper.key}\n{paper.witness}", "utf-8")
    key, witness = keys.read_text("utf-8").split("\n")
    return opened(home, key, witness)


def main() -> int:
    """Run them, and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--home", type=Path, help="keep the log there, to see the same case again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tocsin-forging-") as folder:
        forger = Forger(kept(asked.home, Path(folder, "home")))
        began = said = time.monotonic()
        for number in range(asked.start, asked.start + asked.count):
            try:
                forger.case(asked.seed, number)
            except Exception:
                again = f"--home {asked.home} --seed {asked.seed} --start {number} --count 1"
                sys.stderr.write(f"\n{again} shows it:\n")
                raise
            if (now := time.monotonic()) - said > SAY_SECONDS:
                said = now
                sys.stderr.write(f"{number + 1 - asked.start:,} of {asked.count:,}\n")
    seconds = time.monotonic() - began
    lines = [f"{name}: {count:,}" for name, count in sorted(forger.counts.items())]
    lines.append(f"{asked.count:,} forgeries (seed {asked.seed}), none believed, {seconds:.0f} s")
    sys.stdout.write("\n".join([*lines, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
