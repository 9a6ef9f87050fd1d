"""Search: one exact hit is its page; several are listed by kind; none says what can be searched for."""

from __future__ import annotations

from itertools import groupby

from starlette.responses import RedirectResponse, Response

from retour import limits
from retour.web.admin import finding
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/search"


async def search(visit: SandboxVisit) -> Response:
    """For `q`, in this sandbox only."""
    word = visit.request.query_params.get("q", "").strip()
    problem = finding.problem(word)
    if problem:
        return _page(visit, word[: limits.SEARCH_CHARACTERS], [], problem)
    hits = await finding.hits(visit.retour, visit.sandbox.id, word) if word else []
    if len(hits) == 1:
        return RedirectResponse(visit.here + hits[0].path, 303)
    return _page(visit, word, hits, "")


def _page(visit: SandboxVisit, word: str, hits: list[finding.Hit], problem: str) -> Response:
    kinds = [(kind, list(group)) for kind, group in groupby(hits, key=lambda hit: hit.kind)]
    return visit.render(
        "search/results.html",
        400 if problem else 200,
        word=word,
        kinds=kinds,
        problems={"q": problem} if problem else {},
        searched=finding.SEARCHED,
        days=visit.retour.settings.keep_attempts_days,
        request_days=limits.REQUEST_KEY_AGE // limits.DAY,
        most=limits.SEARCH_HITS,
    )


PAGES = (Page[SandboxVisit](path=PATH, get=search),)
