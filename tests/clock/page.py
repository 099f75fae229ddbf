"""What a page of the documentation says of clocks, so that tests can hold it to that."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.clock.kit import MATRIX


@dataclass(frozen=True)
class Section:
    """A part of a page: a policy, and what clocks say under it."""

    text: str

    @property
    def document(self) -> str:
        """Its policy, after the matrix of priorities."""
        (toml,) = re.findall(r"^```toml\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)
        return f"{MATRIX}\n{toml}"

    @property
    def table(self) -> list[tuple[str, ...]]:
        """The lines of its table, without the heading."""
        lines = re.findall(r"^\| (.*) \|$", self.text, re.MULTILINE)
        return [tuple(line.split(" | ")) for line in lines[1:]]


def section(page: Path, heading: str) -> Section:
    """The section of a page with that heading."""
    (text,) = re.findall(
        rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)",
        page.read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    return Section(text)
