"""How is an index kept? One file of numbers and texts, without anything that could be executed."""

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tocsin.signals.postings import Postings

FORMAT = 1
"""Raised when terms, weights or columns change, so that an older file is built anew."""
ARRAYS = ("starts", "texts", "often", "lengths")
MOST_BYTES = 8 * 2**30


class UnreadableIndex(Exception):
    """A file holds no index that can be used. Building it anew from the log is the way out."""


class Facts(NamedTuple):
    """What is shown of an incident, and compared, besides its terms."""

    incident_id: str
    reference: str
    title: str
    category: str | None
    service: str | None
    item: str | None


@dataclass(frozen=True)
class Kept:
    """An index in its parts. A term's number is its place in the vocabulary."""

    facts: tuple[Facts, ...]
    vocabulary: dict[str, int]
    postings: Postings
    position: int


def save(file: Path, kept: Kept) -> None:
    """Write beside the file, to the disk, and then put it in its place."""
    said = {
        "format": FORMAT,
        "position": kept.position,
        "vocabulary": [*kept.vocabulary],
        "facts": [[*each] for each in kept.facts],
    }
    text = np.frombuffer(json.dumps(said, ensure_ascii=False).encode(), dtype=np.uint8)
    arrays = {name: getattr(kept.postings, name) for name in ARRAYS}
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with beside.open("wb") as target:
            np.savez(target, text=text, **arrays)
            target.flush()
            os.fsync(target.fileno())
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def load(file: Path) -> Kept:
    """Read what `save` wrote.

    Raises:
        UnreadableIndex: it is missing, damaged, or of another version.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UnreadableIndex(f"{file} is larger than any index.")
        with file.open("rb") as source, np.load(source, allow_pickle=False) as parts:
            said = json.loads(parts["text"].tobytes())
            postings = Postings(*(parts[name] for name in ARRAYS))
        if said["format"] != FORMAT:
            raise UnreadableIndex(f"{file} was made by another version: build it anew.")
        facts = tuple(Facts(*each) for each in said["facts"])
        vocabulary = {term: number for number, term in enumerate(said["vocabulary"])}
        kept = Kept(facts, vocabulary, postings, int(said["position"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UnreadableIndex(f"{file} holds no index, build it anew ({error}).") from error
    if not _fits(kept):
        raise UnreadableIndex(f"{file} contradicts itself: build it anew.")
    return kept


def _fits(kept: Kept) -> bool:
    """Whether the numbers lead nowhere outside."""
    postings, texts = kept.postings, len(kept.facts)
    edges = postings.starts
    return bool(
        edges.size == len(kept.vocabulary) + 1
        and postings.lengths.size == texts
        and edges[0] == 0
        and edges[-1] == postings.texts.size == postings.often.size
        and (np.diff(edges) >= 0).all()
        and (not postings.texts.size or 0 <= postings.texts.min() <= postings.texts.max() < texts)
    )
