"""The forms that a document comes in: what each is called on the wire, and its files."""

MEDIA = {"markdown": "text/markdown", "html": "text/html", "json": "application/json"}
SUFFIXES = {"markdown": ".md", "html": ".html", "json": ".json"}
