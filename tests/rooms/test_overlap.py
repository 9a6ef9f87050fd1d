"""A rotation seen from the dispatch room, with a clock that tests move: who verifies what, until the overlap ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import apsw
import jwt as pyjwt
import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from cast import ANN, BOB, SECRET, House
from outside.certificates import Authority
from outside.https import Endpoint, Request, serving
from retour import ids, signing
from retour.catalog.inputs import AuthenticationInput, RotationInput
from retour.catalog.webhooks import Made
from rooms.steps import Clock, Conduct, post_due, send_due

KEPT_MINUTES = 5  # how long a receiver may keep the set (cache-control of the JWKS)


class Scene:
    """Acme's webhook with a JWT, and one event after another."""

    def __init__(self, house: House, clock: Clock, endpoint: Endpoint) -> None:
        self.house = house
        self.clock = clock
        self.endpoint = endpoint

    async def furnish(self, **authentication: Any) -> Made:
        """What every test needs."""
        self.configuration = await self.house.simulated()
        self.campaign = await self.house.campaign(self.configuration)
        given = AuthenticationInput(type="jwt", claims={"iss": "retour"}, **authentication)
        self.made = await self.house.webhook(self.endpoint.url("/x"), authentication=given)
        return self.made

    async def rotate(self, **given: Any) -> Made:
        """A rotation."""
        room = self.house.retour.rotations
        return await room.rotate(self.house.dev, self.made.webhook.id, RotationInput(**given), ANN)

    async def post(self) -> Request:
        """One event, as it arrives."""
        await self.house.execute(self.campaign, "sent@example.com")
        await send_due(self.house, self.configuration)
        await post_due(self.house)
        return self.endpoint.requests[-1]

    async def public_keys(self) -> dict[str, Any]:
        """The set, by kid."""
        webhook = await self.house.retour.webhooks.get(self.house.dev, self.made.webhook.id)
        return {key["kid"]: key for key in signing.public_keys(webhook.authentication, ids.now())}

    def stored(self) -> bytes:
        """The webhook's document as it is in the file."""
        with apsw.Connection(str(self.house.retour.settings.database_file)) as outside:
            row = outside.execute("SELECT doc FROM webhook").fetchall()[0]
        outside.close()
        return bytes(row[0])  # type: ignore[arg-type]


@pytest.fixture
async def scene(house: House, clock: Clock, authority: Authority) -> AsyncIterator[Scene]:
    """Everything in place; no webhook yet."""
    async with serving(Conduct(), tls=authority.server("127.0.0.1")) as endpoint:
        yield Scene(house, clock, endpoint)


def token_of(request: Request) -> str:
    return (request.header("authorization") or "").removeprefix("Bearer ")


def read(token: str, key: Any, algorithm: str) -> dict[str, Any]:
    """By PyJWT, which does not know of the moved clock."""
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims: dict[str, Any] = pyjwt.decode(token, key, algorithms=[algorithm], options=options)
    return claims


def signed_by(request: Request, *secrets: str | None) -> bool:
    """Whether the signatures are those of these secrets, in their order, as the official package makes them."""
    at = datetime.fromtimestamp(int(request.header("webhook-timestamp") or 0), UTC)
    name = request.header("webhook-id") or ""
    wanted = [Verifier(secret or "").sign(name, at, request.body.decode()) for secret in secrets]
    return request.header("webhook-signature") == " ".join(wanted)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
async def test_a_receiver_that_keeps_the_set_for_its_time_verifies_every_token(
    scene: Scene, algorithm: str
) -> None:
    await scene.furnish(algorithm=algorithm, generate=True)
    await scene.post()
    keys, fetched = await scene.public_keys(), 0
    seen = set()
    await scene.rotate(what="jwt", generate=True)
    for minute in range(16):
        if minute - fetched >= KEPT_MINUTES:
            keys, fetched = await scene.public_keys(), minute
        token = token_of(await scene.post())
        kid = pyjwt.get_unverified_header(token)["kid"]
        assert kid in keys, f"minute {minute}"
        read(token, pyjwt.PyJWK(keys[kid]), algorithm)
        seen.add(kid)
        scene.clock.move(60)
    assert len(seen) == 2


async def test_the_token_of_the_old_key_is_not_used_on_when_the_new_one_begins(scene: Scene) -> None:
    await scene.furnish(secret=SECRET, lifetime_seconds=86_400)
    made = await scene.rotate(what="jwt", generate=True, sign_after_minutes=30)
    old = token_of(await scene.post())
    scene.clock.move(29 * 60)
    assert token_of(await scene.post()) == old
    assert read(old, SECRET, "HS256")["iss"] == "retour"
    scene.clock.move(61)
    new = token_of(await scene.post())
    assert read(new, made.jwt_secret, "HS256")["iss"] == "retour"


async def test_when_the_overlap_ends_the_old_ones_are_of_no_use_and_then_gone_from_the_row(
    scene: Scene,
) -> None:
    first = await scene.furnish(algorithm="ES256", generate=True)
    second = await scene.rotate(what="signingSecret", overlap_hours=24)
    third = await scene.rotate(what="jwt", generate=True, overlap_hours=48)
    assert signed_by(await scene.post(), second.signing_secret, first.signing_secret)
    scene.clock.move(24 * 3600 - 5)
    assert signed_by(await scene.post(), second.signing_secret, first.signing_secret)
    scene.clock.move(5)
    assert signed_by(await scene.post(), second.signing_secret)
    before = scene.stored()
    await scene.house.retour.upkeep.run(ids.now())
    assert scene.stored().count(b'"until"') == before.count(b'"until"') - 1
    scene.clock.move(24 * 3600)
    (kid,) = await scene.public_keys()
    assert third.webhook.authentication is not None
    assert kid == signing.key_name(None, third.webhook.authentication.public)
    await scene.house.retour.upkeep.run(ids.now())
    assert b'"until"' not in scene.stored()
    newest = await scene.house.retour.webhooks.get(scene.house.dev, first.webhook.id)
    assert newest.version == third.webhook.version  # nobody's open form is out of date by it
    assert signed_by(await scene.post(), second.signing_secret)


async def test_upkeep_leaves_overlaps_that_go_on(scene: Scene) -> None:
    await scene.furnish(secret=SECRET)
    await scene.rotate(what="signingSecret", overlap_hours=2)
    before = scene.stored()
    scene.clock.move(2 * 3600 - 5)
    await scene.house.retour.upkeep.run(ids.now())
    assert scene.stored() == before


async def test_two_who_rotate_the_same_version_do_not_lose_a_secret(scene: Scene) -> None:
    first = await scene.furnish(secret=SECRET)
    room, version = scene.house.retour.rotations, first.webhook.version
    given = RotationInput(what="signingSecret")
    await room.rotate(scene.house.dev, first.webhook.id, given, ANN, version)
    with pytest.raises(Exception, match="changed meanwhile"):
        await room.rotate(scene.house.dev, first.webhook.id, given, BOB, version)


async def test_no_secret_of_a_rotation_is_in_the_file_the_log_or_the_attempts(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    first = await scene.furnish(generate=True)
    second = await scene.rotate(what="signingSecret")
    third = await scene.rotate(what="jwt", generate=True, sign_after_minutes=0)
    request = await scene.post()
    row = (await scene.house.retour.shelves.deliveries(scene.house.dev.id))[0]
    attempts = str(await scene.house.retour.shelves.attempts(scene.house.dev.id, row.id))
    file = scene.house.retour.settings.database_file
    written = file.read_bytes() + file.with_name(file.name + "-wal").read_bytes()
    said = "".join(capsys.readouterr())
    made = [
        first.signing_secret,
        first.jwt_secret,
        second.signing_secret,
        third.jwt_secret,
        token_of(request),
    ]
    for secret in made:
        assert secret
        assert secret.encode() not in written
        assert secret not in attempts
        assert secret not in said
    assert "secret_rotated" in said
