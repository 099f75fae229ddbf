"""The lists of read models as of another moment than now, answered in a process of their own."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from tocsin.http import journal
from tocsin.http.histories import JSON
from tocsin.http.problems import BROKEN, NOT_FOUND, STORE_UNAVAILABLE, Problem, invalid, later
from tocsin.http.service import Service
from tocsin.http.trends_pool import Analysts
from tocsin.http.trends_work import Job
from tocsin.past.moments import Moment
from tocsin.readmodels import Projection
from tocsin.readmodels import Query as Question

logger = logging.getLogger(__name__)


class Pasts:
    """Where the lists of another moment are asked for."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._analysts = Analysts(service.settings)
        service.endings.append(self._analysts.stop)

    async def answer(
        self,
        request: Request,
        projection: Projection,
        question: Question,
        moment: Moment,
        reading: str | None,
        asked: Mapping[str, Any],
    ) -> Response:
        """The answer of a question as of a moment.

        Raises:
            Problem: it cannot be answered so, or not now.
        """
        texts = {"moment": moment, "reading": reading, "question": question.name, "asked": asked}
        reply = await self._analysts.ask(Job("past", projection.name, texts))
        match reply.trouble:
            case "":
                pass
            case "bad":
                raise invalid([{"field": reply.field, "reason": reply.reason}])
            case "missing":
                raise Problem(NOT_FOUND, reply.reason)
            case "unavailable":
                raise later(STORE_UNAVAILABLE, reply.reason, 5)
            case _:
                logger.error("A list of another moment: %s", reply.reason)
                raise Problem(BROKEN, "The list could not be made; the error was logged.")
        journal.rows(request, reply.rows)
        headers = {"Tocsin-Position": str(reply.position), "Tocsin-Reading": reply.source}
        return Response(reply.body, headers=headers, media_type=JSON)
