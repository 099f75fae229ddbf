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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = self.body
        headers = [*self.headers, (b"content-length", b"%d" % len(body))]
        if body:
            headers.append((b"content-type", self.media_type))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
