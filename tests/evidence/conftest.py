"""A service that takes evidence in, and an incident to attach it to."""

from tests.http.conftest import house, running, settings

__all__ = ["house", "running", "settings"]
