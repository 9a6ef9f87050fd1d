"""Stylesheet, script, fonts and icons: read once, named by what they hold, so that a browser keeps them for ever.

Text goes packed to whoever takes gzip. Pages don't: what is typed and what is secret stand side by side in them, and
the length of such a page would tell of it (BREACH).
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).parent / "static"
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
FOR_EVER = "public, max-age=31536000, immutable"
PACKED_ALREADY = (".woff2",)


def _read() -> dict[str, bytes]:
    files = sorted(path for path in FOLDER.rglob("*") if path.suffix in KINDS)
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in files}


def _mark(files: dict[str, bytes]) -> str:
    """One hash of them all: relative addresses inside the stylesheet stay valid."""
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()[:12]


FILES = _read()
MARK = _mark(FILES)


def url(name: str) -> str:
    """Where a file is. Raises KeyError for one that is not there: a template's mistake."""
    FILES[name]
    return f"/admin/static/{MARK}/{name}"


def route() -> Route:
    """Serves them to anybody; there is nothing to hide."""
    return Route("/admin/static/{mark}/{name:path}", _file, methods=["GET"])


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if request.path_params["mark"] != MARK or name not in FILES:
        raise HTTPException(404)
    headers = {"cache-control": FOR_EVER, "x-content-type-options": "nosniff", "vary": "accept-encoding"}
    content, kind = FILES[name], Path(name).suffix
    if kind not in PACKED_ALREADY and takes_gzip(request.headers.get("accept-encoding", "")):
        content, headers["content-encoding"] = packed(name), "gzip"
    return Response(content, headers=headers, media_type=KINDS[kind])


@cache
def packed(name: str) -> bytes:
    """A file in gzip. The same bytes each time: no time stands in them."""
    return gzip.compress(FILES[name], mtime=0)


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding names gzip and does not weigh it with 0 (RFC 9110, 12.5.3)."""
    for choice in accepted.lower().split(","):
        coding, _, weight = choice.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False
