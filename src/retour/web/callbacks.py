"""/callbacks/{provider}/{token}: what a mail or SMS provider posts for the channel configuration of that address.

Some SMS providers report by GET. 200 after everything in it is committed. Its body is read only once the address is
known.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from retour import callbacks, ids, limits, smsproviders
from retour.app import Retour
from retour.errors import Busy, Code, NotFound, Refused
from retour.web import problems
from retour.web.decoding import read_body

PATH = callbacks.PATH


def route(retour: Retour) -> Route:
    """The one route."""

    async def endpoint(request: Request) -> Response:
        try:
            await _take(retour, request)
        except (Refused, Busy) as error:
            status, body, headers = problems.problem(error)
            return Response(problems.encode(body), status, headers, media_type="application/json")
        return Response(status_code=200)

    return Route(PATH, endpoint, methods=["POST", "GET"])


async def _take(retour: Retour, request: Request) -> None:
    path, headers = request.path_params, dict(request.headers)
    if request.method == "GET" and path["provider"] not in smsproviders.PROVIDERS:
        raise NotFound(Code.NOT_FOUND, "Nothing is read at this path. Post to it.")
    configuration = await retour.callbacks.find(path["provider"], path["token"])
    with retour.callbacks.turn():
        raw = await read_body(request.receive, headers, limits.CALLBACK_BYTES)
        query = request.url.query
        asked = request.url.path + (f"?{query}" if query else "")
        await retour.callbacks.take(configuration, asked, headers, raw, ids.now())
