"""Secrets are rotated while events are posted, and no receiver fails to verify a single one.

The receiver verifies by other implementations, with the secret that it was given last and the keys that it fetches from
the JWKS over HTTP: standardwebhooks and PyJWT in Python, standardwebhooks and jose in Node.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import jwt as pyjwt
import pytest
import uvicorn
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from cast import ANN, House, until
from outside import npm
from outside.certificates import Authority
from outside.https import Endpoint, Exchange, serving
from retour import ids, limits, signing
from retour.catalog.inputs import AuthenticationInput, RotationInput
from retour.cli.serve import _listen, _server_config
from retour.config import Settings
from retour.model import Campaign, DeliveryState
from retour.web.server import application

ALGORITHMS = ["ES256", "EdDSA", "RS256"]
SOME = 24  # more requests than are ever under way at once
MESSAGES = 200
PACKAGES = ("jose@6.2.18", "standardwebhooks@1.1.1")
SCRIPT = Path(__file__).with_name("verifier.mjs")
Headers = dict[str, str]


class Unverified(Exception):
    """What the other implementation says."""


@dataclass
class Proof:
    """What a good token says: which key, and which request."""

    kid: str
    jti: str


class Verifier(Protocol):
    """Another implementation."""

    async def verify(self, secret: str, headers: Headers, body: bytes) -> Proof:
        """Signature, then token. Raises Unverified."""


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


class InPython:
    """standardwebhooks and PyJWT."""

    def __init__(self, jwks_url: str) -> None:
        self._keys = pyjwt.PyJWKClient(jwks_url, cooldown_duration=0)  # an unknown key is fetched at once

    async def verify(self, secret: str, headers: Headers, body: bytes) -> Proof:
        """See Verifier. In a thread, as PyJWT does not know of event loops."""
        try:
            Webhook(secret).verify(body, headers)
            token = headers["authorization"].removeprefix("Bearer ")
            key = await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
            claims = pyjwt.decode(token, key, algorithms=ALGORITHMS, issuer="retour")
        except (WebhookVerificationError, pyjwt.PyJWTError) as error:
            raise Unverified(repr(error)) from error
        return Proof(str(key.key_id), str(claims["jti"]))


class InNode:
    """standardwebhooks and jose, of npm, in a node of their own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[Any]] = {}

    async def verify(self, secret: str, headers: Headers, body: bytes) -> Proof:
        """See Verifier."""
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        given = {
            "number": number,
            "secret": secret,
            "headers": headers,
            "body": base64.b64encode(body).decode(),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(given).encode() + b"\n")
        said = await answer
        if "error" in said:
            raise Unverified(said["error"])
        return Proof(said["kid"], said["jti"])

    async def listen(self) -> None:
        """To what node says, until it ends; who still waits then hears of that."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            self._asked.pop(said["number"]).set_result(said)
        for waiting in self._asked.values():
            waiting.set_result({"error": "node has ended"})


@pytest.fixture
def in_python(jwks_url: str) -> Verifier:
    return InPython(jwks_url)


@pytest.fixture
async def in_node(jwks_url: str, tmp_path: Path) -> AsyncIterator[Verifier]:
    """With its packages fresh from npm."""
    shutil.copy(SCRIPT, tmp_path)
    npm.install(tmp_path, *PACKAGES)
    command = ("node", SCRIPT.name, jwks_url, *ALGORITHMS)
    process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdin=PIPE, stdout=PIPE)
    verifier = InNode(process)
    listening = asyncio.ensure_future(verifier.listen())
    yield verifier
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()
    await listening


@dataclass
class Receiver:
    """Answers 401 to what does not verify. known: the signing secret that it was given last."""

    verifier: Verifier
    known: str = ""
    failed: list[str] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)

    async def __call__(self, exchange: Exchange) -> None:
        """Verify, answer."""
        headers = {name.lower(): value for name, value in exchange.request.headers}
        try:
            proof = await self.verifier.verify(self.known, headers, exchange.request.body)
        except Unverified as error:
            self.failed.append(str(error))
            return await exchange.reply(401)
        self.proofs.append(proof)
        return await exchange.reply(204)


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
        await room.rotate(dev, webhook_id, jwt, ANN)
        made = await room.rotate(dev, webhook_id, RotationInput(what="signingSecret"), ANN)
        await self.some()
        self.receiver.known = made.signing_secret or ""
        await self.some()


@pytest.mark.slow
async def test_not_one_request_fails_to_verify_in_python(
    house: House, authority: Authority, in_python: Verifier
) -> None:
    await _rotated_under_load(house, authority, in_python)


@pytest.mark.slow
@pytest.mark.peer("node")
async def test_not_one_request_fails_to_verify_in_node(
    house: House, authority: Authority, in_node: Verifier
) -> None:
    await _rotated_under_load(house, authority, in_node)
    with pytest.raises(Unverified, match="No matching signature"):
        await _forged(in_node)


async def _rotated_under_load(house: House, authority: Authority, verifier: Verifier) -> None:
    receiver = Receiver(verifier)
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
    assert len({proof.kid for proof in receiver.proofs}) == 1 + len(ALGORITHMS)
    assert len({proof.jti for proof in receiver.proofs}) == 2 * MESSAGES


async def _settled(house: House) -> bool:
    rows = await house.retour.shelves.deliveries(house.dev.id, limit=1_000)
    return [row.state for row in rows] == [DeliveryState.ACCEPTED] * 2 * MESSAGES


async def _forged(verifier: Verifier) -> None:
    """Signed with another secret: a verifier that takes it proves nothing."""
    headers = signing.webhook_headers(
        [signing.new_signing_secret()], "event-1", ids.now() // limits.SECOND, b"{}"
    )
    await verifier.verify(signing.new_signing_secret(), dict(headers), b"{}")
