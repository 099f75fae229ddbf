"""What the words of a row say for certain. Everything else is a note.

These are all the words that are known, and they err on the side of saying nothing: a row that says
that *most* of it works, or that it *should* work, does not say that service is back.
"""

import re
from enum import Enum, auto


class Sign(Enum):
    """What a row may say."""

    BROKE = auto()
    """A service is not as it should be."""
    KNOWN = auto()
    """Somebody, or monitoring, knows."""
    TAKEN_ON = auto()
    """People look into it."""
    FOUND = auto()
    """What an investigation found."""
    CAUSE = auto()
    """Why it happened."""
    MITIGATED = auto()
    """Users can work."""
    RESTORED = auto()
    """Service is back."""
    LASTING = auto()
    """The cause is gone for good."""
    FINE = auto()
    """All is well, whatever happened before."""
    USERS_TOLD = auto()
    PUBLIC_TOLD = auto()


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_TAKEN_ON = (
    r"\binvestigations?\b.{0,30}\b(?:started|commenced|begun|began)\b",
    r"\b(?:start|started|begin|began|ongoing) investigat(?:ion|ing)\b",
    r"\bstarted working on\b",
    r"\backnowledged\b",
)
_CAUSE = (
    r"\broot cause (?:was |is )?(?:found|discovered|identified)\b(?! later)",
    r"\bidentified that the (?:issue|problem|cause|root cause) (?:was|is)\b",
)
_TROUBLE = r"(?:issue|incident|problem|outage)s?"
_SAID: dict[Sign, re.Pattern[str]] = {
    Sign.BROKE: _any(
        r"\bexpire[sd]?\b",
        r"\bcrash(?:es|ed|ing)?(?:[- ]?loop\w*)?\b",
        r"\bfail(?:s|ed|ing|ures?)?\b",
        r"\b(?:fully|is|are|was|were|went) down\b",
        r"\b(?:returning|status|http)(?: code)? [45]\d\d\b",
        r"\bno space left\b",
        r"\b(?:break(?:s|ing)?|broke|broken)\b",
        r"\b(?:disrupt\w*|degraded|outage|timed out|timeouts?|unexpectedly)\b",
        r"\bun(?:available|schedulable|reachable|responsive)\b",
        r"\b(?:problem|issue|incident|outage|impact) (?:started|began|begins)\b",
    ),
    Sign.KNOWN: _any(
        r"\b(?:alert|alarm)(?:s|ed)?\b",
        r"\bautomat(?:ed|ic) warning\b",
        r"\b(?:user|customer|developer|client|colleague)s?\b.{0,40}\breport(?:s|ed|ing)?\b",
        r"\breports? of\b",
        r"\breported by\b",
        r"\b(?:detects|detected|noticed|witnessed)\b",
        r"\b(?:became|made) aware\b",
        r"\bnotified us\b",
        r"\bwe (?:are|were|got) (?:informed|notified)\b",
        r"\bidentified (?:an? )?(?:issue|problem)\b",
        *_TAKEN_ON[:2],
    ),
    Sign.TAKEN_ON: _any(*_TAKEN_ON),
    Sign.FOUND: _any(r"\bidentified\b"),
    Sign.CAUSE: _any(*_CAUSE),
    Sign.MITIGATED: _any(
        r"\bmitigated\b",
        r"\b(?:fix|hotfix|workaround) (?:was |is |has been )?(?:applied|in place)\b",
    ),
    Sign.RESTORED: _any(
        r"\bservices?\b.{0,40}\b(?:restored|recovered|operational|available again)\b",
        r"\bservices?\b.{0,40}\bback (?:up|online)\b",
        r"\b(?:back|returned) to normal\b",
        r"\(resolved\)",
        rf"\b{_TROUBLE}\b.{{0,30}}\b(?:resolved|solved)\b",
        rf"\bsolved the {_TROUBLE}\b",
        r"\bsystems (?:are |were )?(?:verified )?(?:operational|healthy|working)\b",
        r"\ball (?:is |are )?healthy\b",
        r"\bworking as (?:intended|expected)\b",
        r"\b(?:confirmed|verified)(?: as)? working\b",
        r"\bthat it works\b",
    ),
    Sign.LASTING: _any(
        r"\bpermanently (?:fixed|solved|resolved)\b",
        r"\b(?:permanent|long-?term|lasting) fix (?:was |is )?(?:applied|deployed|in place)\b",
    ),
    Sign.FINE: _any(r"\ball (?:is |are |was |were )?(?:fine|well|good|ok)\b"),
    Sign.USERS_TOLD: _any(r"\b(?:informed|notified|told) (?:all |the )?(?:users|customers)\b"),
    Sign.PUBLIC_TOLD: _any(
        r"\bstatus page (?:was )?updated\b", r"\bupdated (?:the )?status page\b"
    ),
}  # fmt: skip
_NOT_YET = _any(
    r"\bnot\b", r"n[\u2019']t\b", r"\bno\b", r"\bstill\b", r"\bdown\b", r"\bmost(?:ly)?\b",
    r"\bsome\b", r"\bpart(?:ly|ial|ially)\b", r"\b(?:should|will|would|might|may|could)\b",
    r"\b(?:try|tried|trying|attempt\w*|expect|expects|hope\w*|fail\w*|unsuccessful\w*)\b",
    r"\b(?:until|before|once|if|when|unclear|whether)\b", r"\?",
)  # fmt: skip
_NOBODY_KNEW = _any(
    r"\b(?:no|without|missing) (?:\w+ )?(?:alert|alarm|warning|report)s?\b",
    r"\bunnoticed\b",
    r"\bnot (?:\w+ )?(?:detected|noticed|reported|aware)\b",
    r"\b(?:alert|alarm)s? (?:was |were )?(?:disabled|silenced|muted|cleared|stopped)\b",
)
_OVER = frozenset({Sign.MITIGATED, Sign.RESTORED, Sign.LASTING, Sign.FINE})


def signs(text: str) -> frozenset[Sign]:
    """What a row says for certain."""
    found = {sign for sign, pattern in _SAID.items() if pattern.search(text)}
    if _NOT_YET.search(text):
        found -= _OVER | {Sign.CAUSE, Sign.USERS_TOLD, Sign.PUBLIC_TOLD}
    if _NOBODY_KNEW.search(text) or found & _OVER:
        found.discard(Sign.KNOWN)
    if Sign.LASTING in found:
        found.discard(Sign.MITIGATED)
    return frozenset(found)
