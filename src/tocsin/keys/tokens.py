"""What a key looks like: whose it is can be read off it, and a typing error, too."""

import re
import secrets
import string
import zlib
from hashlib import sha256

PREFIX = "tocsin"
ALPHABET = string.digits + string.ascii_letters
ID_LENGTH, SECRET_LENGTH, SUM_LENGTH = 10, 43, 6
"""43 letters out of 62 are 256 bits; 6 hold a CRC-32."""
_TOKEN = re.compile(
    rf"{PREFIX}_([0-9A-Za-z]{{{ID_LENGTH}}})_[0-9A-Za-z]{{{SECRET_LENGTH + SUM_LENGTH}}}"
)


def base62(number: int, length: int) -> str:
    """Write a number with that many letters and digits."""
    letters = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[digit])
    assert number == 0, "it does not fit"
    return "".join(reversed(letters))


def new_token() -> tuple[str, str]:
    """Make the id and the whole text of a new key: `tocsin_<id>_<secret><checksum>`."""
    key_id = base62(secrets.randbelow(len(ALPHABET) ** ID_LENGTH), ID_LENGTH)
    secret = base62(secrets.randbelow(len(ALPHABET) ** SECRET_LENGTH), SECRET_LENGTH)
    text = f"{PREFIX}_{key_id}_{secret}"
    return key_id, text + _checksum(text)


def _checksum(text: str) -> str:
    return base62(zlib.crc32(text.encode()), SUM_LENGTH)


def well_formed(token: str) -> bool:
    """Whether this can be a key: a typing error is told from a wrong key without a look-up."""
    return bool(_TOKEN.fullmatch(token)) and _checksum(token[:-SUM_LENGTH]) == token[-SUM_LENGTH:]


def digest(token: str | bytes) -> bytes:
    """What is kept of a key. 256 random bits need no slow hash."""
    return sha256(token if isinstance(token, bytes) else token.encode()).digest()
