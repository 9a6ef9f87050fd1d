"""POST …/{id}/rotate: what is answered, what is refused, and secrets that stay where they belong."""

from __future__ import annotations

from typing import Any

import jwt as pyjwt

from cast import House
from outside.https import Endpoint
from retour import signing
from retour.model import Scope
from web.api.callers import WEBHOOKS, Api, connect, jwt, refusal, rows, webhook
from web.api.test_webhook_keys import keys_of, token_of, token_posted

ES256 = jwt(algorithm="ES256", secret=None, generate=True)
NEW_SECRET = "another secret of thirty-two characters"


async def made(acme: Api, receiver: Endpoint, **more: Any) -> dict[str, Any]:
    """A webhook, and how to rotate it."""
    answer: dict[str, Any] = await acme.post(WEBHOOKS, webhook(url=receiver.url("/x"), **more))
    return answer


async def rotate(acme: Api, webhook_id: str, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await acme.post(f"{WEBHOOKS}/{webhook_id}/rotate", body, status=200)
    return answer


async def test_the_new_signing_secret_is_shown_this_once_and_both_sign(acme: Api, receiver: Endpoint) -> None:
    first = await made(acme, receiver)
    second = await rotate(acme, first["id"], what="signingSecret")
    assert second["signingSecret"] != first["signingSecret"]
    assert second["version"] == 2
    assert len(second["retiringSigningSecrets"]) == 1
    await token_posted(acme, receiver, first)
    request = receiver.requests[-1]
    stamp = (request.header("webhook-id") or "", int(request.header("webhook-timestamp") or 0), request.body)
    wanted = [signing.sign(one["signingSecret"], *stamp) for one in (second, first)]
    assert request.header("webhook-signature") == " ".join(wanted)
    later = await acme.call("GET", f"{WEBHOOKS}/{first['id']}")
    assert "whsec_" not in later.text


async def test_a_signing_secret_may_be_brought_along(acme: Api, receiver: Endpoint) -> None:
    first = await made(acme, receiver)
    own = signing.new_signing_secret()
    second = await rotate(acme, first["id"], what="signingSecret", secret=own, overlapHours=0)
    assert "signingSecret" not in second
    assert second["retiringSigningSecrets"] == []
    await token_posted(acme, receiver, first)
    request = receiver.requests[-1]
    stamp = (request.header("webhook-id") or "", int(request.header("webhook-timestamp") or 0), request.body)
    assert request.header("webhook-signature") == signing.sign(own, *stamp)


async def test_both_public_keys_are_in_the_set_and_the_old_one_signs_at_first(
    house: House, acme: Api, receiver: Endpoint
) -> None:
    first = await made(acme, receiver, authentication=ES256)
    second = await rotate(acme, first["id"], what="jwt", generate=True)
    old, new = first["authentication"], second["authentication"]
    assert [key["kid"] for key in await keys_of(acme.client, house.dev.id)] == [new["kid"], old["kid"]]
    assert [one["kid"] for one in new["retiring"]] == [old["kid"]]
    assert new["signsFrom"] is not None
    await token_posted(acme, receiver, first)
    assert kid_of(receiver) == old["kid"]


async def test_a_new_key_may_sign_at_once(house: House, acme: Api, receiver: Endpoint) -> None:
    first = await made(acme, receiver, authentication=ES256)
    second = await rotate(acme, first["id"], what="jwt", generate=True, signAfterMinutes=0)
    assert second["authentication"]["signsFrom"] is None
    await token_posted(acme, receiver, first)
    assert kid_of(receiver) == second["authentication"]["kid"]
    assert len(await keys_of(acme.client, house.dev.id)) == 2


async def test_without_an_overlap_the_old_key_is_gone_at_once(
    house: House, acme: Api, receiver: Endpoint
) -> None:
    first = await made(acme, receiver, authentication=ES256)
    await rotate(acme, first["id"], what="jwt", generate=True)
    last = await rotate(acme, first["id"], what="jwt", generate=True, overlapHours=0)
    assert last["authentication"]["retiring"] == []
    (key,) = await keys_of(acme.client, house.dev.id)
    assert key["kid"] == last["authentication"]["kid"]
    await token_posted(acme, receiver, first)
    assert kid_of(receiver) == key["kid"]


async def test_a_rotation_may_change_the_algorithm(house: House, acme: Api, receiver: Endpoint) -> None:
    first = await made(acme, receiver)
    second = await rotate(acme, first["id"], what="jwt", algorithm="EdDSA", generate=True, keyId="k2")
    assert (second["authentication"]["algorithm"], second["authentication"]["kid"]) == ("EdDSA", "k2")
    assert second["authentication"]["retiring"][0]["algorithm"] == "HS256"
    assert [key["kid"] for key in await keys_of(acme.client, house.dev.id)] == ["k2"]


async def test_a_secret_that_is_made_is_shown_this_once_and_one_that_is_entered_is_not(
    acme: Api, receiver: Endpoint
) -> None:
    first = await made(acme, receiver)
    entered = await rotate(acme, first["id"], what="jwt", secret=NEW_SECRET)
    assert "secret" not in entered["authentication"]
    assert entered["authentication"]["signsFrom"] is None
    shown = await rotate(acme, first["id"], what="jwt", generate=True)
    assert len(shown["authentication"]["secret"]) >= 64
    assert shown["authentication"]["signsFrom"] is not None
    text = (await acme.call("GET", f"{WEBHOOKS}/{first['id']}")).text
    assert not any(word in text for word in (NEW_SECRET, shown["authentication"]["secret"], "sealed"))


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "what"),
    ({"what": "everything"}, "what"),
    ({"what": "signingSecret", "overlapHours": -1}, "overlapHours"),
    ({"what": "signingSecret", "overlapHours": 169}, "overlapHours"),
    ({"what": "signingSecret", "overlapHours": 1.5}, "overlapHours"),
    ({"what": "signingSecret", "overlapHours": 10**30}, "overlapHours"),
    ({"what": "signingSecret", "secret": "hush"}, "secret"),
    ({"what": "signingSecret", "secret": {"clear": True}}, "secret"),
    ({"what": "signingSecret", "secret": signing.new_signing_secret(), "generate": True}, "generate"),
    ({"what": "jwt"}, "secret"),
    ({"what": "jwt", "secret": "short"}, "secret"),
    ({"what": "jwt", "secret": NEW_SECRET, "generate": True}, "generate"),
    ({"what": "jwt", "algorithm": "ES256"}, "privateKey"),
    ({"what": "jwt", "algorithm": "RS256", "privateKey": signing.generate("ES256")}, "privateKey"),
    ({"what": "jwt", "algorithm": "none", "generate": True}, "algorithm"),
    ({"what": "jwt", "generate": True, "keyId": "a\nb"}, "keyId"),
    ({"what": "jwt", "generate": True, "keyId": "k1"}, "keyId"),
    ({"what": "jwt", "generate": True, "signAfterMinutes": -1}, "signAfterMinutes"),
    ({"what": "jwt", "generate": True, "signAfterMinutes": 61, "overlapHours": 1}, "signAfterMinutes"),
)


async def test_what_can_t_be_done_is_refused_and_changes_nothing(acme: Api, receiver: Endpoint) -> None:
    first = await made(acme, receiver, authentication=jwt(keyId="k1"))
    place = f"{WEBHOOKS}/{first['id']}"
    for body, path in WRONG:
        context = refusal(await acme.call("POST", f"{place}/rotate", body), 422, "000111")
        assert path in context, (body, context)
    assert (await acme.get(place))["version"] == 1
    refusal(await acme.call("POST", f"{WEBHOOKS}/nothing/rotate", {"what": "jwt"}), 404, "000120")


async def test_a_webhook_without_a_jwt_has_no_key_to_change(acme: Api, receiver: Endpoint) -> None:
    first = await made(acme, receiver, authentication={"type": "none"})
    answer = await acme.call("POST", f"{WEBHOOKS}/{first['id']}/rotate", {"what": "jwt", "generate": True})
    assert "what" in refusal(answer, 422, "000111")


async def test_what_is_in_use_is_no_new_one(acme: Api, receiver: Endpoint) -> None:
    first = await made(acme, receiver, authentication=jwt(secret=NEW_SECRET))
    place = f"{WEBHOOKS}/{first['id']}/rotate"
    own = signing.new_signing_secret()
    await rotate(acme, first["id"], what="signingSecret", secret=own)
    for body in (
        {"what": "jwt", "secret": NEW_SECRET},
        {"what": "signingSecret", "secret": first["signingSecret"]},
        {"what": "signingSecret", "secret": own},
    ):
        context = refusal(await acme.call("POST", place, body), 422, "000111")
        assert context["secret"] == "This one is in use already. Enter another one."


async def test_the_old_ones_that_are_good_at_once_have_a_bound(acme: Api, receiver: Endpoint) -> None:
    first = await made(acme, receiver)
    place = f"{WEBHOOKS}/{first['id']}/rotate"
    for what in ("signingSecret", "jwt"):
        body = {"what": what, "generate": True}
        for _ in range(3):
            await rotate(acme, first["id"], **body)
        assert "overlapHours" in refusal(await acme.call("POST", place, body), 422, "000111")
        await rotate(acme, first["id"], **body, overlapHours=0)
        await rotate(acme, first["id"], **body)


async def test_only_who_may_configure_rotates(house: House, acme: Api, receiver: Endpoint) -> None:
    first = await made(acme, receiver)
    scopes = (Scope.EXECUTE, Scope.READ)
    credential = await house.retour.credentials.create(acme.org, "reader", scopes)
    reader = await connect(acme.client, credential, "dev")
    before = rows(house)
    answer = await reader.call("POST", f"{WEBHOOKS}/{first['id']}/rotate", {"what": "signingSecret"})
    refusal(answer, 403, "000102")
    assert rows(house) == before


async def test_retiring_secrets_are_not_led_to_another_host(
    house: House, acme: Api, receiver: Endpoint
) -> None:
    first = await made(acme, receiver, authentication=ES256)
    second = await rotate(acme, first["id"], what="jwt", generate=True)
    await rotate(acme, first["id"], what="signingSecret")
    place = f"{WEBHOOKS}/{first['id']}"
    elsewhere = receiver.url("/x", host="localhost")
    kept = jwt(algorithm="ES256", secret=None)
    given = webhook(url=elsewhere, authentication=kept)
    context = refusal(await acme.put(place, given, 3), 422, "000141")
    assert "authentication.privateKey" in context
    assert len(await keys_of(acme.client, house.dev.id)) == 2
    pem = signing.generate("ES256")
    entered = webhook(url=elsewhere, authentication=kept | {"privateKey": pem})
    put = await acme.put(place, entered, 3)
    assert put.status_code == 200, put.text
    assert put.json()["authentication"]["retiring"] == []
    assert put.json()["retiringSigningSecrets"] == []
    (key,) = await keys_of(acme.client, house.dev.id)
    assert key["kid"] not in (first["authentication"]["kid"], second["authentication"]["kid"])
    await token_posted(acme, receiver, first)
    assert kid_of(receiver) == key["kid"]
    assert " " not in (receiver.requests[-1].header("webhook-signature") or "")


async def test_an_edit_keeps_the_overlap_and_a_secret_that_it_enters_ends_it(
    house: House, acme: Api, receiver: Endpoint
) -> None:
    first = await made(acme, receiver, authentication=ES256)
    await rotate(acme, first["id"], what="jwt", generate=True, keyId="k2")
    await rotate(acme, first["id"], what="signingSecret")
    place = f"{WEBHOOKS}/{first['id']}"
    body = await acme.get(place)
    kept = await acme.put(place, body | {"name": "Renamed"}, 3)
    assert kept.status_code == 200, kept.text
    same = ("retiring", "signsFrom", "kid")
    for name in same:
        assert kept.json()["authentication"][name] == body["authentication"][name]
    assert kept.json()["retiringSigningSecrets"] == body["retiringSigningSecrets"]
    given = webhook(url=receiver.url("/x"), authentication=ES256)
    assert (await acme.put(place, given, 4)).json()["authentication"]["retiring"] == []
    assert len(await keys_of(acme.client, house.dev.id)) == 1


async def test_two_keys_that_are_good_never_have_one_name(acme: Api, receiver: Endpoint) -> None:
    first = await made(acme, receiver, authentication=ES256 | {"keyId": "k1"})
    await rotate(acme, first["id"], what="jwt", generate=True, keyId="k2")
    place = f"{WEBHOOKS}/{first['id']}"
    body = await acme.get(place)
    body["authentication"]["keyId"] = "k1"
    assert "authentication.keyId" in refusal(await acme.put(place, body, 2), 422, "000111")


def kid_of(receiver: Endpoint) -> str:
    """Of the newest request's token."""
    return str(pyjwt.get_unverified_header(token_of(receiver.requests[-1]))["kid"])
