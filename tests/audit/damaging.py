"""Ways to damage checkpoints, proofs and exports, by dice."""

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from random import Random as Dice
from typing import Any


def other_path(dice: Dice, path: Sequence[Any], made: Callable[[bytes], Any]) -> list[Any]:
    """A hash too many, one too few, another one, a damaged one, or two in each other's place."""
    found = list(path)
    place = dice.randrange(len(found) + 1)
    match dice.randrange(4):
        case 0:
            found.insert(place, made(dice.randbytes(32)))
        case 1:
            del found[place:]
        case 2:
            dice.shuffle(found)
        case _:
            found[place : place + 1] = [made(dice.randbytes(dice.choice((0, 31, 32, 33))))]
    return found


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def flipped(dice: Dice, data: bytes) -> bytes:
    place = dice.randrange(len(data) * 8)
    changed = bytearray(data)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def damaged(dice: Dice, text: str) -> str:
    """A text with something else somewhere in it."""
    place, end = sorted(dice.choices(range(len(text) + 1), k=2))
    other = dice.choice(("", "\n", " ", "0", "1", "A", "=", "\u2014", "+", "\x00", "\ud800", text))
    return text[:place] + other + text[dice.choice((place, place + 1, end)) :]


def other_bytes(dice: Dice, lines: list[bytes]) -> list[bytes]:
    """A bit flips, or bytes are lost, doubled or made up."""
    number = dice.randrange(len(lines))
    line = lines[number]
    if not line:
        return lines
    place, end = sorted(dice.choices(range(len(line)), k=2))
    new = dice.choice((
        flipped(dice, line),
        line[:place] + line[end:],
        line[:end] + line[place:],
        line[:place] + dice.randbytes(dice.randrange(9)) + line[place:],
    ))  # fmt: skip
    return [*lines[:number], *new.split(b"\n"), *lines[number + 1 :]]


def other_lines(dice: Dice, lines: list[bytes]) -> list[bytes]:
    """Lines are lost, doubled or in another order."""
    one, two = (dice.randrange(len(lines)) for _ in range(2))
    changed = list(lines)
    match dice.randrange(4):
        case 0:
            changed[one], changed[two] = changed[two], changed[one]
        case 1:
            del changed[min(one, two) : max(one, two)]
        case 2:
            changed.insert(one, changed[two])
        case _:
            del changed[one]
    return changed


def other_event(dice: Dice, lines: list[bytes]) -> list[bytes]:
    """An event says something else, in good order."""
    number = dice.randrange(1, len(lines)) if len(lines) > 1 else 0
    try:
        event = json.loads(lines[number])
        name = dice.choice(list(event))
        event[name] = dice.choice((None, 0, 1, event["position"] + 1, "x", [], event.get("stream")))
    except (ValueError, LookupError, TypeError, AttributeError):
        return lines
    other = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return [*lines[:number], other.encode("utf-8", "replace"), *lines[number + 1 :]]
