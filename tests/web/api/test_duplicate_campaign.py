"""POST …/{campaignId}/duplicate: a draft with the same content."""

from __future__ import annotations

from web.api.callers import CAMPAIGNS, Api, refusal


async def test_a_copy_is_a_draft_under_another_name_whatever_the_original_is(
    acme: Api, campaign_id: str
) -> None:
    place = f"{CAMPAIGNS}/{campaign_id}"
    await acme.post(f"{place}/stop", status=202)
    copy = await acme.post(f"{place}/duplicate")
    original = await acme.get(place)
    assert (copy["status"], copy["liveVersionId"], copy["version"]) == ("DRAFT", None, 1)
    assert (copy["name"], copy["id"] != original["id"]) == ("Password reset (copy)", True)
    for key in ("content", "channel", "channelConfigurationId", "enableWebhooks", "identityNamespace"):
        assert copy[key] == original[key]
    assert (await acme.post(f"{CAMPAIGNS}/{copy['id']}/publish", status=202))["status"] == "LIVE"
    assert (await acme.get(place))["status"] == "STOPPED"


async def test_a_copy_of_a_long_name_can_be_saved(acme: Api) -> None:
    made = await acme.post(CAMPAIGNS, {"name": "x" * 100, "channel": "email"})
    copy = await acme.post(f"{CAMPAIGNS}/{made['id']}/duplicate")
    assert (await acme.put(f"{CAMPAIGNS}/{copy['id']}", copy, 1)).status_code == 200


async def test_what_is_not_there_is_404(acme: Api) -> None:
    refusal(await acme.call("POST", f"{CAMPAIGNS}/nothing/duplicate"), 404, "000120")
