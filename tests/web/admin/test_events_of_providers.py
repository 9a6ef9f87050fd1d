"""Email settings: whose events tell what became of messages."""

from __future__ import annotations

import httpx
import pytest

from espevents.providers import TOPIC
from web.admin.desk import Desk, Read
from web.admin.test_configurations import LIST, SMTP


async def test_a_secret_key_is_kept_and_never_shown_and_the_address_is(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    assert "shown once this is saved" in (await ann.get(f"{LIST}/new?channel=email")).text
    await ann.post(f"{LIST}/new", data=SMTP | {"events": "mailgun", "events_key": "key-0123456789"})
    (made,) = await desk.house.retour.configurations.list(desk.house.dev)
    edit = f"{LIST}/{made.id}/edit"
    page = (await ann.get(edit)).text
    assert "key-0123456789" not in page
    assert str(desk.house.retour.callbacks.address(made)) in page
    await ann.post(edit, data=Read(page).data | {"name": "renamed"})
    (after,) = await desk.house.retour.configurations.list(desk.house.dev)
    assert (after.name, after.events) == ("renamed", made.events)
    await ann.post(edit, data=Read((await ann.get(edit)).text).data | {"events": ""})
    (after,) = await desk.house.retour.configurations.list(desk.house.dev)
    assert after.events is None


async def test_a_key_that_is_no_secret_is_shown_and_one_that_is_can_be_removed(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    await ann.post(f"{LIST}/new", data=SMTP | {"events": "ses", "events_key": TOPIC})
    (made,) = await desk.house.retour.configurations.list(desk.house.dev)
    edit = f"{LIST}/{made.id}/edit"
    read = Read((await ann.get(edit)).text)
    assert (read.data["events"], read.data["events_key"]) == (["ses"], [TOPIC])
    await ann.post(edit, data=read.data | {"events": "postmark", "events_key": "luma:sesame"})
    (after,) = await desk.house.retour.configurations.list(desk.house.dev)
    assert after.events is not None
    assert after.events.secret is not None
    read = Read((await ann.get(edit)).text)
    await ann.post(edit, data=read.data | {"forget_events_key": "on"})
    (after,) = await desk.house.retour.configurations.list(desk.house.dev)
    assert after.events is not None
    assert after.events.secret is None


@pytest.mark.parametrize(
    ("change", "place"),
    [({"events": "pigeon"}, "events-provider"), ({"events": "ses", "events_key": "x"}, "events-key")],
)
async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    ann: httpx.AsyncClient, change: dict[str, str], place: str
) -> None:
    answer = await ann.post(f"{LIST}/new", data=SMTP | change)
    assert answer.status_code == 422
    page = Read(answer.text)
    assert f"{place}-err" in page.ids
    assert ("a", "href", f"#{place}") in page.attributes
