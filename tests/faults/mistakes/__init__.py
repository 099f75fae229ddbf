"""Mistakes made on purpose, one at a time, each with the test that must notice it.

A sabotage is what a careless hand might really do: a few words of one file become others. The words
must stand there exactly once; who changes them looks for the place where the same mistake is made
now, and never weakens the test.
"""

from tests.faults.mistakes.followed import AWAY, READ
from tests.faults.mistakes.guarded import ASKED, PROVED
from tests.faults.mistakes.mistake import Sabotage
from tests.faults.mistakes.stored import DECIDED, STORED

__all__ = ["ALL", "Sabotage"]

ALL = (*STORED, *DECIDED, *PROVED, *READ, *ASKED, *AWAY)
