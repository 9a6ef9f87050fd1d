"""The real ASGI application, asked without a socket and without a client that would refuse what is odd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cast import House
from fuzz.running import Broken
from retour.web.server import application

Headers = list[tuple[bytes, bytes]]
CHUNK = 16_384


@dataclass
class Said:
    """An answer."""

    status: int
    headers: Headers
    body: bytes


class Door:
    """Acme's credential in dev, with a token that is good for the whole run."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._app = application(house.retour)
        self.headers: Headers = []

    async def open(self) -> None:
        """Get the token."""
        made = self._house.acme_credential
        form = {
            "grant_type": "client_credentials",
            "client_id": made.credential.client_id,
            "client_secret": made.secret,
        }
        answer = await self._house.retour.api_tokens.issue(form)
        self.headers = [
            (b"authorization", f"Bearer {answer['access_token']}".encode()),
            (b"x-api-key", made.credential.client_id.encode()),
            (b"x-gw-ims-org-id", made.credential.org.encode()),
            (b"x-sandbox-name", b"dev"),
            (b"content-type", b"application/json"),
        ]

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> Said:
        """One request; `headers` come before the usual ones. Raises Broken for a 5xx and for an answer of no shape."""
        said = Said(0, [], b"")
        parts = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)] or [b""]

        async def receive() -> dict[str, Any]:
            if not parts:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(event: Any) -> None:
            if event["type"] == "http.response.start":
                said.status, said.headers = event["status"], list(event["headers"])
            else:
                said.body += event.get("body", b"")

        await self._app(_scope(method, path, [*headers, *self.headers]), receive, send)
        _judge(said)
        return said


def _scope(method: str, path: str, headers: Headers) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8080),
    }


def _judge(said: Said) -> None:
    """An answer there must be, not a 5xx, and a refusal in the shape of refusals."""
    if not 200 <= said.status < 500:
        raise Broken(f"{said.status}: {said.body!r}")
    if said.status >= 400 and b'"type":"https://ns.adobe.com/aep/errors/MSG-' not in said.body:
        raise Broken(f"a refusal in another shape: {said.status}: {said.body!r}")
