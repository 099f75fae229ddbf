"""The keys that somebody presses, one at a time, none of them lost or echoed."""

import os
import re
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

_KEY = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])?|.", re.DOTALL)
"""An arrow and its like come as several characters, beginning with the escape."""
READ_BYTES = 64


def split(typed: str) -> list[str]:
    """The keys in what was read at once."""
    return _KEY.findall(typed)


@contextmanager
def keyboard() -> Iterator[Iterator[str]]:
    """Give the keys of the terminal while the block runs. Ctrl-C and the end of input end them."""
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSADRAIN)
    try:
        yield _keys(terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _keys(terminal: int) -> Iterator[str]:
    try:
        while typed := os.read(terminal, READ_BYTES):
            yield from split(typed.decode(errors="replace"))
    except KeyboardInterrupt:
        return
