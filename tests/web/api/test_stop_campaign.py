"""POST …/{campaignId}/stop: no more calls are taken."""

from __future__ import annotations

from cast import House
from web.api.callers import CAMPAIGNS, EXECUTIONS, UNITARY, Api, campaign, execution, refusal


async def test_a_stopped_campaign_takes_no_call_and_no_change(
    house: House, acme: Api, campaign_id: str
) -> None:
    place = f"{CAMPAIGNS}/{campaign_id}"
    accepted = await acme.post(UNITARY, execution(campaign_id), status=202)
    stopped = await acme.post(f"{place}/stop", status=202)
    assert stopped["status"] == "STOPPED"
    refusal(await acme.call("POST", UNITARY, execution(campaign_id)), 400, "000130")
    refusal(await acme.put(place, campaign(None), stopped["version"]), 409, "000130")
    refusal(await acme.call("POST", f"{place}/publish"), 409, "000130")
    refusal(await acme.call("POST", f"{place}/stop"), 409, "000130")
    assert (await acme.get(f"{EXECUTIONS}/{accepted['executionId']}"))["recipients"]


async def test_a_draft_can_t_be_stopped(acme: Api) -> None:
    made = await acme.post(CAMPAIGNS, campaign(None))
    answer = await acme.call("POST", f"{CAMPAIGNS}/{made['id']}/stop")
    refusal(answer, 409, "000130")
    assert "DRAFT" in answer.json()["title"]


async def test_what_is_not_there_is_404(acme: Api) -> None:
    refusal(await acme.call("POST", f"{CAMPAIGNS}/nothing/stop"), 404, "000120")
