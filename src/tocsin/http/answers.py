"""An answer as bytes: status, headers, body. No model, no template, nothing to wait for."""

from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

JSON = b"application/json"


@dataclass(slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    media_type: bytes = JSON

    @property
    def head(self) -> list[tuple[bytes, bytes]]:
        """All its headers."""
        headers = [*self.headers, (b"content-length", b"%d" % len(self.body))]
        if self.body:
            headers.append((b"content-type", self.media_type))
        return headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.head})
        await send({"type": "http.response.body", "body": self.body})
