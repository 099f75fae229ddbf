"""What is asked about signals and similar incidents, in the words of a request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tocsin.trends.question import BadQuestion, Question

KINDS = ("change-points", "unusual-days", "rising", "recurring")
OWN = ("kind", "trend", "measure", "by", "window", "weeks", "show")
"""What is asked of signals, besides the parts of a question: those are `zone`, `where`, ..."""
SHARED = ("zone", "where", "from", "to")
WINDOW_DAYS, WEEKS, SHOWN = 30, 4, 20
MOST_SHOWN = 500


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which signals, in what: the counts of a trend, sliced by one dimension or by none."""

    kinds: tuple[str, ...] = KINDS
    measure: str = ""
    """Which number of the trend; empty: the first that counts incidents."""
    window: int = WINDOW_DAYS
    """Days within which incidents of one kind are recurring ones."""
    weeks: int = WEEKS
    """How many recent weeks are held against those before, to say what rises."""
    show: int = SHOWN
    """Most signals of each kind that are given."""
    question: Question = field(default_factory=lambda: Question(trend="volume"))

    @classmethod
    def read(cls, texts: Mapping[str, str | Sequence[str]]) -> "Asked":
        """What a request asks: `kind`, `trend`, `measure`, `by`, `window`, `weeks`, `show`, and
        `zone`, `where`, `from`, `to` as for a trend.

        Raises:
            BadQuestion: a field is unknown, or says what cannot be.
        """
        if unknown := [name for name in texts if name not in (*OWN, *SHARED)]:
            known = ", ".join((*OWN, *SHARED))
            raise BadQuestion(unknown[0], f"is not asked here. What is: {known}.")
        shared = {name: texts[name] for name in (*SHARED, "by") if name in texts}
        question = Question.read(_one(texts, "trend", "volume"), shared)
        if len(question.by) > 1:
            raise BadQuestion("by", "is one dimension, or none: signals are sought in each value.")
        return cls(
            kinds=_kinds(texts),
            measure=_one(texts, "measure", ""),
            window=_number(texts, "window", WINDOW_DAYS, 1, 366),
            weeks=_number(texts, "weeks", WEEKS, 1, 26),
            show=_number(texts, "show", SHOWN, 1, MOST_SHOWN),
            question=question,
        )

    def about(self, **changes: Any) -> Question:
        """The question to the trend, changed."""
        return replace(self.question, **changes)

    def said(self) -> dict[str, Any]:
        """What was asked, in plain values."""
        asked = self.question.said()
        return {
            "kind": list(self.kinds),
            "trend": self.question.trend,
            "measure": self.measure or None,
            "window": self.window,
            "weeks": self.weeks,
            "show": self.show,
            **{name: asked[name] for name in ("by", *SHARED)},
        }


def _one(texts: Mapping[str, str | Sequence[str]], name: str, usual: str) -> str:
    said = texts.get(name, usual)
    values = [said] if isinstance(said, str) else [*said]
    if len(values) > 1:
        raise BadQuestion(name, f"is said once, not {len(values)} times.")
    return values[0].strip() if values else usual


def _kinds(texts: Mapping[str, str | Sequence[str]]) -> tuple[str, ...]:
    said = texts.get("kind", ())
    values = [said] if isinstance(said, str) else [*said]
    kinds = [part.strip() for value in values for part in value.split(",") if part.strip()]
    if strange := [kind for kind in kinds if kind not in KINDS]:
        raise BadQuestion("kind", f"is one of {', '.join(KINDS)}, not {strange[0]!r}.")
    return tuple(kind for kind in KINDS if kind in kinds) if kinds else KINDS


def _number(
    texts: Mapping[str, str | Sequence[str]], name: str, usual: int, least: int, most: int
) -> int:
    text = _one(texts, name, str(usual))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise BadQuestion(name, f"is a whole number from {least} to {most}, not {text!r}.")
    return int(text)
