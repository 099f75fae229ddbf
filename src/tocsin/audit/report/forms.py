"""A report in each of the forms in which somebody may want to read it."""

from collections.abc import Callable

from tocsin.audit.report.facts import Report
from tocsin.audit.report.layout import document
from tocsin.documents.html import html
from tocsin.documents.markdown import markdown

FORMS: dict[str, Callable[[Report], bytes]] = {
    "markdown": lambda report: markdown(document(report)).encode(),
    "html": lambda report: html(document(report)).encode(),
    "json": lambda report: report.json(),
}
