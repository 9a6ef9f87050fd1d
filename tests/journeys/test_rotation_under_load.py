"""Secrets are rotated while events are posted, and no receiver fails to verify a single one.

The receiver verifies by other implementations: standardwebhooks with the secret that it was given last, PyJWT with the
keys that it fetches from the JWKS over HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import jwt as pyjwt
import pytest
import uvicorn
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from cast import House, until
from outside.certificates import Authority
from outside.https import Endpoint, Exchange, serving
from retour.catalog.inputs import AuthenticationInput, RotationInput
from retour.cli.serve import _listen, _server_config
from retour.config import Settings
from retour.model import Campaign, DeliveryState
from retour.web.server import application

ALGORITHMS = ["ES256", "EdDSA", "RS256"]
SOME = 24  # more requests than are ever under way at once
MESSAGES = 200


@pytest.fixture
async def jwks_url(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The set of Acme's dev, served as `retour serve` serves it."""
    monkeypatch.setenv("NO_PROXY", "*")
    listening = _listen(Settings(listen="127.0.0.1:0"))
    server = uvicorn.Server(_server_config(Settings(), application(house.retour)))
    task = asyncio.ensure_future(server._serve([listening]))  # without signals

    async def started() -> bool:
        return server.started

    await until(started)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/.well-known/jwks/{house.dev.id}.json"
    server.should_exit = True
    await task


@dataclass
class Receiver:
    """Answers 401 to what does not verify. known: the signing secret that it was given last."""

    keys: pyjwt.PyJWKClient
    known: str = ""
    failed: list[str] = field(default_factory=list)
    kids: list[str] = field(default_factory=list)
    jtis: list[str] = field(default_factory=list)

    async def __call__(self, exchange: Exchange) -> None:
        """Verify, answer."""
        headers = {name.lower(): value for name, value in exchange.request.headers}
        try:
            Webhook(self.known).verify(exchange.request.body, headers)
            await self._token(headers["authorization"].removeprefix("Bearer "))
        except (WebhookVerificationError, pyjwt.PyJWTError) as error:
            self.failed.append(repr(error))
            return await exchange.reply(401)
        return await exchange.reply(204)

    async def _token(self, token: str) -> None:
        """In a thread, as PyJWT does not know of event loops."""
        key = await asyncio.to_thread(self.keys.get_signing_key_from_jwt, token)
        claims = pyjwt.decode(token, key, algorithms=ALGORITHMS, issuer="retour")
        self.kids.append(str(key.key_id))
        self.jtis.append(str(claims["jti"]))


class Load:
    """Posts events one after another, and rotates between them."""

    def __init__(self, house: House, endpoint: Endpoint, receiver: Receiver, campaign: Campaign) -> None:
        self.house = house
        self.endpoint = endpoint
        self.receiver = receiver
        self.campaign = campaign

    async def run(self) -> None:
        """Every message, two events each."""
        for number in range(MESSAGES):
            await self.house.execute(self.campaign, f"delivered+{number}@example.com")

    async def some(self) -> None:
        """Until more have come than were under way."""
        await self.endpoint.arrived(len(self.endpoint.requests) + SOME, seconds=20)

    async def rotate(self, webhook_id: str, algorithm: str) -> None:
        """The JWT's key, and the signing secret, which the receiver learns late and forgets the old one for."""
        room, dev = self.house.retour.rotations, self.house.dev
        jwt = RotationInput(what="jwt", algorithm=algorithm, generate=True, sign_after_minutes=0)
        await room.rotate(dev, webhook_id, jwt, "ann")
        made = await room.rotate(dev, webhook_id, RotationInput(what="signingSecret"), "ann")
        await self.some()
        self.receiver.known = made.signing_secret or ""
        await self.some()


@pytest.mark.slow
async def test_not_one_request_fails_to_verify(house: House, authority: Authority, jwks_url: str) -> None:
    keys = pyjwt.PyJWKClient(jwks_url, cooldown_duration=0)  # a key that it does not know is fetched at once
    receiver = Receiver(keys)
    async with serving(receiver, tls=authority.server("127.0.0.1")) as endpoint:
        given = AuthenticationInput(
            type="jwt", algorithm="ES256", generate=True, per_request=True, claims={"iss": "retour"}
        )
        made = await house.webhook(endpoint.url("/x"), authentication=given)
        receiver.known = made.signing_secret or ""
        load = Load(house, endpoint, receiver, await house.campaign(await house.simulated()))
        async with house.working():
            running = asyncio.ensure_future(load.run())
            await load.some()
            for algorithm in ALGORITHMS:
                await load.rotate(made.webhook.id, algorithm)
            await running
            await until(lambda: _settled(house), 30)
    assert receiver.failed == []
    assert len(endpoint.requests) == 2 * MESSAGES  # each once: none had to be tried again
    assert len(set(receiver.kids)) == 1 + len(ALGORITHMS)
    assert len(set(receiver.jtis)) == 2 * MESSAGES


async def _settled(house: House) -> bool:
    rows = await house.retour.shelves.deliveries(house.dev.id, limit=1_000)
    return [row.state for row in rows] == [DeliveryState.ACCEPTED] * 2 * MESSAGES
