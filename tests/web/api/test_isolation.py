"""Nobody sees or changes what is another's: every route, with ids that are real but not the caller's."""

from __future__ import annotations

import re
from typing import Any

from cast import House, until
from retour.web.server import API_ROUTES
from web.api.callers import (
    CAMPAIGNS,
    CONFIGURATIONS,
    DELIVERIES,
    EXECUTIONS,
    HIGH,
    PROFILES,
    UNITARY,
    WEBHOOKS,
    Api,
    campaign,
    execution,
    rows,
    webhook,
)
from web.api.test_channel_configurations import SMS
from web.api.test_suppression import ADDRESSES, ADMIN, DOMAINS, NUMBERS, UPLOADS, suppressed, upload

IN_BRACES = re.compile(r"{.*}")
PERSON = "crmid/4711"


async def furnished(house: House, acme: Api) -> dict[str, str]:
    """One of everything in Acme's dev, by the path that a route about it begins with."""
    sender = await house.simulated()
    live = await house.campaign(sender)
    made = await acme.post(WEBHOOKS, webhook())
    await acme.post(f"{WEBHOOKS}/{made['id']}/pause", status=200)
    done = await acme.post(UNITARY, execution(live.id, "delivered@example.com"), status=202)

    async def owed() -> bool:
        return rows(house)["delivery"] == 2

    async with house.working():
        await until(owed)
    await acme.call("PUT", f"{PROFILES}/{PERSON}", {"vip": True})
    await acme.post(ADDRESSES, suppressed("address"))
    await acme.post(DOMAINS, suppressed("domain"))
    await acme.post(NUMBERS, suppressed("phone"))
    job = await upload(acme, "EMAIL,x@luma.example,\n")
    owed_id = (await acme.get(DELIVERIES))["data"][0]["id"]
    return {
        CONFIGURATIONS: sender,
        CAMPAIGNS: live.id,
        WEBHOOKS: made["id"],
        EXECUTIONS: done["executionId"],
        DELIVERIES: owed_id,
        PROFILES: PERSON,
        ADDRESSES: "vera@luma.example",
        DOMAINS: "luma.example",
        NUMBERS: "+31612345678",
        UPLOADS: job["jobId"],
        ADMIN: f"{acme.org}/{house.dev.id}",
    }


def body_for(path: str) -> Any:
    """Something that would be taken there."""
    return {CONFIGURATIONS: SMS, CAMPAIGNS: campaign(None), WEBHOOKS: webhook()}.get(path)


async def test_every_route_refuses_ids_of_another_organization_or_sandbox(
    house: House, acme: Api, charlie: Api
) -> None:
    known = await furnished(house, acme)
    before = {base: (await acme.call("GET", f"{base}/{row}")).json() for base, row in known.items()}
    counted, walked = rows(house), set()
    for row in API_ROUTES:
        base = row.path.partition("/{")[0]
        path = IN_BRACES.sub(known.get(base, ""), row.path)
        walked.add((row.method, row.path))
        if row.method == "PUT" and base == PROFILES:
            continue  # who puts a profile makes one of his own: test_profiles.py
        for stranger in (charlie, acme.at("prod")):
            if "{" in row.path:
                answer = await stranger.call(row.method, path, body_for(base), if_match='"1"')
                assert answer.status_code == 404, (row.method, path, answer.text)
                assert not any(value in answer.text for value in known.values())
            elif row.method == "GET":
                page = await stranger.get(path)
                assert page.get("data", page.get("items")) == [], path
    assert len(walked) == len(API_ROUTES)
    assert rows(house) == counted
    after = {base: (await acme.call("GET", f"{base}/{row}")).json() for base, row in known.items()}
    assert after == before


async def test_a_credential_does_not_open_another_organization(house: House, acme: Api, charlie: Api) -> None:
    for row in API_ROUTES:
        path = IN_BRACES.sub("x/y" if "}/{" in row.path else "x", row.path)
        for lie in ({"x_gw_ims_org_id": acme.org}, {"x_api_key": acme.client_id}):
            assert (await charlie.call(row.method, path, {}, **lie)).status_code == 403
        for sandbox in (house.dev.id, house.dev.name, house.prod.id, "%", "*"):
            answer = await charlie.call(row.method, path, {}, x_sandbox_name=sandbox)
            assert answer.status_code == 404, (path, sandbox)


async def test_another_s_campaign_can_t_be_executed(house: House, acme: Api, charlie: Api) -> None:
    known = await furnished(house, acme)
    counted = rows(house)
    for stranger in (charlie, acme.at("prod")):
        for path in (UNITARY, HIGH):
            answer = await stranger.call("POST", path, execution(known[CAMPAIGNS]))
            assert answer.status_code == 404
    assert rows(house) == counted


async def test_another_s_channel_configuration_can_t_be_used(house: House, acme: Api, charlie: Api) -> None:
    known = await furnished(house, acme)
    made = await charlie.post(CAMPAIGNS, campaign(known[CONFIGURATIONS]))
    answer = await charlie.call("POST", f"{CAMPAIGNS}/{made['id']}/publish")
    assert answer.status_code == 422
    assert "channelConfigurationId" in answer.json()["report"]["additionalContext"]


async def test_lists_and_a_second_webhook_tell_nothing_of_the_neighbours(
    house: House, acme: Api, charlie: Api
) -> None:
    await furnished(house, acme)
    mine = webhook(url="https://192.0.1.1/feedback", name="Charlie's")
    assert (await charlie.post(WEBHOOKS, mine))["name"] == "Charlie's"
    answer = await charlie.call("POST", WEBHOOKS, mine)
    assert answer.status_code == 409
    assert "acme" not in answer.text.lower()
