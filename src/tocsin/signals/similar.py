"""Which past incidents are like this one?

BM25 over title, description and resolution, in which a term of the title counts as if it stood
there several times (Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted
fields", CIKM 2004), and a little more for the same category, service or item. It suggests; that two
incidents have one cause is for people to say, who link a problem.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from tocsin.signals import shelf
from tocsin.signals.limits import BadParameter, between
from tocsin.signals.postings import Index, Postings, Scores
from tocsin.signals.shelf import Facts, UnreadableIndex
from tocsin.signals.terms import terms

__all__ = ["Match", "SimilarIncidents", "Text", "UnreadableIndex"]

TITLE = 2
"""How often a term of the title counts in an incident that is looked through."""
ALIKE = 0.2
"""By how much each of category, service and item raises the score when it is the same."""
TOLD = 8
"""Terms that a match names."""
MOST_TEXTS = 1_000_000
MOST_ASKED = 64
"""Terms that a search asks with, the rarest of the incident: common ones cost most, say least."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """What an incident says of itself. Empty is what it does not say."""

    incident_id: str
    reference: str
    title: str
    description: str = ""
    resolution: str = ""
    category: str | None = None
    service: str | None = None
    item: str | None = None


@dataclass(frozen=True)
class Match:
    """An incident that is like the one that was asked about.

    `score` is `words` (the sum of what all shared terms bring, by BM25), raised by a fifth for each
    of category, service and item that both name and that is the same. `terms` are the shared terms
    that bring most, with what each brings.
    """

    incident_id: str
    reference: str
    title: str
    score: float
    words: float
    terms: tuple[tuple[str, float], ...]
    same_category: bool
    same_service: bool
    same_item: bool


@dataclass(frozen=True, eq=False)
class SimilarIncidents:
    """An index of what incidents say, up to a position of the log. It never changes."""

    facts: tuple[Facts, ...]
    vocabulary: dict[str, int]
    postings: Postings
    position: int = 0

    @classmethod
    def build(
        cls, texts: Iterable[Text], *, position: int = 0, most: int = 200_000
    ) -> "SimilarIncidents":
        """Index the last `most` of the texts; the last one of an incident is what it says.

        Raises:
            BadParameter: `most` is not from 1 to a million.
        """
        nothing = cls((), {}, Postings.of([], 0), 0)
        return nothing.extended(texts, position=position, most=most)

    def extended(
        self, texts: Iterable[Text], *, position: int, most: int = 200_000
    ) -> "SimilarIncidents":
        """The index with these texts too; what an incident said before is replaced.

        It ranks exactly as one that is built anew from all of them. Beyond `most`, those that were
        added first are left out.

        Raises:
            BadParameter: `most` is not from 1 to a million, or `position` lies before the index's.
        """
        between("most", most, 1, MOST_TEXTS)
        if position < self.position:
            raise BadParameter(
                "position", f"must not be before {self.position:,}, which is in the index already."
            )
        latest = {each.incident_id: each for each in _last(texts, int(most))}
        vocabulary = dict(self.vocabulary)
        rows = [
            [vocabulary.setdefault(term, len(vocabulary)) for term in _terms(each)]
            for each in latest.values()
        ]
        postings = self.postings.with_more(Postings.of(rows, len(vocabulary)))
        facts = self.facts + tuple(map(_facts, latest.values()))
        kept = np.array([each.incident_id not in latest for each in self.facts], dtype=np.bool_)
        kept = np.r_[kept, np.ones(len(latest), dtype=np.bool_)]
        kept &= np.cumsum(kept[::-1])[::-1] <= most
        if not kept.all():
            postings, vocabulary = _compact(postings.only(kept), vocabulary)
            facts = tuple(each for each, stays in zip(facts, kept, strict=True) if stays)
        return SimilarIncidents(facts, vocabulary, postings, position)

    def __len__(self) -> int:
        return len(self.facts)

    def similar(self, text: Text, limit: int = 10, *, least: float = 0.0) -> tuple[Match, ...]:
        """The incidents most like this one, itself left out; of equal ones the newest first.

        What asks is the title, the description and, when there is one, the resolution. Only matches
        with a score above `least` are given; without a shared term there is none.

        Raises:
            BadParameter: `limit` is not from 1 to 1,000.
        """
        between("limit", limit, 1, 1_000)
        asked = self._asked(text)
        if not asked:
            return ()
        words = self._index.of_all(asked)
        scores = words * self._alike(text)
        best = [n for n in _best(scores, limit + 1) if scores[n] > max(least, 0.0)]
        return tuple(
            self._match(n, text, float(scores[n]), float(words[n]), asked)
            for n in best
            if self.facts[n].incident_id != text.incident_id
        )[:limit]

    def _asked(self, text: Text) -> list[int]:
        """The numbers of the rarest of its terms that are known."""
        known = (self.vocabulary.get(term) for term in dict.fromkeys(_terms(text)))
        found_in = self.postings.frequencies
        rarest = sorted((n for n in known if n is not None), key=lambda n: int(found_in[n]))
        return rarest[:MOST_ASKED]

    @cached_property
    def _words(self) -> tuple[str, ...]:
        """Every term at its number."""
        return tuple(self.vocabulary)

    @cached_property
    def _index(self) -> Index:
        return Index(self.postings, self.vocabulary)

    @cached_property
    def _codes(self) -> tuple[tuple[dict[str | None, int], Scores], ...]:
        """Category, service and item of every text as numbers, to compare them all at once."""
        columns = []
        for field in ("category", "service", "item"):
            numbers: dict[str | None, int] = {}
            each = [numbers.setdefault(getattr(f, field), len(numbers)) for f in self.facts]
            columns.append((numbers, np.array(each, dtype=np.float32)))
        return tuple(columns)

    def _alike(self, text: Text) -> Scores:
        raised = np.ones(len(self), dtype=np.float32)
        wanted = (text.category, text.service, text.item)
        for value, (numbers, column) in zip(wanted, self._codes, strict=True):
            if value and value in numbers:
                raised += np.float32(ALIKE) * (column == numbers[value])
        return raised

    def _match(
        self,
        place: int,
        text: Text,
        score: float,
        words: float,
        asked: list[int],
    ) -> Match:
        facts = self.facts[place]
        brought = [(self._words[n], self._index.of_one(place, n)) for n in asked]
        brought.sort(key=lambda each: (-each[1], each[0]))
        return Match(
            incident_id=facts.incident_id,
            reference=facts.reference,
            title=facts.title,
            score=score,
            words=words,
            terms=tuple(each for each in brought[:TOLD] if each[1] > 0),
            same_category=bool(text.category) and text.category == facts.category,
            same_service=bool(text.service) and text.service == facts.service,
            same_item=bool(text.item) and text.item == facts.item,
        )

    def save(self, file: Path) -> None:
        """Keep the index in one file, which is there whole or not at all."""
        shelf.save(file, shelf.Kept(self.facts, self.vocabulary, self.postings, self.position))

    @classmethod
    def load(cls, file: Path) -> "SimilarIncidents":
        """The index that a file keeps.

        Raises:
            UnreadableIndex: there is none, it is damaged, or another version made it: build anew.
        """
        kept = shelf.load(file)
        return cls(kept.facts, kept.vocabulary, kept.postings, kept.position)


def _last(texts: Iterable[Text], most: int) -> Sequence[Text]:
    """The last texts, each incident once, where it was said last."""
    latest: dict[str, Text] = {}
    for each in texts:
        latest.pop(each.incident_id, None)
        latest[each.incident_id] = each
        if len(latest) > most:
            del latest[next(iter(latest))]
    return tuple(latest.values())


def _terms(text: Text) -> list[str]:
    return terms(text.title) * TITLE + terms(text.description) + terms(text.resolution)


def _best(scores: Scores, limit: int) -> list[int]:
    """Places of the highest scores, of equal ones the last."""
    if scores.size > limit:
        places = np.flatnonzero(scores >= np.partition(scores, -limit)[-limit])
    else:
        places = np.arange(scores.size)
    found: list[int] = places[np.lexsort((-places, -scores[places]))][:limit].tolist()
    return found


def _facts(text: Text) -> Facts:
    return Facts(
        text.incident_id, text.reference, text.title, text.category, text.service, text.item
    )


def _compact(postings: Postings, vocabulary: dict[str, int]) -> tuple[Postings, dict[str, int]]:
    """Without the terms that went with the texts that were left out."""
    used = postings.used()
    words = [term for term, number in vocabulary.items() if used[number]]
    return postings.without(~used), {term: number for number, term in enumerate(words)}
