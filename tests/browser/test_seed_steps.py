"""Creating a feedback webhook in a browser, in the order and the words of AJO's guide, with and without scripts."""

from __future__ import annotations

import json

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from playwright.async_api import Page, expect

from browser.conftest import Served
from outside.https import Endpoint, Request
from retour.catalog.inputs import HeaderInput

pytestmark = [pytest.mark.peer("chromium"), pytest.mark.slow]
SECRET = "a secret of thirty-two characters!"
DEV = "/admin/acme@Org/dev"


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
async def test_the_five_steps_and_the_first_event(
    served: Served, receiver: Endpoint, javascript: bool
) -> None:
    async with served.page(javascript=javascript) as page:
        await page.goto(f"{served.url}{DEV}/overview")
        await navigate_to_feedback_webhook_settings(page)
        await page.get_by_role("link", name="Create Feedback Webhook").click()
        await basic_configuration(page, receiver.url("/feedback"))
        secret = await authentication(page, generate=javascript)
        await header_parameters(page)
        await page.get_by_role("button", name="Submit").click()
        await expect(page.get_by_role("heading", name="Copy its signing secret now")).to_be_visible()
        await expect(page.get_by_label("Signing secret")).to_contain_text("whsec_")
        await page.get_by_role("button", name="Send test event").click()
        await expect(page.get_by_text("Test event sent. Your endpoint answered 200 in")).to_be_visible()
    (request,) = await receiver.arrived()
    check_test_event(request, secret)


async def navigate_to_feedback_webhook_settings(page: Page) -> None:
    """Administration / Channels / Feedback webhook settings."""
    menu = page.get_by_role("navigation", name="Main")
    await expect(menu.get_by_role("heading", name="Administration")).to_be_visible()
    await expect(menu.get_by_role("heading", name="Channels")).to_be_visible()
    await menu.get_by_role("link", name="Feedback webhook settings").click()
    crumbs = page.get_by_role("navigation", name="Breadcrumb")
    await expect(crumbs).to_have_text("Administration / Channels / Feedback webhook settings")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Feedback webhook settings")


async def basic_configuration(page: Page, url: str) -> None:
    """Webhook Name, Channels, Webhook URL."""
    section = page.get_by_role("region", name="Basic Configuration")
    await section.get_by_label("Webhook Name").fill("Order status")
    await section.get_by_role("checkbox", name="Email").check()
    await section.get_by_role("checkbox", name="SMS").check()
    await section.get_by_label("Webhook URL").fill(url)


async def authentication(page: Page, *, generate: bool) -> str:
    """JWT Authentication with its details; the secret that signs."""
    section = page.get_by_role("region", name="Authentication", exact=True)
    await expect(section.get_by_role("radio", name="No Authentication")).to_be_checked()
    await expect(section.get_by_label("API Token")).to_be_hidden()
    await section.get_by_role("radio", name="JWT Authentication").check()
    await section.get_by_label("Algorithm").select_option("HS256")
    await section.get_by_label("JWT Payload").fill('{"iss": "retour", "aud": "hooks"}')
    token = section.get_by_label("API Token")
    if generate:
        await section.get_by_role("button", name="Generate").click()
        await expect(page.get_by_role("status").filter(has_text="Generated")).to_be_visible()
    else:
        await token.fill(SECRET)
    return await token.input_value()


async def header_parameters(page: Page) -> None:
    """Two custom headers, one of them secret; without a script each new row is a round trip that loses nothing."""
    section = page.get_by_role("region", name="Header Parameters")
    for number, (name, value) in enumerate([("X-Tenant", "luma"), ("X-Key", "sesame")]):
        await section.get_by_role("button", name="Add new parameter").click()
        await section.get_by_label("Header name", exact=True).nth(number).fill(name)
        await section.get_by_label("Header value", exact=True).nth(number).fill(value)
    await section.get_by_role("checkbox", name="Secret").nth(1).check()


def check_test_event(request: Request, secret: str) -> None:
    """What the endpoint got: AJO's body, the token, the headers."""
    body = json.loads(request.body)
    assert body["eventType"] == "message.feedback"
    assert (body["imsOrg"], body["sandbox"]["name"]) == ("acme@Org", "dev")
    assert (request.header("x-tenant"), request.header("x-key")) == ("luma", "sesame")
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    assert scheme == "Bearer"
    claims = jwt.decode(token, OctKey.import_key(secret), algorithms=["HS256"]).claims
    assert (claims["iss"], claims["aud"]) == ("retour", "hooks")
    assert request.header("webhook-signature")


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
async def test_a_webhook_is_opened_from_the_inventory_and_edited(
    served: Served, receiver: Endpoint, javascript: bool
) -> None:
    await served.house.webhook(receiver.url("/x"), name="Order status")
    async with served.page(javascript=javascript) as page:
        await page.goto(f"{served.url}{DEV}/feedback-webhooks")
        await expect(page.get_by_role("button", name="Create Feedback Webhook")).to_be_disabled()
        await page.get_by_role("link", name="Order status").click()
        await page.get_by_role("link", name="Edit", exact=True).click()
        await page.get_by_label("Webhook Name").fill("Order status, renamed")
        await page.keyboard.press("Enter")  # the first button of the form is Submit, not Generate
        await expect(page.get_by_text("Webhook saved.")).to_be_visible()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Order status, renamed")
    found = await served.house.retour.webhooks.find(served.house.dev)
    assert found is not None
    assert found.name == "Order status, renamed"


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
async def test_the_webhook_is_enabled_in_the_audience_of_a_campaign(
    served: Served, receiver: Endpoint, javascript: bool
) -> None:
    campaign = await served.house.campaign(await served.house.simulated(), enable_webhooks=False)
    async with served.page(javascript=javascript) as page:
        await page.goto(f"{served.url}{DEV}/campaigns")
        await page.get_by_role("link", name="Password reset").click()
        await page.get_by_role("link", name="Audience").click()
        await expect(page.get_by_role("switch", name="Enable webhooks")).to_be_disabled()
        await served.house.webhook(receiver.url("/x"), name="Order status")
        await page.reload()
        await expect(page.get_by_role("heading", name="Order status")).to_be_visible()
        await page.get_by_role("switch", name="Enable webhooks").check()
        await page.get_by_role("button", name="Save").click()
        await page.get_by_role("link", name="Review to publish changes").click()
        await page.get_by_role("button", name="Publish changes").click()
        await expect(page.get_by_text("The campaign is live.")).to_be_visible()
    async with served.house.working():
        await served.house.execute(campaign, "delivered@example.com")
        await receiver.arrived(2)


# --- what comes between ---


@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
async def test_the_second_of_two_creators_is_led_to_the_first_and_loses_nothing(
    served: Served, receiver: Endpoint, javascript: bool
) -> None:
    async with served.page(javascript=javascript) as page:
        await page.goto(f"{served.url}{DEV}/feedback-webhooks/new")
        await basic_configuration(page, receiver.url("/ann"))
        await served.house.webhook(receiver.url("/bob"), name="Bob's webhook")
        await page.get_by_role("button", name="Submit").click()
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("A feedback webhook already exists for Acme / dev")
        await expect(page.get_by_label("Webhook URL")).to_have_value(receiver.url("/ann"))
        await expect(page.get_by_role("checkbox", name="SMS")).to_be_checked()
        if javascript:
            await expect(alert).to_be_focused()
        await alert.get_by_role("link", name="Open “Bob's webhook”").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Bob's webhook")


@pytest.mark.parametrize("choice", ["Keep mine", "Take theirs"])
@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without scripts"])
async def test_who_is_late_sees_both_values_and_chooses(
    served: Served, receiver: Endpoint, javascript: bool, choice: str
) -> None:
    webhook = (await served.house.webhook(receiver.url("/x"), name="Order status")).webhook
    edit = f"{served.url}{DEV}/feedback-webhooks/{webhook.id}/edit"
    async with served.page(javascript=javascript) as page, served.page() as other:
        await page.goto(edit)
        await other.goto(edit)
        for somebody, name in ((other, "Theirs"), (page, "Mine")):
            await somebody.get_by_label("Webhook Name").fill(name)
            await somebody.get_by_role("button", name="Submit").click()
        alert = page.get_by_role("alert")
        await expect(alert.get_by_role("row", name="Webhook Name Mine Theirs")).to_be_visible()
        await alert.get_by_text(choice, exact=True).click()
        kept = "Mine" if choice == "Keep mine" else "Theirs"
        if choice == "Keep mine":
            await expect(page.get_by_role("heading", level=1)).to_have_text(kept)
        else:
            await expect(page.get_by_label("Webhook Name")).to_have_value(kept)
    found = await served.house.retour.webhooks.find(served.house.dev)
    assert found is not None
    assert found.name == kept


async def test_unsaved_changes_are_told_and_leaving_asks(served: Served, receiver: Endpoint) -> None:
    webhook = (await served.house.webhook(receiver.url("/x"), name="Order status")).webhook
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/feedback-webhooks/{webhook.id}/edit")
        await expect(page.get_by_text("You have unsaved changes")).to_be_hidden()
        await page.get_by_label("Webhook Name").fill("Renamed")
        await expect(page.get_by_text("You have unsaved changes")).to_be_visible()
        away = page.get_by_role("navigation", name="Main").get_by_role("link", name="Deliveries")
        dialog = page.get_by_role("dialog", name="Leave without saving?")
        await away.click()
        await dialog.get_by_role("button", name="Stay").click()
        await expect(page.get_by_label("Webhook Name")).to_have_value("Renamed")
        await away.click()
        await dialog.get_by_role("link", name="Leave").click()
        await page.wait_for_url("**/deliveries")
    found = await served.house.retour.webhooks.find(served.house.dev)
    assert found is not None
    assert found.name == "Order status"


async def test_a_saved_secret_header_is_masked_and_stays(served: Served, receiver: Endpoint) -> None:
    headers = [HeaderInput(name="X-Key", value="sesame", secret=True)]
    webhook = (await served.house.webhook(receiver.url("/x"), headers=headers)).webhook
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/feedback-webhooks/{webhook.id}/edit")
        section = page.get_by_role("region", name="Header Parameters")
        value = section.get_by_label("Header value", exact=True)
        await expect(value).to_have_value("")
        await expect(value).to_have_attribute("placeholder", "•••••••• saved, leave empty to keep")
        await page.get_by_label("Webhook Name").fill("Renamed")
        await page.get_by_role("button", name="Submit").click()
        await page.get_by_role("button", name="Send test event").click()
        await expect(page.get_by_text("Test event sent.")).to_be_visible()
    (request,) = await receiver.arrived()
    assert request.header("x-key") == "sesame"


# --- the five steps by keyboard alone ---


async def test_the_five_steps_by_keyboard_alone(served: Served, receiver: Endpoint) -> None:
    async with served.page() as page:
        await page.goto(f"{served.url}{DEV}/overview")
        await tab_to(page, "link", "Feedback webhook settings")
        await page.keyboard.press("Enter")
        await tab_to(page, "link", "Create Feedback Webhook")
        await page.keyboard.press("Enter")
        await tab_to(page, "textbox", "Webhook Name")
        await page.keyboard.type("Order status")
        for channel in ("Email", "SMS"):
            await tab_to(page, "checkbox", channel)
            await page.keyboard.press("Space")
        await tab_to(page, "textbox", "Webhook URL")
        await page.keyboard.type(receiver.url("/feedback"))
        await tab_to(page, "radio", "No Authentication")
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_role("radio", name="JWT Authentication")).to_be_checked()
        await tab_to(page, "textbox", "API Token")
        await page.keyboard.type(SECRET)
        await tab_to(page, "button", "Add new parameter")
        for name, value, secret in (("X-Tenant", "luma", False), ("X-Key", "sesame", True)):
            await page.keyboard.press("Enter")
            await page.keyboard.type(name)
            await page.keyboard.press("Tab")
            await page.keyboard.type(value)
            await page.keyboard.press("Tab")
            if secret:
                await page.keyboard.press("Space")
            await tab_to(page, "button", "Add new parameter")
        await tab_to(page, "button", "Submit")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Copy its signing secret now")).to_be_visible()
        await tab_to(page, "button", "Send test event")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Test event sent. Your endpoint answered 200 in")).to_be_visible()
    (request,) = await receiver.arrived()
    assert (request.header("x-tenant"), request.header("x-key")) == ("luma", "sesame")
    token = (request.header("authorization") or "").removeprefix("Bearer ")
    assert jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"]).claims["iss"] == "retour"


MOST_STOPS = 80


async def tab_to(page: Page, role: str, name: str) -> None:
    """Press Tab until the focus is there and seen; round the end of the page, if need be."""
    exact = role != "radio"  # whose label goes on with a line of help
    wanted = page.get_by_role(role, name=name, exact=exact)  # type: ignore[arg-type]
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        focused = page.locator("*:focus")
        if await focused.count() and await wanted.and_(focused).count():
            outline = await focused.evaluate("element => getComputedStyle(element).outlineStyle")
            assert outline != "none" or role in ("checkbox", "radio"), name
            return
    raise AssertionError(f"no way to {role} {name} by Tab")
