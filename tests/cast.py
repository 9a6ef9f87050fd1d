"""The people and things of the tests.

Acme has the sandboxes prod and dev. Ann owns it, Bob helps her, Vera may only look. Charlie belongs to Other Ltd,
which has a prod of its own: he must see nothing of Acme.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from retour import app, ids, intake
from retour.catalog.credentials import NewCredential
from retour.catalog.inputs import (
    AuthenticationInput,
    BodyInput,
    CampaignInput,
    ConfigurationInput,
    ContentInput,
    EmailInput,
    SmsInput,
    SmtpInput,
    WebhookInput,
)
from retour.catalog.webhooks import Made
from retour.config import Settings
from retour.model import Actor, ActorKind, Campaign, Execution, Role, Sandbox, SandboxType, User
from retour.worker import Worker

SECRET = "a secret of thirty-two characters!"
ACME, OTHER = "acme@Org", "other@Org"
ANN = Actor(kind=ActorKind.PERSON, id="ann", name="ann@acme.example")
BOB = Actor(kind=ActorKind.PERSON, id="bob", name="bob@acme.example")


@dataclass
class House:
    """A running house: Acme and Other Ltd, their people, and the worker while `working`."""

    retour: app.Retour
    prod: Sandbox
    dev: Sandbox
    other: Sandbox
    ann: User
    bob: User
    vera: User
    charlie: User
    acme_credential: NewCredential
    other_credential: NewCredential

    async def simulated(self, channel: str = "email", sandbox: Sandbox | None = None, **sms: Any) -> str:
        """A simulated channel configuration; its id."""
        given = ConfigurationInput(name=f"simulated {channel}", channel=channel, provider="simulated")
        given.email = EmailInput(sender_name="Luma", sender_email="no-reply@luma.example")
        given.sms = SmsInput(sender_number="+15550100", **sms)
        made = await self.retour.configurations.create(sandbox or self.dev, given)
        return made.id

    async def relay(self, port: int, sandbox: Sandbox | None = None, **smtp: Any) -> str:
        """A channel configuration for the SMTP server on this port; its id."""
        period = smtp.pop("retry_period_minutes", 5040)
        given = ConfigurationInput(name=f"relay {port}", channel="email", provider="smtp")
        given.email = EmailInput(
            sender_name="Luma", sender_email="no-reply@luma.example", retry_period_minutes=period
        )
        given.smtp = SmtpInput(host="127.0.0.1", port=port, **smtp)
        made = await self.retour.configurations.create(sandbox or self.dev, given)
        return made.id

    async def campaign(
        self, configuration: str, sandbox: Sandbox | None = None, channel: str = "email", **more: Any
    ) -> Campaign:
        """A live campaign with webhooks enabled."""
        place = sandbox or self.dev
        content = ContentInput(subject="Hello", html=BodyInput(body="<p>Hello</p>"))
        if channel == "sms":
            content = ContentInput(text="Hello")
        given = CampaignInput(
            name="Password reset",
            channel=channel,
            channel_configuration_id=configuration,
            enable_webhooks=True,
            content=content,
        )
        for name, value in more.items():
            setattr(given, name, value)
        made = await self.retour.campaigns.create(place, given)
        return await self.retour.campaigns.publish(place, made.id)

    async def webhook(self, url: str, sandbox: Sandbox | None = None, **more: Any) -> Made:
        """A feedback webhook with JWT and every event."""
        given = WebhookInput(
            name="Order status",
            channels=["email", "sms"],
            url=url,
            authentication=AuthenticationInput(type="jwt", secret=SECRET, claims={"iss": "retour"}),
            events=["sent", "delivered", "bounce", "error", "delay"],
        )
        for name, value in more.items():
            setattr(given, name, value)
        return await self.retour.webhooks.create(sandbox or self.dev, given, ANN)

    async def execute(
        self,
        campaign: Campaign,
        *addresses: str,
        sandbox: Sandbox | None = None,
        request_id: str | None = None,
    ) -> Execution:
        """One call for these addresses."""
        namespace = campaign.identity_namespace
        people = tuple(
            intake.Recipient(kind="external", user_id=address, namespace=namespace) for address in addresses
        )
        request_id = request_id or ids.new_id()
        request = intake.Request(
            request_id=request_id,
            campaign_id=campaign.id,
            recipients=people,
            hash=intake.hash_of("unitary", [campaign.id, *addresses]),
        )
        return await self.retour.intake.accept(sandbox or self.dev, request, "test")

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """The rooms at work."""
        worker = Worker(self.retour)
        task = asyncio.ensure_future(worker.run())
        try:
            yield
        finally:
            await worker.stop()
            await task


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Wait until something is so, or fail."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - asks a database, which rings for nobody
            await asyncio.sleep(0.01)


@asynccontextmanager
async def a_house(folder: Path, ca_file: Path | None = None, **settings: Any) -> AsyncIterator[House]:
    """Acme and Other Ltd on a store of their own; an embedded one is a copy of one that was furnished once."""
    data = folder / "data"
    furnished = None if OWN & settings.keys() else await _furnished()
    if furnished is not None:
        shutil.copytree(furnished.retour.settings.data_dir, data)
    retour = await app.build(Settings(data_dir=data, ca_file=str(ca_file) if ca_file else "", **settings))
    try:
        yield replace(furnished, retour=retour) if furnished else await _furnish(retour)
    finally:
        await retour.close()


OWN = {"database", "secret_key"}  # settings that a copy would not fit
_KEPT: list[House] = []


async def _furnished() -> House:
    """The house that is copied: migrated and furnished, and closed again."""
    if not _KEPT:
        folder = Path(tempfile.mkdtemp(prefix="retour-house-"))
        atexit.register(shutil.rmtree, folder)
        retour = await app.build(Settings(data_dir=folder / "data"))
        _KEPT.append(await _furnish(retour))
        await retour.close()
    return _KEPT[0]


async def _furnish(retour: app.Retour) -> House:
    kinds = (("prod", SandboxType.PRODUCTION), ("dev", SandboxType.DEVELOPMENT))
    prod, dev = await retour.organizations.create(ACME, "Acme", kinds)
    (other,) = await retour.organizations.create(OTHER, "Other Ltd", (("prod", SandboxType.PRODUCTION),))
    add = retour.people.add
    return House(
        retour=retour,
        prod=prod,
        dev=dev,
        other=other,
        ann=await add(ACME, "ann@acme.example", "Ann", Role.ADMINISTRATOR),
        bob=await add(ACME, "bob@acme.example", "Bob", Role.DEVELOPER),
        vera=await add(ACME, "vera@acme.example", "Vera", Role.VIEWER),
        charlie=await add(OTHER, "charlie@other.example", "Charlie", Role.ADMINISTRATOR),
        acme_credential=await retour.credentials.create(ACME, "ann's"),
        other_credential=await retour.credentials.create(OTHER, "charlie's"),
    )
