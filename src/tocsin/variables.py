"""From the texts of environment variables to the values of settings, and back."""

from dataclasses import field
from pathlib import Path
from typing import Any


def setting(default: Any, doc: str) -> Any:
    """A field of a class of settings, with what the reference says of it."""
    return field(default=default, metadata={"doc": doc})


class BadSetting(Exception):
    """A setting that cannot be used. The sentence names the variable and the way out."""


def written(value: Any) -> str:
    """A value as its variable has it."""
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value)


def read(variable: str, text: str, wanted: Any) -> Any:
    """The value that a variable stands for, of the type that is wanted.

    Raises:
        BadSetting: it stands for none.
    """
    if wanted is bool:
        if text.lower() not in ("0", "1", "false", "true", "no", "yes"):
            raise BadSetting(f"{variable} is {text!r}; say true or false.")
        return text.lower() in ("1", "true", "yes")
    if wanted == tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if wanted in (int, float):
        try:
            return wanted(text)
        except ValueError as error:
            raise BadSetting(f"{variable} is {text!r}; it must be a number.") from error
    if wanted == Path:
        return Path(text).expanduser().absolute()
    if wanted == Path | None:
        return Path(text).expanduser().absolute() if text else None
    return text


def check_address(variable: str, address: str) -> None:
    """Make sure that an address, if there is one, is that of a PostgreSQL database, and that its
    password is where nobody shows it.

    Raises:
        BadSetting: it is not.
    """
    if not address:
        return
    if not address.startswith(("postgresql://", "postgres://")):
        raise BadSetting(f"{variable} must be a postgresql:// address or empty.")
    place, _, asked = address.partition("://")[2].partition("?")
    path = place.partition("/")[2]
    if "#" in place or "@" in path or ("@" in asked and "@" not in place):
        raise BadSetting(
            f"{variable} has a user or a password with a / ? or # in it: write %2F, %3F, %23."
        )
