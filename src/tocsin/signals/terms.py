"""Which terms does a text consist of? Words of any language, error codes and names of machines."""

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 64
"""Characters of one term. What is longer is no word but a dump, and its parts still count."""
MOST_TERMS = 1_000
"""Terms of one field, from its beginning."""
MOST_CHARACTERS = 20_000
"""Of one field that are read."""

_WITHOUT_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese do not put spaces between words."""
_RUN = re.compile(rf"[{_WITHOUT_SPACES}]+|(?:(?![{_WITHOUT_SPACES}])[^\W_])+")
_COMPOUND = re.compile(r"[^\W_]+(?:[-_.:/\\@+#]+[^\W_]+)*[+#]*")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)")


def terms(text: str) -> list[str]:
    """The terms of a text, in order and as often as they stand there, in one case, no accents.

    A compound stands whole and in parts: `ORA-00600` gives `ora-00600`, `ora` and `00600`;
    `NullPointerException` gives itself, `null`, `pointer` and `exception`. Languages without spaces
    give pairs of characters. Single letters and digits are left out, unless they stand alone in
    such a language.
    """
    found: list[str] = []
    for term in _terms(unicodedata.normalize("NFKC", text[:MOST_CHARACTERS])):
        found.append(term)
        if len(found) == MOST_TERMS:
            break
    return found


def _terms(text: str) -> Iterator[str]:
    for compound in _COMPOUND.finditer(text):
        whole = compound.group()
        runs = _RUN.findall(whole)
        if len(runs) > 1 or whole != runs[0]:
            yield from _kept(whole)
        for run in runs:
            yield from _of_run(run)


def _of_run(run: str) -> Iterator[str]:
    if re.match(rf"[{_WITHOUT_SPACES}]", run):
        yield from (run[n : n + 2] for n in range(max(1, len(run) - 1)))
        return
    yield from _kept(run)
    humps = _HUMP.split(run)
    if len(humps) > 1:
        for hump in humps:
            yield from _kept(hump)


def _kept(word: str) -> Iterator[str]:
    folded = unicodedata.normalize("NFKD", word.casefold())
    plain = "".join(each for each in folded if not unicodedata.combining(each))
    if 2 <= len(plain) <= LONGEST:
        yield plain
