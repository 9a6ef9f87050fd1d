"""Feedback webhook settings without a script: the form, what is wrong with it, the read page and its buttons."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cast import SECRET, until
from outside.certificates import Authority
from outside.https import Endpoint, replying, serving
from retour.catalog.inputs import HeaderInput
from retour.model import DeliveryState, FeedbackStatus, Webhook
from web.admin.desk import DEV, PROD, URL, Desk, Read

LIST = f"{DEV}/feedback-webhooks"
NEW = f"{LIST}/new"
NOBODY_LISTENS = "https://127.0.0.1:8443/feedback"


async def found(desk: Desk) -> Webhook:
    """The webhook of dev, which has to be there."""
    webhook = await desk.house.retour.webhooks.find(desk.house.dev)
    assert webhook is not None
    return webhook


def jwt(**more: Any) -> dict[str, Any]:
    """A filled form with JWT Authentication."""
    form = {
        "name": "Order status",
        "channels": ["email", "sms"],
        "url": URL,
        "type": "jwt",
        "algorithm": "HS256",
        "lifetime": "900",
        "claims": '{"iss": "retour", "aud": "hooks"}',
        "token": SECRET,
        "header": "Authorization",
        "prefix": "Bearer ",
        "key_id": "k1",
        "format": "extended",
        "events": ["sent", "bounce"],
        "wait": "60",
        "signed": "on",
        "deadline": "10",
    }
    return form | more


async def test_the_empty_inventory_offers_to_create_one_and_a_full_one_says_why_not(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    empty = (await ann.get(LIST)).text
    assert "Create Feedback Webhook" in empty
    assert f'href="{NEW}"' in empty
    await desk.house.webhook(receiver.url("/feedback"), name="Order status")
    full = (await ann.get(LIST)).text
    assert 'aria-disabled="true"' in full
    assert f'href="{NEW}"' not in full
    assert "dev already has its feedback webhook" in full
    assert "Order status" in full
    assert receiver.url("/feedback") in full


async def test_the_menu_and_the_breadcrumb_name_the_place(ann: httpx.AsyncClient) -> None:
    text = (await ann.get(LIST)).text
    crumbs = text[text.index("Breadcrumb") : text.index("</nav>", text.index("Breadcrumb"))]
    places = [crumbs.index(word) for word in ("Administration", "Channels", "Feedback webhook settings")]
    assert places == sorted(places)
    assert 'aria-current="page">Feedback webhook settings</a>' in text


async def test_the_form_has_the_three_sections_and_the_closed_fourth(ann: httpx.AsyncClient) -> None:
    text = (await ann.get(NEW)).text
    titles = ("Basic Configuration", "Authentication", "Header Parameters", "<summary>Advanced</summary>")
    places = [text.index(f">{title}<" if "<" not in title else title) for title in titles]
    assert places == sorted(places)
    assert '<details class="adv"><summary>Advanced' in text
    assert text.index("Content-Type") > places[2]


async def test_an_untouched_form_names_all_that_is_missing(ann: httpx.AsyncClient) -> None:
    form = Read((await ann.get(NEW)).text).data
    answer = await ann.post(NEW, data=form)
    assert answer.status_code == 422
    for sentence in ("Enter a webhook name.", "Select at least one channel.", "Enter the webhook URL."):
        assert answer.text.count(sentence) == 2, sentence  # above, with a link, and under its field
    assert "3 fields need attention" in answer.text


async def test_submit_saves_and_shows_the_signing_secret_this_once(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    headers = {
        "header-0-name": "X-Tenant",
        "header-0-value": "luma",
        "header-3-name": "",
        "header-3-value": "",
    }
    answer = await ann.post(NEW, data=jwt() | headers)
    assert answer.status_code == 201
    assert "Webhook saved" in answer.text
    webhook = await found(desk)
    assert answer.text.count("whsec_") == 1
    later = await ann.get(f"{LIST}/{webhook.id}")
    assert "whsec_" not in later.text
    assert webhook.authentication is not None
    assert webhook.authentication.claims == {"iss": "retour", "aud": "hooks"}
    assert (webhook.authentication.lifetime_seconds, webhook.authentication.key_id) == (900, "k1")
    assert [(item.name, item.value) for item in webhook.headers] == [("X-Tenant", "luma")]
    assert webhook.events == (FeedbackStatus.SENT, FeedbackStatus.BOUNCE)
    assert webhook.created_by == "ann@acme.example"


async def test_no_authentication_ignores_what_stands_under_jwt(desk: Desk, ann: httpx.AsyncClient) -> None:
    answer = await ann.post(NEW, data=jwt(type="none", claims="{broken", token="short"))
    assert answer.status_code == 201
    assert (await found(desk)).authentication is None


async def test_es256_takes_a_private_key_with_its_line_ends(desk: Desk, ann: httpx.AsyncClient) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    typed = "  " + pem.replace("\n", "\r\n")
    answer = await ann.post(NEW, data=jwt(algorithm="ES256", token=typed))
    assert answer.status_code == 201
    webhook = await found(desk)
    assert webhook.authentication is not None
    assert webhook.authentication.algorithm == "ES256"


@pytest.mark.parametrize(
    ("change", "place", "sentence"),
    [
        ({"name": " "}, "name", "Enter a webhook name."),
        ({"channels": []}, "channels", "Select at least one channel."),
        ({"url": ""}, "url", "Enter the webhook URL."),
        ({"url": "https://10.0.0.4/x"}, "url", "10.0.0.4"),
        ({"token": "short"}, "authentication-secret", "Enter an API token of at least 32 characters"),
        ({"token": ""}, "authentication-secret", "Enter an API token"),
        ({"algorithm": "ES256"}, "authentication-privateKey", "private key"),
        ({"algorithm": "none"}, "authentication-algorithm", "must be one of"),
        (
            {"claims": '{"iss": "a" "b": 1}'},
            "authentication-claims",
            "not valid JSON: line 1, a comma is missing",
        ),
        ({"claims": "[1]"}, "authentication-claims", "must be a JSON object"),
        ({"claims": '"text"'}, "authentication-claims", "must be a JSON object"),
        ({"claims": "null"}, "authentication-claims", "must be a JSON object"),
        ({"claims": "[" * 100_000}, "authentication-claims", "JWT Payload"),
        ({"claims": '{"a": ' + "1" * 5_000 + "}"}, "authentication-claims", "JWT Payload"),
        ({"claims": '{"a": NaN}'}, "authentication-claims", "not valid JSON"),
        ({"claims": '{"exp": 1}'}, "authentication-claims", "Remove exp"),
        ({"lifetime": "soon"}, "authentication-lifetimeSeconds", "Use 60 to 86,400 seconds."),
        ({"header": "X Bad"}, "authentication-header", "Enter a valid header name"),
        ({"prefix": "\u20ac"}, "authentication-prefix", "printable ASCII"),
        ({"header-0-name": "bad name", "header-0-value": "1"}, "headers-0", "Enter a valid header name"),
        ({"header-0-name": "Host", "header-0-value": "1"}, "headers-0", "Host is set by the service"),
        ({"header-7-name": "X-A", "header-7-secret": "on"}, "headers-0", "Enter a value for X-A."),
        ({"format": "xml"}, "format", "The format must be one of"),
        ({"events": []}, "events", "Select at least one event."),
        ({"wait": "-1"}, "orderWaitSeconds", "Use 0 to 3,600 seconds, or strict."),
        ({"deadline": "31"}, "deadlineSeconds", "Use 1 to 30 seconds."),
        ({"deadline": ""}, "deadlineSeconds", "Use 1 to 30 seconds."),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    desk: Desk, ann: httpx.AsyncClient, change: dict[str, Any], place: str, sentence: str
) -> None:
    typed = jwt() | change
    answer = await ann.post(NEW, data=typed)
    assert answer.status_code == 422
    page = Read(answer.text)
    assert f"{place}-err" in page.ids
    assert place in page.ids
    assert ("a", "href", f"#{place}") in page.attributes
    assert sentence in answer.text[answer.text.index(f'id="{place}-err"') :]
    kept = {name: value if isinstance(value, list) else [value] for name, value in typed.items()}
    for name in kept.keys() - change.keys():
        assert page.data[name] == kept[name], name
    assert await desk.house.retour.webhooks.find(desk.house.dev) is None


async def test_a_production_sandbox_takes_https_only(ann: httpx.AsyncClient) -> None:
    answer = await ann.post(f"{PROD}/feedback-webhooks/new", data=jwt(url="http://hooks.example"))
    assert answer.status_code == 422
    assert answer.text.count("Use an HTTPS address. The URL must start with https://.") == 2


async def test_what_is_wrong_in_a_closed_part_opens_it(ann: httpx.AsyncClient) -> None:
    text = (await ann.post(NEW, data=jwt(deadline="99"))).text
    assert '<details class="adv" open><summary>Advanced' in text
    text = (await ann.post(NEW, data=jwt(header="X Bad"))).text
    assert '<details class="adv" open><summary>Token header' in text


async def test_a_second_parameter_needs_no_script_and_nothing_typed_is_lost(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    typed = jwt() | {"header-0-name": "X-Tenant", "header-0-value": "luma", "do": "add-header"}
    page = Read((await ann.post(NEW, data=typed)).text)
    assert page.data["header-0-name"] == ["X-Tenant"]
    assert page.data["header-1-name"] == [""]
    assert page.data["token"] == [SECRET]
    again = page.data | {"header-1-name": "X-Key", "header-1-value": "v", "header-1-secret": "on"}
    fewer = Read((await ann.post(NEW, data=again | {"do": "remove-header:0"})).text).data
    assert fewer["header-0-name"] == ["X-Key"]
    assert fewer["header-0-secret"] == ["on"]
    assert "header-1-name" not in fewer
    assert await desk.house.retour.webhooks.find(desk.house.dev) is None
    assert (await ann.post(NEW, data=fewer)).status_code == 201
    (header,) = (await found(desk)).headers
    assert header.name == "X-Key"
    assert header.value is None
    assert header.sealed is not None


async def test_generate_fills_a_secret_in_that_fits_every_hs_algorithm(ann: httpx.AsyncClient) -> None:
    filled = Read((await ann.post(NEW, data=jwt(token="", do="generate"))).text).data
    (token,) = filled["token"]
    assert len(token) >= 64
    assert (await ann.post(NEW, data=filled | {"algorithm": "HS512"})).status_code == 201


async def test_the_second_of_two_creators_is_told_of_the_first_and_keeps_what_was_typed(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    first = (await desk.house.webhook(receiver.url("/x"), name="Bob's webhook")).webhook
    answer = await ann.post(NEW, data=jwt(name="Ann's webhook"))
    assert answer.status_code == 409
    assert "A feedback webhook already exists for Acme / dev" in answer.text
    assert "created “Bob&#39;s webhook”" in answer.text
    assert "What you entered is still here." in answer.text
    assert f"{LIST}/{first.id}" in answer.text
    data = Read(answer.text).data
    assert data["name"] == ["Ann's webhook"]
    assert data["token"] == [SECRET]


async def test_edit_keeps_secrets_that_nobody_typed_anew(desk: Desk, ann: httpx.AsyncClient) -> None:
    secret = {"header-0-name": "X-Key", "header-0-value": "sesame", "header-0-secret": "on"}
    await ann.post(NEW, data=jwt() | secret)
    before = await found(desk)
    page = await ann.get(f"{LIST}/{before.id}/edit")
    assert SECRET not in page.text
    assert "sesame" not in page.text
    form = Read(page.text).data | {"name": "Renamed"}
    answer = await ann.post(f"{LIST}/{before.id}/edit", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LIST}/{before.id}")
    after = await found(desk)
    kept = msgspec.structs.replace(before, name="Renamed", version=2, modified_at=after.modified_at)
    assert after == kept
    assert "Webhook saved." in (await ann.get(answer.headers["location"])).text
    assert "Webhook saved." not in (await ann.get(answer.headers["location"])).text


async def test_a_stored_secret_is_not_led_to_another_host(desk: Desk, ann: httpx.AsyncClient) -> None:
    await ann.post(NEW, data=jwt())
    webhook = await found(desk)
    form = Read((await ann.get(f"{LIST}/{webhook.id}/edit")).text).data
    answer = await ann.post(f"{LIST}/{webhook.id}/edit", data=form | {"url": "https://127.0.0.1:9443/"})
    assert answer.status_code == 422
    assert "Enter it again" in answer.text
    assert (await found(desk)).url == URL


async def test_a_stale_form_shows_both_values_and_a_second_submit_keeps_ones_own(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    await ann.post(NEW, data=jwt())
    webhook = await found(desk)
    edit = f"{LIST}/{webhook.id}/edit"
    form = Read((await ann.get(edit)).text).data
    await ann.post(edit, data=form | {"name": "Theirs", "deadline": "20"})
    answer = await ann.post(edit, data=form | {"name": "Mine"})
    assert answer.status_code == 412
    assert "ann@acme.example changed this at" in answer.text
    table = answer.text[answer.text.index("Saved now") :]
    for word in ("Webhook Name", "Mine", "Theirs", "Deadline", "20"):
        assert word in table
    assert (await found(desk)).name == "Theirs"
    mine = Read(answer.text).data
    assert mine["name"] == ["Mine"]
    assert (await ann.post(edit, data=mine)).status_code == 303
    assert ((await found(desk)).name, (await found(desk)).deadline_seconds) == ("Mine", 10)


@pytest.mark.parametrize("version", ["", "x", "99999999999999999999"])
async def test_a_form_without_a_version_overwrites_nothing(
    desk: Desk, ann: httpx.AsyncClient, version: str
) -> None:
    await ann.post(NEW, data=jwt())
    webhook = await found(desk)
    form = jwt(name="Mine", version=version)
    assert (await ann.post(f"{LIST}/{webhook.id}/edit", data=form)).status_code == 412
    assert (await found(desk)).name == "Order status"


async def test_the_read_page_masks_secret_headers_and_tells_everything_else(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    headers = [
        HeaderInput(name="X-Tenant", value="luma"),
        HeaderInput(name="X-Key", value="sesame", secret=True),
    ]
    webhook = (await desk.house.webhook(receiver.url("/x"), headers=headers)).webhook
    text = (await ann.get(f"{LIST}/{webhook.id}")).text
    assert "X-Tenant: luma" in text
    assert "X-Key: ••••••••" in text
    assert "sesame" not in text
    assert SECRET not in text
    assert "JWT Authentication, HS256" in text
    assert "Not used yet" in text
    assert "No deliveries yet" in text


async def test_the_test_event_reaches_the_endpoint_and_is_told_in_a_sentence(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    webhook = (await desk.house.webhook(receiver.url("/x"))).webhook
    answer = await ann.post(f"{LIST}/{webhook.id}/test")
    assert answer.status_code == 200
    assert "Test event sent. Your endpoint answered 200 in" in answer.text
    assert len(receiver.requests) == 1
    assert receiver.requests[0].header("authorization")
    assert SECRET not in answer.text


async def test_a_test_event_that_nobody_takes_says_what_happened(desk: Desk, ann: httpx.AsyncClient) -> None:
    webhook = (await desk.house.webhook(NOBODY_LISTENS)).webhook
    answer = await ann.post(f"{LIST}/{webhook.id}/test")
    assert "The test event did not arrive." in answer.text
    assert "refused the connection" in answer.text


async def test_pause_and_resume_say_who_and_hold_deliveries_back(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    webhook = (await desk.house.webhook(receiver.url("/x"))).webhook
    page = f"{LIST}/{webhook.id}"
    assert (await ann.post(f"{page}/pause")).headers["location"] == page
    paused = (await ann.get(page)).text
    assert "Paused by ann@acme.example" in paused
    assert "Resume" in paused
    assert "Paused by ann@acme.example" in (await ann.get(f"{DEV}/overview")).text
    await ann.post(f"{page}/resume")
    assert (await found(desk)).paused_at is None
    assert "Paused by" not in (await ann.get(page)).text


async def test_delete_asks_first_and_cancels_what_waits(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    webhook = (await desk.house.webhook(receiver.url("/x"))).webhook
    question = (await ann.get(f"{LIST}/{webhook.id}/delete")).text
    assert "Deliveries stop at once and queued retries are cancelled: none waits." in question
    assert await desk.house.retour.webhooks.find(desk.house.dev) is not None
    assert (await ann.post(f"{LIST}/{webhook.id}/delete")).headers["location"] == LIST
    assert await desk.house.retour.webhooks.find(desk.house.dev) is None
    assert (await ann.get(f"{LIST}/{webhook.id}")).status_code == 404


@pytest.mark.parametrize(
    ("choice", "state"), [("deliver", DeliveryState.DUE), ("skip", DeliveryState.CANCELLED)]
)
async def test_events_that_waited_are_delivered_or_skipped_as_chosen(
    desk: Desk, ann: httpx.AsyncClient, choice: str, state: DeliveryState
) -> None:
    house = desk.house
    campaign = await house.campaign(await house.simulated())
    async with house.working():
        await house.execute(campaign, "delivered@example.com")
        await desk.until_waiting(2)
    page = (await ann.get(NEW)).text
    assert "2 events wait for this webhook" in page
    assert '<details class="adv" open><summary>Advanced' in page
    assert "2 feedback events wait for a webhook" in (await ann.get(f"{DEV}/overview")).text
    await ann.post(NEW, data=jwt(parked=choice, events=["sent", "delivered"]))
    rows = await house.retour.shelves.deliveries(house.dev.id)
    assert [row.state for row in rows] == [state, state]


async def test_a_sandbox_without_waiting_events_is_not_asked_about_them(ann: httpx.AsyncClient) -> None:
    text = (await ann.get(f"{PROD}/feedback-webhooks/new")).text
    assert "for this webhook</legend>" not in text


# --- the states of a webhook ---


async def test_the_empty_inventory_leads_to_the_payload(ann: httpx.AsyncClient) -> None:
    text = (await ann.get(LIST)).text
    assert "No feedback webhook in dev" in text
    assert f'href="{DEV}/event-reference">See the payload</a>' in text


async def test_an_endpoint_that_is_gone_pauses_the_webhook_and_the_page_says_so(
    desk: Desk, ann: httpx.AsyncClient, authority: Authority
) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated())
    async with serving(replying(410), tls=authority.server("127.0.0.1")) as gone:
        webhook = (await desk.house.webhook(gone.url("/x"))).webhook
        async with desk.house.working():
            await desk.house.execute(campaign, "sent@example.com")
            await until(lambda: _is_paused(desk))
    text = (await ann.get(f"{LIST}/{webhook.id}")).text
    assert "Paused" in text
    assert "Your endpoint answered 410 Gone at" in text
    assert "Events wait." in text
    assert f'action="{LIST}/{webhook.id}/resume"' in text


async def _is_paused(desk: Desk) -> bool:
    return (await found(desk)).paused_at is not None


async def test_an_endpoint_that_fails_is_told_with_its_answer(
    desk: Desk, ann: httpx.AsyncClient, authority: Authority
) -> None:
    campaign = await desk.house.campaign(await desk.house.simulated())
    async with serving(replying(503), tls=authority.server("127.0.0.1")) as broken:
        webhook = (await desk.house.webhook(broken.url("/x"))).webhook
        async with desk.house.working():
            await desk.house.execute(campaign, "sent@example.com")
            await until(lambda: _is_failing(desk))
    for path in (LIST, f"{LIST}/{webhook.id}"):
        assert "Failing" in (await ann.get(path)).text
    assert "failed since" in (await ann.get(f"{LIST}/{webhook.id}")).text


async def _is_failing(desk: Desk) -> bool:
    return (await found(desk)).health.failures > 0


async def test_without_the_right_the_pages_say_so_and_have_no_buttons(desk: Desk, receiver: Endpoint) -> None:
    vera = await desk.browser("vera")
    assert "You can look at this." in (await vera.get(LIST)).text
    webhook = (await desk.house.webhook(receiver.url("/x"))).webhook
    text = (await vera.get(LIST)).text
    assert "Creating and changing it is for administrators of Acme." in text
    assert "Create Feedback Webhook" not in text
    assert "/edit" not in text
    for word in ("/edit", "/pause", "/test", "/delete", "/rotate"):
        assert word not in (await vera.get(f"{LIST}/{webhook.id}")).text


async def test_a_stale_form_offers_to_keep_mine_and_to_take_theirs(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    await ann.post(NEW, data=jwt())
    edit = f"{LIST}/{(await found(desk)).id}/edit"
    form = Read((await ann.get(edit)).text).data
    await ann.post(edit, data=form | {"name": "Theirs"})
    answer = (await ann.post(edit, data=form | {"name": "Mine"})).text
    assert '<button class="btn outline" type="submit" form="fields">Keep mine</button>' in answer
    assert f'href="{edit}">Take theirs</a>' in answer


async def test_a_test_event_tells_how_long_each_phase_took(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    webhook = (await desk.house.webhook(receiver.url("/x"))).webhook
    text = (await ann.post(f"{LIST}/{webhook.id}/test")).text
    for phase in ("Connected", "TLS agreed", "First byte", "Ended"):
        assert f"<span>{phase} <b" in text
    assert "<code>127.0.0.1" in text
    assert "What was sent and answered" in text


async def test_delete_says_how_many_deliveries_it_cancels(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    house = desk.house
    webhook = (await house.webhook(receiver.url("/x"))).webhook
    page = f"{LIST}/{webhook.id}"
    assert "are cancelled: none waits." in (await ann.get(f"{page}/delete")).text
    await house.retour.webhooks.pause(house.dev, webhook.id)
    campaign = await house.campaign(await house.simulated())
    async with house.working():
        await house.execute(campaign, "delivered@example.com")
        await desk.until_waiting(2)
    for path in (page, f"{page}/delete"):
        assert "are cancelled: 2 deliveries wait." in (await ann.get(path)).text
    await ann.post(f"{page}/delete")
    rows = await house.retour.shelves.deliveries(house.dev.id)
    assert [row.state for row in rows] == [DeliveryState.CANCELLED, DeliveryState.CANCELLED]
