"""The examples in docs/errors.md are what the service answers, for every code that an execution can be refused with."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from cast import House
from docs.pages import blocks, page, sections
from retour import ids, limits
from retour.catalog.inputs import ContentInput, ScheduleInput
from retour.errors import Busy, Code, Refused
from retour.model import Scope
from retour.web.operations import EXECUTE, HIGH_THROUGHPUT
from web.api.callers import CAMPAIGNS, HIGH, UNITARY, Api, campaign, connect, execution

# What differs each time: ids, and instants.
VARYING = re.compile(
    r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
)
ORDER = "order-17"


class Asking:
    """Ann, who does everything wrong once, each method by the name of a code."""

    def __init__(self, house: House, acme: Api, sender: str, live: str, patch: pytest.MonkeyPatch) -> None:
        self.house, self.acme, self.sender, self.live, self.patch = house, acme, sender, live, patch

    async def _post(self, body: Any = None, path: str = UNITARY, **headers: str) -> httpx.Response:
        given = execution(self.live, request_id=ORDER) if body is None else body
        return await self.acme.call("POST", path, given, **headers)

    async def _campaign(self, **more: Any) -> dict[str, Any]:
        made = await self.house.campaign(self.sender, **more)
        return execution(made.id, request_id=ORDER)

    async def unauthenticated(self) -> httpx.Response:
        return await self._post(authorization="")

    async def client_refused(self) -> httpx.Response:
        return await self._post(x_api_key="another")

    async def scope_missing(self) -> httpx.Response:
        reader = await self.house.retour.credentials.create(self.acme.org, "a reader", (Scope.READ,))
        return await (await connect(self.acme.client, reader, "dev")).call("POST", UNITARY, b"{}")

    async def organization_mismatch(self) -> httpx.Response:
        return await self._post(x_gw_ims_org_id="another")

    async def sandbox_unknown(self) -> httpx.Response:
        return await self._post(x_sandbox_name="nowhere")

    async def too_many_calls(self) -> httpx.Response:
        now = ids.now()
        with self.patch.context() as patch:
            patch.setattr(ids, "now", lambda: now)
            with suppress(Refused):
                for _ in range(limits.INTAKE_RATE):
                    self.house.retour.intake.admit(self.house.dev, now)
            return await self._post()

    async def malformed_json(self) -> httpx.Response:
        return await self._post(b'{"requestId": ')

    async def invalid_fields(self) -> httpx.Response:
        return await self._post(execution(self.live, "ann", request_id=ORDER))

    async def body_too_large(self) -> httpx.Response:
        return await self._post(b" " * (limits.REQUEST_BODY_BYTES + 1))

    async def context_too_large(self) -> httpx.Response:
        return await self._post(execution(self.live, request_id=ORDER, context={"a": "x" * 249_992}))

    async def not_found(self) -> httpx.Response:
        return await self._post(execution(ids.new_id(), request_id=ORDER))

    async def method_not_allowed(self) -> httpx.Response:
        return await self.acme.call("GET", UNITARY)

    async def campaign_not_live(self) -> httpx.Response:
        made = await self.acme.post(CAMPAIGNS, campaign(self.sender))
        return await self._post(execution(made["id"], request_id=ORDER))

    async def outside_dates(self) -> httpx.Response:
        schedule = ScheduleInput(start_date="2199-01-01T00:00:00.001Z")
        return await self._post(await self._campaign(schedule=schedule))

    async def request_id_reused(self) -> httpx.Response:
        await self.acme.post(UNITARY, execution(self.live, request_id="order-16"), status=202)
        return await self._post(execution(self.live, "bob@example.com", request_id="order-16"))

    async def profile_unknown(self) -> httpx.Response:
        body = await self._campaign(create_new_profile=False)
        body["recipients"][0]["type"] = "aep"
        return await self._post(body)

    async def variables_missing(self) -> httpx.Response:
        return await self._post(
            await self._campaign(content=ContentInput(subject="Hi", text="{{context.link}}"))
        )

    async def wrong_mode(self) -> httpx.Response:
        return await self._post(path=HIGH)

    async def store_busy(self) -> httpx.Response:
        async def write(handover: object) -> object:
            raise Busy(begun=False)

        return await self._with(write)

    async def internal(self) -> httpx.Response:
        async def write(handover: object) -> object:
            raise RuntimeError("a bug")

        return await self._with(write)

    async def _with(self, write: Callable[[object], Awaitable[object]]) -> httpx.Response:
        with self.patch.context() as patch:
            patch.setattr(self.house.retour.store, "write", write)
            return await self._post()


TOLD = {code for each in (EXECUTE, HIGH_THROUGHPUT) for codes in each.refusals.values() for code in codes}
CODES = sorted(TOLD | {Code.METHOD_NOT_ALLOWED})
CODES.sort(key=lambda code: code is Code.TOO_MANY_CALLS)  # after it nothing else is answered for a moment


def masked(body: Any) -> Any:
    """Without what differs each time."""
    return json.loads(VARYING.sub("…", json.dumps(body)))


def example_of(code: Code) -> Any:
    """As the page shows it."""
    (block,) = blocks(sections(page("errors.md"), 2)[f"{code.value} {code.name.lower()}"], "json")
    return json.loads(block)


async def test_every_example_is_what_an_execution_is_answered(
    house: House, acme: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = await house.simulated()
    ann = Asking(house, acme, sender, (await house.campaign(sender)).id, monkeypatch)
    answers = {code: (await getattr(ann, code.name.lower())()).json() for code in CODES}
    assert {code: masked(answers[code]) for code in CODES} == {
        code: masked(example_of(code)) for code in CODES
    }
