"""POST /ajo/config/feedback-webhooks: the one of the sandbox."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from joserfc.jwk import ECKey

from cast import House, until
from web.api.callers import DELIVERIES, WEBHOOKS, Api, jwt, refusal, rows, webhook

PEM = ECKey.generate_key("P-256").as_pem(private=True).decode()
KEYS = {
    "id", "name", "channels", "url", "authentication", "headers", "format", "events", "orderWaitSeconds", "signed",
    "deadlineSeconds", "createdAt", "modifiedAt", "version",
}  # fmt: skip


async def test_it_comes_back_with_its_defaults_and_its_signing_secret_this_once(acme: Api) -> None:
    answer = await acme.call("POST", WEBHOOKS, webhook())
    made = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert set(made) >= KEYS
    assert made["signingSecret"].startswith("whsec_")
    assert made["events"] == ["sent", "delivered", "bounce", "error"]
    assert (made["format"], made["orderWaitSeconds"], made["signed"]) == ("extended", 60, True)
    assert (made["deadlineSeconds"], made["status"]) == (10, "active")
    assert made["createdBy"] == acme.client_id
    found = await acme.get(f"{WEBHOOKS}/{made['id']}")
    assert found == {key: value for key, value in made.items() if key != "signingSecret"}
    assert (await acme.get(WEBHOOKS))["data"] == [found]


async def test_secrets_are_never_told_again(acme: Api) -> None:
    secret = {"name": "X-Key", "value": "hush-hush", "secret": True}
    pem = {"type": "jwt", "algorithm": "ES256", "privateKey": PEM}
    answer = await acme.call("POST", WEBHOOKS, webhook(authentication=pem, headers=[secret]))
    made = answer.json()
    assert answer.status_code == 201, answer.text
    assert made["headers"] == [{"name": "X-Key", "value": None, "secret": True}]
    assert "privateKey" not in made["authentication"]
    shown = [answer.text, (await acme.call("GET", WEBHOOKS)).text]
    for text in shown:
        assert not any(word in text for word in ("hush-hush", "PRIVATE KEY", "sealed", "v1."))
    assert "whsec_" not in shown[1]


async def test_a_second_one_is_409_and_names_the_one_there_is(house: House, acme: Api) -> None:
    made = await acme.post(WEBHOOKS, webhook(name="First"))
    before = rows(house)
    answer = await acme.call("POST", WEBHOOKS, webhook(name="Second"))
    context = refusal(answer, 409, "000121")
    assert answer.json()["title"] == "A feedback webhook already exists for acme@Org / dev."
    assert (context["id"], context["name"], context["createdBy"]) == (made["id"], "First", acme.client_id)
    assert rows(house) == before


async def test_of_fifty_at_once_one_is_made(house: House, acme: Api) -> None:
    bodies = [webhook(name=f"number {number}") for number in range(50)]
    answers = await asyncio.gather(*(acme.call("POST", WEBHOOKS, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    (made,) = (answer.json() for answer in answers if answer.status_code == 201)
    assert rows(house)["webhook"] == 1
    assert (await acme.get(WEBHOOKS))["data"][0]["name"] == made["name"]


async def test_every_sandbox_has_its_own(house: House, acme: Api, charlie: Api) -> None:
    await acme.post(WEBHOOKS, webhook())
    public = webhook(url="https://192.0.1.1/feedback")
    await acme.at("prod").post(WEBHOOKS, public)
    await charlie.post(WEBHOOKS, public)
    assert rows(house)["webhook"] == 3


URLS = (
    "", "hooks.example.com", "ftp://hooks.example.com/x", "http://hooks.example.com/x", "https://",
    "javascript:alert(1)", "file:///etc/passwd", "https://ann:secret@hooks.example.com/", "https://hooks.example.com/#x",
    "https://hooks.example.com\\@127.0.0.1/", "https://hooks .example.com/", "https://hooks.example.com/\r\nX: y",
    "https://hooks.example.com/\x00", "https://hooks.example.com:99999/", "https://hooks.example.com:25/",
    "https://" + "x" * 300 + ".example/", "https://hooks.example.com/" + "x" * 2_100,
    "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/", "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/", "https://0.0.0.0/", "https://[::]/", "https://[::1]/", "https://[fd00::1]/",
    "https://[fe80::1%25eth0]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[64:ff9b::7f00:1]/",
    "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/",
    "https://017700000001/", "https://0x7f.1/", "https://127.0.0.1./", "https://１２７.0.0.1/", "https://127。0。0。1/",
    "https://localhost/", "https://LOCALHOST./", "https://[2002:7f00:1::]/",
)  # fmt: skip


async def test_urls_that_lead_nowhere_or_inside_are_refused(house: House, acme: Api) -> None:
    """In prod; a development sandbox may reach its own machine."""
    before = rows(house)
    for url in URLS:
        context = refusal(await acme.at("prod").call("POST", WEBHOOKS, webhook(url=url)), 422, "000111")
        assert "url" in context, (url, context)
    assert rows(house) == before


async def test_a_private_address_is_refused_with_the_line_that_would_allow_it(acme: Api) -> None:
    answer = await acme.call("POST", WEBHOOKS, webhook(url="https://10.1.2.3:8443/x"))
    assert "add 10.1.2.3/32:8443@acme@Org to RETOUR_TARGET_ALLOW" in refusal(answer, 422, "000111")["url"]


HEADERS: tuple[tuple[str, Any], ...] = (
    ("", "x"), ("X Y", "x"), ("X:Y", "x"), ("X\r\nY", "x"), ("X\x00", "x"), ("Ünï", "x"), ("x" * 101, "x"),
    ("X", ""), ("X", None), ("X", "a\r\nInjected: yes"), ("X", "a\nb"), ("X", "a\x00b"), ("X", "é"), ("X", "\u202e"),
    ("X", " padded "), ("X", "x" * 5_000), ("Authorization", "x"), ("authorization", "x"), ("Host", "x"),
    ("Content-Length", "5"), ("Content-Type", "x"), ("Transfer-Encoding", "chunked"), ("Connection", "close"),
    ("webhook-id", "x"), ("Webhook-Signature", "x"), ("Proxy-Authorization", "x"), ("Expect", "100-continue"),
    ("TE", "x"), ("Trailer", "x"), ("Upgrade", "x"), ("Keep-Alive", "x"), ("User-Agent", "x"),
    ("Content-Encoding", "gzip"),
)  # fmt: skip


async def test_headers_that_could_break_or_forge_the_request_are_refused(house: House, acme: Api) -> None:
    before = rows(house)
    for secret in (False, True):
        for name, value in HEADERS:
            row = {"name": name, "value": value, "secret": secret}
            answer = await acme.call("POST", WEBHOOKS, webhook(headers=[row]))
            assert "headers[0]" in refusal(answer, 422, "000111"), (name, value)
    assert rows(house) == before


@pytest.mark.parametrize(
    "rows_",
    [
        [{"name": "X-A", "value": "1"}, {"name": "x-a", "value": "2"}],
        [{"name": f"X-{number}", "value": "1"} for number in range(21)],
        [{"name": f"X-{number}", "value": "y" * 4_000} for number in range(5)],
    ],
)
async def test_headers_are_set_once_and_not_too_many(acme: Api, rows_: list[dict[str, str]]) -> None:
    context = refusal(await acme.call("POST", WEBHOOKS, webhook(headers=rows_)), 422, "000111")
    assert any(path.startswith("headers") for path in context)


DEEP: Any = {}
for _ in range(40):
    DEEP = {"a": DEEP}
AUTHENTICATIONS: tuple[tuple[Any, str], ...] = (
    ("none", "authentication"),
    ({"type": "basic"}, "authentication.type"),
    (jwt(algorithm="none"), "authentication.algorithm"),
    (jwt(algorithm="hs256"), "authentication.algorithm"),
    (jwt(secret="short"), "authentication.secret"),
    (jwt(secret=""), "authentication.secret"),
    (jwt(secret=None), "authentication.secret"),
    (jwt(secret=5), "authentication.secret"),
    (jwt(secret={"clear": True}), "authentication.secret"),
    (jwt(secret={"clear": False}), "authentication.secret"),
    (jwt(secret="x" * 100_000), "authentication.secret"),
    (jwt(secret=PEM), "authentication.secret"),
    (jwt(algorithm="HS384", secret="x" * 47), "authentication.secret"),
    (jwt(algorithm="HS512", secret="x" * 63), "authentication.secret"),
    (jwt(algorithm="ES256", secret=None, privateKey="x" * 64), "authentication.privateKey"),
    (jwt(algorithm="ES256", secret=None, privateKey=None), "authentication.privateKey"),
    (jwt(claims=[]), "authentication.claims"),
    (jwt(claims="iss"), "authentication.claims"),
    (jwt(claims='{"iss": "retour"}'), "authentication.claims"),
    (jwt(claims=5), "authentication.claims"),
    (jwt(claims=False), "authentication.claims"),
    (jwt(claims={"iat": 1}), "authentication.claims"),
    (jwt(claims={"exp": 1}), "authentication.claims"),
    (jwt(claims={"nbf": 1}), "authentication.claims"),
    (jwt(claims={"jti": "x"}), "authentication.claims"),
    (jwt(claims={"x": "y" * 5_000}), "authentication.claims"),
    (jwt(claims=DEEP), "authentication.claims"),
    (jwt(lifetimeSeconds=59), "authentication.lifetimeSeconds"),
    (jwt(lifetimeSeconds=86_401), "authentication.lifetimeSeconds"),
    (jwt(lifetimeSeconds=10**30), "authentication.lifetimeSeconds"),
    (jwt(header="X Y"), "authentication.header"),
    (jwt(header="Host"), "authentication.header"),
    (jwt(header="webhook-id"), "authentication.header"),
    (jwt(header=""), "authentication.header"),
    (jwt(prefix="Bearer\r\nX: y"), "authentication.prefix"),
    (jwt(prefix="é"), "authentication.prefix"),
    (jwt(keyId="x" * 1_000), "authentication.keyId"),
    (jwt(keyId="a\nb"), "authentication.keyId"),
)


async def test_a_jwt_that_could_not_be_made_is_refused(house: House, acme: Api) -> None:
    before = rows(house)
    for given, path in AUTHENTICATIONS:
        context = refusal(await acme.call("POST", WEBHOOKS, webhook(authentication=given)), 422, "000111")
        assert path in context, (given, context)
    assert rows(house) == before


OTHERS: tuple[tuple[Any, str], ...] = (
    ({}, "name"),
    (webhook(name=" "), "name"),
    (webhook(name="a\u0000b"), "name"),
    (webhook(name="x" * 101), "name"),
    (webhook(name=["x"]), "name"),
    (webhook(channels=[]), "channels"),
    (webhook(channels=["push"]), "channels[0]"),
    (webhook(channels=["email", 5]), "channels[1]"),
    (webhook(channels="email"), "channels"),
    (webhook(url=5), "url"),
    (webhook(format="xml"), "format"),
    (webhook(events=[]), "events"),
    (webhook(events=["opened"]), "events[0]"),
    (webhook(events=None), "events"),
    (webhook(orderWaitSeconds=-1), "orderWaitSeconds"),
    (webhook(orderWaitSeconds=3_601), "orderWaitSeconds"),
    (webhook(orderWaitSeconds="forever"), "orderWaitSeconds"),
    (webhook(orderWaitSeconds=1.5), "orderWaitSeconds"),
    (webhook(deadlineSeconds=0), "deadlineSeconds"),
    (webhook(deadlineSeconds=31), "deadlineSeconds"),
    (webhook(signed="yes"), "signed"),
    (webhook(parked="maybe"), "parked"),
    (webhook(headers=[{"name": "X", "value": 5}]), "headers[0].value"),
)


async def test_everything_else_wrong_is_422_with_its_path_and_leaves_nothing(house: House, acme: Api) -> None:
    before = rows(house)
    for body, path in OTHERS:
        context = refusal(await acme.call("POST", WEBHOOKS, body), 422, "000111")
        assert path in context, (body, context)
    refusal(await acme.call("POST", WEBHOOKS, b"{'name': 1}"), 400, "000110")
    many = await acme.call("POST", WEBHOOKS, webhook(channels=["x"] * 100_000))
    refusal(many, 422, "000111")
    assert len(many.content) < 10_000
    assert rows(house) == before


@pytest.mark.parametrize("choice", ["skip", "deliver", None])
async def test_what_was_parked_is_delivered_only_when_asked_for(
    house: House, acme: Api, campaign_id: str, choice: str | None
) -> None:
    campaign = await house.retour.campaigns.get(house.dev, campaign_id)
    await house.execute(campaign, "delivered@example.com")

    async def parked() -> bool:
        return rows(house)["delivery"] == 2

    async with house.working():
        await until(parked)
    listed = (await acme.get(DELIVERIES))["data"]
    assert [found["status"] for found in listed] == ["parked", "parked"]
    given = webhook(events=["delivered"]) | ({"parked": choice} if choice else {})
    await acme.post(WEBHOOKS, given)
    after = {found["feedbackStatus"]: found["status"] for found in (await acme.get(DELIVERIES))["data"]}
    waits = "pending" if choice == "deliver" else "cancelled"
    assert after == {"sent": "cancelled", "delivered": waits}
