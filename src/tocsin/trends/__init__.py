"""Trends over the lake: written once as sums, the same on every engine, kept and continued."""

from tocsin.trends.answer import Answer, Head
from tocsin.trends.definition import USUAL, Dimension, Measure, Part, Trend, columns
from tocsin.trends.question import BadQuestion, Grain, Question, Resolution

__all__ = [
    "USUAL",
    "Answer",
    "BadQuestion",
    "Dimension",
    "Grain",
    "Head",
    "Measure",
    "Part",
    "Question",
    "Resolution",
    "Trend",
    "columns",
]
