"""Which text has which term, how often? Kept as columns of terms, so that a few can be summed.

Scores are worked out from these counts alone, all at once. An index to which texts were added is
therefore the index that would have been made of all of them: nothing drifts, and no part of it has
another idea of what is a rare term.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bm25s
import numpy as np
import numpy.typing as npt

from tocsin.signals.series import Counts

Numbers = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]
K1, B = 1.5, 0.75
"""How soon more of a term stops to matter, and how much a long text counts for less."""


@dataclass(frozen=True, eq=False)
class Postings:
    """Per term (`starts`), the texts that have it in order (`texts`) and how often (`often`)."""

    starts: Counts
    texts: Numbers
    often: Numbers
    lengths: Counts
    """Terms of each text."""

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], vocabulary: int) -> "Postings":
        """From the numbers of each text's terms, repeated as there, all below `vocabulary`."""
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        terms = np.fromiter((n for row in rows for n in row), np.int64, count=int(lengths.sum()))
        places = terms * max(len(rows), 1) + np.repeat(np.arange(len(rows)), lengths)
        pairs, often = np.unique(places, return_counts=True)
        term, text = np.divmod(pairs, max(len(rows), 1))
        starts = np.searchsorted(term, np.arange(vocabulary + 1))
        return cls(starts, text.astype(np.int32), often.astype(np.int32), lengths)

    @property
    def terms(self) -> int:
        return self.starts.size - 1

    @property
    def frequencies(self) -> Counts:
        """In how many texts each term is."""
        return np.diff(self.starts)

    def with_more(self, more: "Postings") -> "Postings":
        """The same, then the texts of `more`, whose vocabulary goes on where this one ends."""
        mine = np.zeros(more.terms, dtype=np.int64)
        mine[: self.terms] = self.frequencies
        starts = np.r_[0, np.cumsum(mine + more.frequencies)]
        old = np.arange(self.texts.size) + np.repeat(starts[:-1] - _begin(mine), mine)
        after = starts[:-1] + mine
        new = np.arange(more.texts.size) + np.repeat(after - more.starts[:-1], more.frequencies)
        texts = np.empty(starts[-1], dtype=np.int32)
        often = np.empty(starts[-1], dtype=np.int32)
        texts[old], texts[new] = self.texts, more.texts + np.int32(self.lengths.size)
        often[old], often[new] = self.often, more.often
        return Postings(starts, texts, often, np.r_[self.lengths, more.lengths])

    def only(self, kept: npt.NDArray[np.bool_]) -> "Postings":
        """Without the texts that are not kept; the others move up. Terms keep their numbers."""
        stays = kept[self.texts]
        starts = np.r_[0, np.cumsum(stays)][self.starts]
        moved = (np.cumsum(kept) - 1).astype(np.int32)
        return Postings(starts, moved[self.texts[stays]], self.often[stays], self.lengths[kept])

    def used(self) -> npt.NDArray[np.bool_]:
        """Which terms any text still has."""
        return self.frequencies > 0

    def without(self, gone: npt.NDArray[np.bool_]) -> "Postings":
        """Without terms that no text has; the others get new numbers, in the same order."""
        starts = np.r_[self.starts[:-1][~gone], self.starts[-1]]
        return Postings(starts, self.texts, self.often, self.lengths)


def _begin(counts: Counts) -> Counts:
    """Where each of some neighbouring spans begins."""
    return np.cumsum(counts) - counts


class Index(bm25s.BM25):  # type: ignore[misc]
    """A BM25 index of `bm25s` (the variant of Lucene) over postings that are there already.

    Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
    """

    def __init__(self, postings: Postings, vocabulary: Mapping[str, int]) -> None:
        super().__init__(k1=K1, b=B, method="lucene")
        texts = postings.lengths.size
        found_in = postings.frequencies
        rarity = np.log1p((texts - found_in + 0.5) / (found_in + 0.5))
        length = postings.lengths / max(float(postings.lengths.mean()), 1e-9) if texts else 1.0
        damping = K1 * (1.0 - B + B * np.asarray(length))
        often = postings.often.astype(np.float64)
        each = often / (often + damping[postings.texts]) if texts else often
        self.scores = {
            "data": (each * np.repeat(rarity, found_in)).astype(np.float32),
            "indices": postings.texts,
            "indptr": postings.starts,
            "num_docs": texts,
        }
        self.nonoccurrence_array = None
        self.vocab_dict = vocabulary
        self.unique_token_ids_set = set(vocabulary.values())

    def of_all(self, numbers: Sequence[int]) -> Scores:
        """The score of every text for these terms; a term that stands there twice counts twice."""
        found: Scores = self.get_scores_from_ids([*numbers])
        return found

    def of_one(self, text: int, number: int) -> float:
        """What one term brings to the score of one text."""
        start, end = self.scores["indptr"][number : number + 2]
        place = start + int(np.searchsorted(self.scores["indices"][start:end], text))
        there = place < end and self.scores["indices"][place] == text
        return float(self.scores["data"][place]) if there else 0.0
