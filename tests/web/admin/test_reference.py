"""The pages to look things up: events, the simulator, the API."""

from __future__ import annotations

import json

import httpx
import pytest
from jsonschema import Draft202012Validator

from docs.pages import blocks, page, sections
from outside.https import Endpoint
from retour.catalog.inputs import AuthenticationInput
from retour.channels import simulated
from retour.model import ChannelKind, FeedbackStatus
from retour.web import schemas
from retour.web.admin import event_fields, event_samples, receivers, simulations
from retour.web.admin.headers import POLICY
from web.admin.desk import DEV, PROD, Desk, Read

EVENTS, SIMULATOR = f"{DEV}/event-reference", f"{DEV}/simulator"
NOON = 1_795_521_600_000_000


# --- events ---


def test_every_field_of_the_schema_has_its_meaning_and_no_meaning_is_left_over() -> None:
    rows = event_fields.fields()
    assert {row.path for row in rows} == set(event_fields.MEANINGS)
    nullable = {row.path for row in rows if "null" in row.type}
    assert nullable == set(event_fields.NULL_WHEN)


KINDS = [
    (status, channel)
    for status in FeedbackStatus
    for channel in ChannelKind
    if channel is ChannelKind.EMAIL or status not in event_samples.EMAIL_ONLY
]


@pytest.mark.parametrize(("status", "channel"), KINDS)
def test_the_rows_are_the_fields_that_a_sample_has(
    desk: Desk, status: FeedbackStatus, channel: ChannelKind
) -> None:
    rows = {row.path: row for row in event_fields.fields()}
    for form in ("extended", "ajo"):
        body = json.loads(event_samples.sample(desk.house.dev, status, channel, form, NOON))
        wanted = {path for path, row in rows.items() if form == "extended" or channel in row.in_exact}
        for path, value in _leaves(body):
            assert path in wanted, (form, path)
            assert value is not None or path in event_fields.NULL_WHEN, (form, path)
        for key in body:
            assert key in wanted


def _leaves(value: object, path: str = "") -> list[tuple[str, object]]:
    """Every value that is no object, with its path as the page writes it."""
    if path == "identityMap":
        assert isinstance(value, dict)
        (identities,) = value.values()
        return [(f"identityMap.{{namespace}}[].{key}", inner) for key, inner in identities[0].items()]
    if not isinstance(value, dict):
        return [(path, value)]
    return [leaf for key, inner in value.items() for leaf in _leaves(inner, f"{path}.{key}".lstrip("."))]


def test_samples_are_made_for_every_status_and_fit_the_published_schema(desk: Desk) -> None:
    assert set(event_samples.STATUSES) == set(FeedbackStatus)
    for form, name in (("extended", "feedback-event"), ("ajo", "feedback-event-ajo")):
        validator = Draft202012Validator(schemas.alone(name))
        for status, channel in KINDS:
            body = event_samples.sample(desk.house.dev, status, channel, form, NOON)
            validator.validate(json.loads(body))


async def test_the_page_shows_the_sample_that_is_asked_for(desk: Desk, ann: httpx.AsyncClient) -> None:
    text = (await ann.get(f"{EVENTS}?status=delay&channel=sms&format=ajo&receiver=express")).text
    assert "Unreachable destination handset" in text
    assert '<span class="k">&#34;retour&#34;</span>' not in text
    assert "express_receiver.mjs" in text
    assert "inbox.py" not in text
    complaint = (await ann.get(f"{EVENTS}?status=complaint&channel=sms")).text
    assert "ann@example.com" in complaint
    usual = (await ann.get(f"{EVENTS}?status=nothing&receiver=<script>")).text
    assert "Invalid Recipient" in usual
    assert "flask_receiver.py" in usual
    assert desk.house.dev.id in usual
    for row in event_fields.fields():
        assert row.meaning.replace("'", "&#39;") in usual


async def test_the_headers_are_those_of_the_sandboxs_own_webhook(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    before = (await ann.get(EVENTS)).text
    assert "webhook-signature" in before
    assert "Bearer and a JWT" in before
    none = AuthenticationInput(type="none")
    await desk.house.webhook(receiver.url("/x"), authentication=none, signed=False)
    after = (await ann.get(EVENTS)).text
    assert "Those that “Order status” gets." in after
    assert "Bearer and a JWT" not in after
    assert "seconds since 1970" not in after


def test_the_receivers_are_those_of_the_document() -> None:
    section = sections(page("webhooks.md"), 2)["Receivers to start from"]
    told = blocks(section, "py") + blocks(section, "js")
    files = {name for one in receivers.RECEIVERS for name in (one.file, one.inbox) if name}
    assert sorted(told) == sorted(receivers.text(name) for name in files)


# --- the simulator ---


def test_the_table_is_the_documents() -> None:
    rows = {
        cells[1].strip(" `"): cells[2].strip()
        for line in page("simulator.md").splitlines()
        if len(cells := line.split("|")) == 4 and "`" in line
    }
    for channel in ChannelKind:
        told = simulations.simulations(channel)
        assert len(told) == len(simulated.OUTCOMES if channel is ChannelKind.EMAIL else simulated.NUMBERS)
        assert [rows[row.address] for row in told] == [row.told for row in told]


async def test_the_simulator_offers_a_call_that_the_service_takes(desk: Desk, ann: httpx.AsyncClient) -> None:
    assert "No live campaign of dev simulates Email" in (await ann.get(SIMULATOR)).text
    await desk.house.campaign(await desk.house.simulated(), name="Try me")
    text = (await ann.get(f"{SIMULATOR}?to=late-bounce@example.com")).text
    assert "Try me" in text
    assert "late-bounce@example.com</code>. Put token" in text
    assert "No live campaign of dev simulates SMS" in (await ann.get(f"{SIMULATOR}?channel=sms")).text
    hostile = (await ann.get(f"{SIMULATOR}?to=<script>&channel=fax")).text
    assert "delivered@example.com</code>. Put token" in hostile


async def test_a_production_sandbox_may_not_simulate_and_is_told_so(ann: httpx.AsyncClient) -> None:
    text = (await ann.get(f"{PROD}/simulator")).text
    assert "A production sandbox may not simulate." in text
    assert "bounce@example.com" in text


# --- the API ---


async def test_the_api_reference_is_there_for_anybody_and_reads_our_own_files_only(desk: Desk) -> None:
    stranger = await desk.stranger()
    answer = await stranger.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert (await stranger.get("/openapi.json")).status_code == 200
    read = Read(answer.text)
    for _, name, value in read.attributes:
        assert not (name in ("src", "href") and value.startswith("http")), value
    document = (await stranger.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in answer.text


async def test_every_page_leads_to_the_references(ann: httpx.AsyncClient) -> None:
    text = (await ann.get(f"{DEV}/overview")).text
    for path in (EVENTS, SIMULATOR, "/docs"):
        assert f'href="{path}"' in text
