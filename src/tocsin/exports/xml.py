"""Attributes as XML, a line each, with nothing in them that XML 1.0 cannot hold."""

from datetime import datetime

from tocsin.exports.values import Value, written

PICTURES = 0x2400
"""Where Unicode has a picture of each control character."""
_ESCAPED = {
    **{code: chr(PICTURES + code) for code in range(0x20)},
    **dict.fromkeys([*range(0xD800, 0xE000), 0xFFFE, 0xFFFF], "\N{REPLACEMENT CHARACTER}"),
    # As they are, attributes would have spaces instead.
    **{ord(white): f"&#{ord(white)};" for white in "\t\n\r"},
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
}
_TAGS = {bool: "boolean", int: "int", datetime: "date"}


def escaped(text: str) -> str:
    """A text as the value of an attribute. A control character that XML 1.0 has no room for is
    replaced by its picture (U+0007 by U+2407), what is no character by U+FFFD."""
    return text.translate(_ESCAPED)


def element(key: str, value: Value) -> str:
    """An attribute of a log, trace or event in the words of XES."""
    kind = "id" if key == "identity:id" else _TAGS.get(type(value), "string")
    return f'<{kind} key="{escaped(key)}" value="{escaped(written(value))}"/>\n'


def tag(name: str, /, **attributes: str) -> str:
    """Any other element without content."""
    inner = "".join(f' {key}="{escaped(value)}"' for key, value in attributes.items())
    return f"<{name}{inner}/>\n"
