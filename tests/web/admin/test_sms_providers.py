"""SMS settings: a provider is chosen, its fields are filled in, its secrets stay hidden, it is tried."""

from __future__ import annotations

import json

import httpx
import pytest

from outside.https import Exchange, serving
from retour.catalog.inputs import PROVIDERS
from retour.smsproviders import SETTINGS
from web.admin.desk import DEV, Desk, Read

LIST = f"{DEV}/channel-configurations"
PAYLOAD = {"to": "{{toNumber}}", "text": "{{message}}"}
CUSTOM = {
    "channel": "sms",
    "name": "gateway",
    "provider": "custom",
    "sender_number": "+15550199",
    "retry_minutes": "60",
    "ps-providerUrl": "https://127.0.0.1:9443/send",
    "ps-payload": json.dumps(PAYLOAD),
    "ps-authType": "bearer",
    "ps-apiToken": "s3same-token",
}


async def test_a_provider_is_chosen_first(ann: httpx.AsyncClient) -> None:
    page = (await ann.get(f"{LIST}/new?channel=sms")).text
    for provider in PROVIDERS["sms"]:
        assert f"channel=sms&amp;provider={provider}" in page
    nobody = (await ann.get(f"{LIST}/new?channel=sms&provider=nobody")).text
    assert "Who carries the messages?" in nobody


@pytest.mark.parametrize("provider", SETTINGS)
async def test_the_form_asks_for_what_the_provider_s_file_asks_for(
    provider: str, ann: httpx.AsyncClient
) -> None:
    page = (await ann.get(f"{LIST}/new?channel=sms&provider={provider}")).text
    for field in SETTINGS[provider].FIELDS:
        assert f'id="providerSettings-{field.name}"' in page
        assert field.label in page


async def test_it_is_saved_and_its_secret_is_kept_but_never_shown(desk: Desk, ann: httpx.AsyncClient) -> None:
    assert (await ann.post(f"{LIST}/new", data=CUSTOM)).headers["location"] == f"{LIST}?channel=sms"
    (made,) = await desk.house.retour.configurations.list(desk.house.dev)
    edit = f"{LIST}/{made.id}/edit"
    page = (await ann.get(edit)).text
    assert "s3same-token" not in page
    assert str(desk.house.retour.callbacks.address(made)) in page
    assert "RETOUR_PUBLIC_URL" in page
    await ann.post(edit, data=Read(page).data | {"name": "renamed"})
    (after,) = await desk.house.retour.configurations.list(desk.house.dev)
    assert after.name == "renamed"
    assert after.provider_settings == made.provider_settings


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(ann: httpx.AsyncClient) -> None:
    answer = await ann.post(f"{LIST}/new", data=CUSTOM | {"ps-payload": '{"to": <b>', "ps-apiToken": ""})
    assert answer.status_code == 422
    assert 'id="providerSettings-payload-err"' in answer.text
    assert "{&#34;to&#34;: &lt;b&gt;" in answer.text
    unchecked = await ann.post(f"{LIST}/new", data=CUSTOM | {"ps-apiToken": ""})
    assert 'id="providerSettings-apiToken-err"' in unchecked.text


async def test_a_secret_is_asked_for_again_when_its_way_changes(desk: Desk, ann: httpx.AsyncClient) -> None:
    await ann.post(f"{LIST}/new", data=CUSTOM)
    (made,) = await desk.house.retour.configurations.list(desk.house.dev)
    edit = f"{LIST}/{made.id}/edit"
    moved = Read((await ann.get(edit)).text).data | {"ps-providerUrl": "https://127.0.0.1:9444/send"}
    answer = await ann.post(edit, data=moved)
    assert answer.status_code == 422
    assert 'id="providerSettings-apiToken-err"' in answer.text
    assert (await ann.post(edit, data=moved | {"ps-apiToken": "again"})).status_code == 303


async def test_verify_gets_an_access_token_and_says_what_that_tells(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    async def conduct(exchange: Exchange) -> None:
        await exchange.reply(200, b'{"access_token":"a","expires_in":60}')

    async with serving(conduct) as endpoint:
        oauth = {"ps-authType": "oauth2", "ps-tokenUrl": endpoint.url("/token"), "ps-clientId": "c"}
        await ann.post(f"{LIST}/new", data=CUSTOM | oauth | {"ps-clientSecret": "s3cret"})
        (made,) = await desk.house.retour.configurations.list(desk.house.dev)
        good = (await ann.post(f"{LIST}/{made.id}/verify")).text
    assert "An access token was given." in good
    bad = (await ann.post(f"{LIST}/{made.id}/verify")).text
    assert "would take no message" in bad
