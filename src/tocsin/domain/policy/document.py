"""A policy document: from the text that people write to the value that decisions are taken under.

The text is TOML. It is read strictly and whole: unknown keys, names that lead nowhere and rules
that cannot be are all told at once, each with its line.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.domain.calendar import ALWAYS
from tocsin.domain.policy import governance, keys, organisation, targets
from tocsin.domain.policy.calendars import Holidays, calendars
from tocsin.domain.policy.organisation import Known
from tocsin.domain.policy.reading import Findings, Flaw, Table
from tocsin.domain.policy.record import Policy, fixed
from tocsin.domain.printing import UNPRINTABLE

MAX_CHARACTERS = 200_000
_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class BadPolicy(ValueError):
    """A document is no policy: all its flaws, in the order of its lines."""

    def __init__(self, flaws: Iterable[Flaw], warnings: Iterable[Flaw] = ()) -> None:
        self.flaws, self.warnings = tuple(flaws), tuple(warnings)
        super().__init__("; ".join(map(str, self.flaws)))


@dataclass(frozen=True)
class Compiled:
    """A document that is a policy, and what is strange about it."""

    policy: Policy
    warnings: tuple[Flaw, ...] = ()


def compiled(document: str, holidays: Holidays) -> Compiled:
    """Return the policy that a document is, with its holidays as dates.

    Raises:
        BadPolicy: it is none.
    """
    findings = Findings(document)
    root = Table(_parsed(document), (), findings, keys.DOCUMENT)
    policy = _read(root, holidays)
    warnings = findings.placed(findings.warnings)
    if findings.flaws:
        raise BadPolicy(findings.placed(findings.flaws), warnings)
    return Compiled(policy, warnings)


def _parsed(document: str) -> object:
    if len(document) > MAX_CHARACTERS:
        reason = f"takes {MAX_CHARACTERS:,} characters at most."
        raise BadPolicy([Flaw(1, "the document", reason)])
    if strange := UNPRINTABLE.search(document):
        line = document.count("\n", 0, strange.start()) + 1
        reason = f"holds a character that cannot be printed (U+{ord(strange.group()):04X})."
        raise BadPolicy([Flaw(line, "the document", reason)])
    try:
        return tomllib.loads(document)
    except tomllib.TOMLDecodeError as fault:
        found = _PLACE.search(str(fault))
        line = int(found[1]) if found and found[1] else document.count("\n") + 1
        raise BadPolicy([Flaw(line, "TOML", f"{_PLACE.sub('', str(fault))}.")]) from None
    except (RecursionError, ValueError) as fault:
        reason = f"cannot be read: {type(fault).__name__}."
        raise BadPolicy([Flaw(1, "the document", reason)]) from None


def _read(root: Table, holidays: Holidays) -> Policy:
    matrix, known = organisation.matrix(root), Known()
    known.categories = organisation.categories(root)
    known.levels, known.roles = organisation.levels(root), organisation.roles(root)
    for name, calendar, day in calendars(root, holidays):
        # Of one that could not be read no more is told than that.
        known.calendars[name] = calendar or ALWAYS
        known.day_seconds[name] = day if calendar else 1
    known.groups = organisation.groups(root, known)
    promised = targets.targets(root, known)
    confirmation_required, auto_close_days = governance.closing(root)
    return Policy(
        priorities=fixed(matrix),
        categories=known.categories,
        levels=fixed(known.levels),
        groups=fixed(known.groups),
        roles=fixed({name: tuple(sorted(who)) for name, who in known.roles.items()}),
        calendars=fixed(known.calendars),
        targets=promised,
        escalations=governance.escalations(root, known, promised),
        approvals=governance.approvals(root, known),
        confirmation_required=confirmation_required,
        auto_close_days=auto_close_days,
        reviews=governance.reviews(root, known),
    )
