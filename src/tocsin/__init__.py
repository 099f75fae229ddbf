"""Tocsin: the system of record for IT incidents."""

__version__ = "0.1.0"
