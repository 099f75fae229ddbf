"""A brief of an incident in a log and its lake, in whichever form somebody wants to read it."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID

from tocsin.brief.brief import Brief, compiled
from tocsin.brief.layout import document
from tocsin.brief.pictures import pictures
from tocsin.brief.surroundings import Surroundings
from tocsin.documents.html import html
from tocsin.documents.markdown import markdown
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.settings import Settings
from tocsin.store.log import Log

FORMS: dict[str, Callable[[Brief], bytes]] = {
    "markdown": lambda brief: markdown(document(brief)).encode(),
    "html": lambda brief: html(document(brief, pictures(brief))).encode(),
    "json": lambda brief: brief.json(),
}
"""Each form of a brief, and how it is made."""


class NotThen(LookupError):
    """The incident had not begun at the moment that was asked about."""


def brief_of(settings: Settings, stream: UUID, as_of: datetime | None = None) -> Brief:
    """The brief of an incident, as of an instant or of now.

    Without a lake, or without the libraries that read it, it says so and leaves out what only the
    rest of history could tell.

    Raises:
        NotThen: the incident had not begun.
        StoreUnavailable: the log cannot be read.
    """
    moment = as_of or datetime.now(UTC)
    with closing(Log.open(settings)) as log:
        history = log.history(stream)
        struck = log.history(clock_stream(stream))
        rules = Rulebooks()
        for recorded in log.history(rules.stream):
            rules.add(recorded)
    past = [each for each in history if each.occurred_at <= moment]
    if not past:
        raise NotThen("The incident had not begun then.")
    around = surroundings(settings, INCIDENT.fold(stream, past), moment)
    return compiled(history, struck, rules, moment, around)


def surroundings(settings: Settings, incident: Incident, as_of: datetime) -> Surroundings:
    """What the lake says around an incident, or why it says nothing."""
    from tocsin.lake import open_lake

    try:
        from tocsin.brief.looking import looked_around

        lake = open_lake(settings=settings)
    except (ImportError, LookupError) as error:
        return Surroundings(missing=f"Nothing is compared with the rest of history: {error}")
    with lake:
        if not lake.position:
            return Surroundings(missing="Nothing is compared with the rest of history: the lake "
                                        "is empty so far.")  # fmt: skip
        return looked_around(lake, incident, as_of)
