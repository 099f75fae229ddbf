"""What somebody is told who asks what is kept of a person, and what forgetting them would close."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tocsin.domain.subject.values import Texts
from tocsin.erasure.handing import References, line
from tocsin.erasure.names import Names
from tocsin.erasure.planning import Plan, Seen, plan, seen, standing, subjects_of
from tocsin.erasure.scan import How, Progress
from tocsin.store.log import Log

LISTED = 200
"""Most incidents that an answer lists."""


@dataclass(frozen=True)
class Looked:
    """What a look over the whole log came to."""

    log: Log
    names: Names
    subjects: dict[str, str]
    seen: Seen

    def plan(self, texts: Texts) -> Plan:
        """What goes if they are forgotten with these texts."""
        return plan(self.log, self.subjects, self.seen, texts)

    def told(self) -> dict[str, Any]:
        """The same in plain values."""
        told, references = self.seen, References(self.log)
        mentioning, involved = (
            [{"incident_id": each, "reference": references(each)} for each in list(found)[:LISTED]]
            for found in (told.mentioning, told.involved)
        )
        return {
            "names": self.names.all,
            "position": told.position,
            "subjects": [
                {
                    "subject_id": subject,
                    "name": name,
                    "values": told.by_subject[subject],
                    "holds": standing(self.log, UUID(subject)),
                }
                for subject, name in self.subjects.items()
            ],
            "values": {how.value: told.by_how[how] for how in How},
            "events": dict(sorted(told.by_event.items())),
            "involved": {"count": len(told.involved), "first": involved},
            "mentioning": {"count": len(told.mentioning), "first": mentioning},
            "mentioned_apart": told.apart,
            "clear": [line(each, references) for each in told.clear],
        }


def look(
    log: Log,
    names: Names,
    subjects: dict[str, str] | None = None,
    progress: Progress | None = None,
) -> Looked:
    """Who has these names (or what is there of these subjects), and what mentions them.

    Raises:
        TooMuch: they have a part in more incidents than are forgotten at once.
        StoreUnavailable: the log cannot be read.
        VaultUnavailable: the vault cannot be read.
    """
    known = subjects_of(log, names.all) if subjects is None else subjects
    return Looked(log, names, known, seen(log, names, known, progress))
