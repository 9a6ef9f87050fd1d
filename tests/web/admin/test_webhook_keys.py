"""Keys on the pages, without a script: generate one, see its public half, rotate it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import httpx
import jwt as pyjwt
import pytest

from cast import SECRET
from outside.https import Endpoint
from retour import signing
from retour.catalog.inputs import AuthenticationInput
from web.admin.desk import DEV, PROD, Desk, Read
from web.admin.test_feedback_webhook import LIST, NEW, found, jwt

ASYMMETRIC = ["ES256", "RS256", "EdDSA"]


def shown_key(text: str, element: str) -> dict[str, Any]:
    """The public key on a page."""
    (block,) = re.findall(rf'<pre id="{element}"[^>]*>(.*?)</pre>', text, re.S)
    key: dict[str, Any] = json.loads(html.unescape(block))
    return key


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
async def test_generate_shows_the_public_key_and_where_to_fetch_it_and_submit_saves_it(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint, algorithm: str
) -> None:
    typed = jwt(algorithm=algorithm, token="", url=receiver.url("/x"))
    answer = await ann.post(NEW, data=typed | {"do": "generate"})
    assert "A key pair is generated" in answer.text
    assert f"http://127.0.0.1:8080/.well-known/jwks/{desk.house.dev.id}.json" in answer.text
    assert "PRIVATE" not in answer.text
    key = shown_key(answer.text, "offered-public")
    filled = Read(answer.text).data
    assert filled["token"] == [""]
    saved = await ann.post(NEW, data=filled)
    assert saved.status_code == 201
    assert shown_key(saved.text, "public-key") == key
    webhook = await found(desk)
    assert webhook.authentication is not None
    assert webhook.authentication.public is not None
    assert webhook.authentication.retiring == ()
    assert f"/.well-known/jwks/{desk.house.dev.id}.json" in saved.text
    await ann.post(f"{LIST}/{webhook.id}/test")
    token = (receiver.requests[0].header("authorization") or "").removeprefix("Bearer ")
    pyjwt.decode(token, pyjwt.PyJWK(key), algorithms=[algorithm], audience="hooks")


async def test_another_error_keeps_the_generated_key(ann: httpx.AsyncClient) -> None:
    answer = await ann.post(NEW, data=jwt(algorithm="EdDSA", token="", do="generate"))
    key = shown_key(answer.text, "offered-public")
    again = await ann.post(NEW, data=Read(answer.text).data | {"name": ""})
    assert again.status_code == 422
    assert shown_key(again.text, "offered-public") == key


async def test_a_generated_key_belongs_to_its_sandbox_and_to_its_algorithm(
    desk: Desk, ann: httpx.AsyncClient
) -> None:
    answer = await ann.post(NEW, data=jwt(algorithm="EdDSA", token="", do="generate"))
    offered = Read(answer.text).data["offered"][0]
    for place, change in ((f"{PROD}/feedback-webhooks/new", {}), (NEW, {"algorithm": "ES256"})):
        typed = jwt(algorithm="EdDSA", token="", url="https://192.0.1.1/x", offered=offered) | change
        refused = await ann.post(place, data=typed)
        assert refused.status_code == 422
        assert "authentication-privateKey-err" in Read(refused.text).ids
        assert "offered-public" not in refused.text
    broken = await ann.post(NEW, data=jwt(algorithm="EdDSA", token="", offered="v1.00.x"))
    assert broken.status_code == 422
    assert await desk.house.retour.webhooks.find(desk.house.dev) is None


async def test_what_is_typed_counts_before_what_was_generated(desk: Desk, ann: httpx.AsyncClient) -> None:
    answer = await ann.post(NEW, data=jwt(algorithm="EdDSA", token="", do="generate"))
    pem = signing.generate("EdDSA")
    await ann.post(NEW, data=Read(answer.text).data | {"token": pem})
    webhook = await found(desk)
    assert webhook.authentication is not None
    assert webhook.authentication.public == signing.public_part("EdDSA", pem)


async def test_generating_for_an_algorithm_that_there_is_not_only_says_so(ann: httpx.AsyncClient) -> None:
    answer = await ann.post(NEW, data=jwt(algorithm="none", do="generate"))
    assert answer.status_code == 422


async def test_a_token_for_each_request_is_a_box(desk: Desk, ann: httpx.AsyncClient) -> None:
    await ann.post(NEW, data=jwt(per_request="on"))
    webhook = await found(desk)
    assert webhook.authentication is not None
    assert webhook.authentication.per_request
    edit = Read((await ann.get(f"{LIST}/{webhook.id}/edit")).text).data
    assert edit["per_request"] == ["on"]


# --- rotate ---


async def furnished(desk: Desk, receiver: Endpoint, **authentication: Any) -> str:
    """The page of a webhook with a JWT."""
    given = AuthenticationInput(type="jwt", claims={"iss": "retour"}, **authentication)
    made = await desk.house.webhook(receiver.url("/x"), authentication=given)
    return f"{LIST}/{made.webhook.id}"


def form_of(text: str, what: str) -> dict[str, str]:
    """The form that rotates this."""
    (form,) = (dict(form) for form in Read(text).forms if dict(form).get("what") == what)
    return form


async def test_the_signing_secret_is_rotated_and_the_new_one_shown_this_once(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    page = await furnished(desk, receiver, secret=SECRET)
    text = (await ann.get(page)).text
    assert '<details class="adv mb"><summary>Advanced' in text
    form = form_of(text, "signingSecret")
    assert form["overlap"] == "24"
    answer = await ann.post(f"{page}/rotate", data=form)
    assert answer.status_code == 200
    assert answer.text.count("whsec_") == 1
    assert "also with the secret before, until" in answer.text
    assert "whsec_" not in (await ann.get(page)).text
    await ann.post(f"{page}/test")
    assert len((receiver.requests[-1].header("webhook-signature") or "").split(" ")) == 2


async def test_a_key_pair_is_rotated_and_both_are_told_of(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    page = await furnished(desk, receiver, algorithm="ES256", generate=True)
    before = (await ann.get(page)).text
    old = shown_key(before, "public-key")
    answer = await ann.post(f"{page}/rotate", data=form_of(before, "jwt"))
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    after = (await ann.get(page)).text
    assert "Changed. The one before stays good until the overlap ends." in after
    assert shown_key(after, "public-key")["kid"] != old["kid"]
    assert f"<dt>Key before</dt><dd>ES256, key ID <code>{old['kid']}</code>, good until" in after
    assert "this key signs from" in after


async def test_a_secret_of_a_jwt_is_made_and_shown_this_once_or_entered(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    page = await furnished(desk, receiver, secret=SECRET)
    form = form_of((await ann.get(page)).text, "jwt")
    made = await ann.post(f"{page}/rotate", data=form)
    assert "Copy its API Token now" in made.text
    (secret,) = re.findall(r'<pre id="jwt-secret"[^>]*>(.*?)</pre>', made.text, re.S)
    assert secret not in (await ann.get(page)).text
    entered = form_of(made.text, "jwt") | {"token": "another secret of thirty-two characters"}
    assert (await ann.post(f"{page}/rotate", data=entered)).status_code == 303


WRONG: tuple[tuple[str, dict[str, str], str], ...] = (
    ("jwt", {"token": "short"}, "rotate-jwt-secret"),
    ("jwt", {"after": "soon"}, "rotate-jwt-signAfterMinutes"),
    ("jwt", {"key_id": "k1"}, "rotate-jwt-keyId"),
    ("jwt", {"overlap": "1000"}, "rotate-jwt-overlapHours"),
    ("signingSecret", {"overlap": "x"}, "rotate-signingSecret-overlapHours"),
)


async def test_what_is_wrong_is_said_at_its_field_and_the_part_is_open(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    page = await furnished(desk, receiver, secret=SECRET, key_id="k1")
    text = (await ann.get(page)).text
    for what, change, place in WRONG:
        answer = await ann.post(f"{page}/rotate", data=form_of(text, what) | change)
        assert answer.status_code == 422
        assert f"{place}-err" in Read(answer.text).ids, place
        assert '<details class="adv mb" open><summary>Advanced' in answer.text
    assert (await found(desk)).version == 1


async def test_a_page_that_is_out_of_date_rotates_nothing(
    desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint
) -> None:
    page = await furnished(desk, receiver, secret=SECRET)
    form = form_of((await ann.get(page)).text, "signingSecret")
    await ann.post(f"{page}/rotate", data=form)
    answer = await ann.post(f"{page}/rotate", data=form)
    assert answer.status_code == 412
    assert "was changed meanwhile" in answer.text
    assert len((await found(desk)).retiring_secrets) == 1


async def test_only_an_administrator_rotates(desk: Desk, ann: httpx.AsyncClient, receiver: Endpoint) -> None:
    page = await furnished(desk, receiver, secret=SECRET)
    form = form_of((await ann.get(page)).text, "signingSecret")
    for name in ("bob", "vera"):
        browser = await desk.browser(name)
        assert "/rotate" not in (await browser.get(page)).text
        assert (await browser.post(f"{page}/rotate", data=form)).status_code == 403
    charlie = await desk.browser("charlie")
    assert (await charlie.post(f"{page}/rotate", data=form)).status_code == 404
    own = page.replace(DEV, "/admin/other@Org/prod")
    assert (await charlie.post(f"{own}/rotate", data=form)).status_code == 404
    assert (await found(desk)).version == 1
