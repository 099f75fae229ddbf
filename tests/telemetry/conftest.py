"""A service inside the test's own event loop, as the tests of HTTP have it."""

from tests.http.conftest import house, running, settings

__all__ = ["house", "running", "settings"]
