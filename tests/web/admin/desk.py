"""Browsers of the cast: Ann administers Acme, Bob develops there, Vera looks, Charlie is of Other Ltd."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from cast import House, until
from retour.catalog.inputs import CampaignInput
from retour.model import Campaign, User
from retour.web.server import application

BASE = "http://127.0.0.1:8080"
DEV = "/admin/acme@Org/dev"
PROD = "/admin/acme@Org/prod"
SEARCH = [("q", "")]
URL = "https://127.0.0.1:8443/feedback"  # in dev, a target on this machine is allowed; nothing listens there


@dataclass
class Desk:
    """A house and the browsers that look at it."""

    house: House
    stack: AsyncExitStack
    browsers: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    async def stranger(self) -> httpx.AsyncClient:
        """A browser that nobody has signed in with; its requests come from our own pages."""
        transport = httpx.ASGITransport(app=application(self.house.retour))
        headers = {"sec-fetch-site": "same-origin"}
        client = httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers)
        return await self.stack.enter_async_context(client)

    async def browser(self, name: str) -> httpx.AsyncClient:
        """Somebody's browser, signed in by a link."""
        if name not in self.browsers:
            user: User = getattr(self.house, name)
            client = await self.stranger()
            link = await self.house.retour.people.sign_in_link(user.email)
            answer = await client.post(f"/admin/sign-in/{link}")
            assert answer.status_code == 303
            self.browsers[name] = client
        return self.browsers[name]

    async def draft(self, **more: Any) -> Campaign:
        """An e-mail campaign of dev with nothing in it yet."""
        given = CampaignInput(name="Password reset", channel="email")
        for name, value in more.items():
            setattr(given, name, value)
        return await self.house.retour.campaigns.create(self.house.dev, given)

    async def until_waiting(self, count: int) -> None:
        """Until so many deliveries of dev wait."""

        async def so() -> bool:
            return await self.house.retour.shelves.waiting(self.house.dev.id) == count

        await until(so)


class Read(HTMLParser):
    """A page as a browser sees it: its forms with what they would send untouched, ids, headings, what points where."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[list[tuple[str, str]]] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self._select = ""
        self._area: tuple[str, list[str]] | None = None
        self._inert = 0
        self.feed(page)

    @property
    def data(self) -> dict[str, list[str]]:
        """What the longest form would send, other than the search that stands on every page."""
        values: dict[str, list[str]] = {}
        for name, value in max((form for form in self.forms if form != SEARCH), key=len):
            values.setdefault(name, []).append(value)
        return values

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self._inert += tag == "template"
        if self._inert:
            return
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in known.items()]
        self.ids += [known["id"]] if "id" in known else []
        if tag == "form":
            self.forms.append([])
        elif self.forms and "disabled" not in known:
            self._field(tag, known)

    def _field(self, tag: str, known: dict[str, str]) -> None:
        name, value = known.get("name", ""), known.get("value", "")
        if tag == "input" and name:
            if known.get("type") not in ("checkbox", "radio") or "checked" in known:
                self.forms[-1].append((name, value or "on" * (known.get("type") == "checkbox")))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in known:
            self.forms[-1].append((self._select, value))
        elif tag == "textarea":
            self._area = (name, [])

    def handle_endtag(self, tag: str) -> None:
        self._inert -= tag == "template"
        if tag == "textarea" and self._area:
            self.forms[-1].append((self._area[0], "".join(self._area[1]).removeprefix("\n")))
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area[1].append(data)
