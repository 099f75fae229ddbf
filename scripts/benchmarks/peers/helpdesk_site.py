"""A site that is django-helpdesk and nothing else: settings, addresses, and what must be there."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

SECRET_KEY = "only of a benchmark"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = __name__
USE_TZ = True
STATIC_URL = "static/"
SITE_ID = 1
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
HELPDESK_ACTIVATE_API_ENDPOINT = True
HELPDESK_TEAMS_MODE_ENABLED = False
# The password comes with every request; the usual hasher would take all of its time.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.sites", "django.contrib.messages", "django.contrib.humanize",
    "django.contrib.admin", "bootstrap4form", "rest_framework", "helpdesk",
]  # fmt: skip
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.contrib.auth.context_processors.auth",
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _database(url: str) -> dict[str, object]:
    if url.startswith("postgresql"):
        parts = urlsplit(url)
        where = {"HOST": parts.hostname, "PORT": parts.port, "USER": parts.username}
        return {"ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], **where}
    wal = {"init_command": "PRAGMA journal_mode = WAL", "transaction_mode": "IMMEDIATE"}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": url, "OPTIONS": {**wal, "timeout": 20}}


DATABASES = {"default": _database(os.environ["PEER_DATABASE"])}


def __getattr__(name: str) -> object:
    if name == "urlpatterns":
        from django.urls import include, path

        return [path("", include("helpdesk.urls", namespace="helpdesk"))]
    raise AttributeError(name)


def prepare() -> None:
    """Make the tables, an agent and a queue."""
    os.environ["DJANGO_SETTINGS_MODULE"] = Path(__file__).stem
    django.setup()
    call_command("migrate", verbosity=0)
    from django.contrib.auth import get_user_model
    from helpdesk.models import Queue

    get_user_model().objects.create_superuser("bench", "bench@example.org", "bench")
    Queue.objects.create(title="Incidents", slug="incidents")


if __name__ == "__main__":
    prepare()
else:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", __name__)


@cache
def _site() -> Callable[..., object]:
    return get_wsgi_application()


def application(environ: dict[str, object], start_response: object) -> object:
    """The site, made at the first request: while Django reads this file, it cannot begin."""
    return _site()(environ, start_response)
