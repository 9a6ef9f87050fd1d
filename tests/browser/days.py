"""Four days of a small shop's messages, lived through in a minute: what the pictures of the pages show.

Everything goes through the rooms as it does in service; only the clock is set back, and put forward step by step.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cast import SECRET, until
from outside.certificates import Authority
from outside.https import Behaviour, Endpoint, Exchange, serving
from outside.nameserver import naming
from retour import app, ids, intake, limits
from retour.catalog.inputs import (
    AuthenticationInput,
    BodyInput,
    CampaignInput,
    ConfigurationInput,
    ContentInput,
    EmailInput,
    HeaderInput,
    SmsInput,
    WebhookInput,
)
from retour.config import Settings
from retour.model import Actor, ActorKind, Campaign, Role, Sandbox, SandboxType
from retour.outbound.names import DnsResolver
from retour.stores import RoomName
from retour.worker import Worker

ORG, HOST, PORT = "juniper@Org", "hooks.juniper.example", 6443
MARA = Actor(kind=ActorKind.PERSON, id="mara", name="mara@juniper.example")
PEOPLE = (
    "amelia.kern", "noor.haddad", "li.wei", "s.moreau", "tomasz.z", "freja.holm", "kwame.asante", "yuki.tanaka",
    "ines.costa", "d.okafor", "lena.brandt", "r.iyer", "paulo.reis", "hanna.virtanen", "marek.novak", "j.walsh",
)  # fmt: skip
TROUBLED = ("bounce", "bounce+15", "full", "full", "spam", "late-bounce+22", "blocked", "error", "deferred")
NUMBERS = ("+31612345678", "+33612345678", "+15550100", "+15550100", "+15550199", "+15550101", "+15550104")
HOURLY = (
    2,
    1,
    1,
    1,
    1,
    2,
    4,
    7,
    9,
    10,
    10,
    9,
    11,
    10,
    9,
    8,
    8,
    9,
    11,
    12,
    10,
    7,
    5,
    3,
)  # messages, by hour of the day
NEVER = ("never-1", "never-2", "never-3")  # requests that the endpoint refuses, whatever else it takes
HTML = """<div style="font-family: Georgia, serif; max-width: 520px; margin: auto; padding: 24px">
  <h1 style="color: #1f4d3a; font-size: 24px">Thank you, {{profile.person.name.firstName}}</h1>
  <p>Your order <strong>{{context.order.number}}</strong> is with us. We pack it today.</p>
  <table style="width: 100%; border-collapse: collapse">
    {{#each context.order.items as |item|}}<tr>
      <td style="padding: 8px 0; border-top: 1px solid #ddd">{{item.title}}</td>
      <td style="padding: 8px 0; border-top: 1px solid #ddd; text-align: right">{{item.price}}</td>
    </tr>{{/each}}
  </table>
  <p style="color: #666; font-size: 14px">Juniper Books, Harbour Street 4</p>
</div>"""


@dataclass
class Clock:
    """The machine's clock, set back by so many nanoseconds."""

    back: int = 0

    def __call__(self) -> int:
        """Nanoseconds since 1970."""
        return REAL() - self.back


REAL = time.time_ns


@contextmanager
def set_back(hours: float) -> Iterator[Clock]:
    """Until the end of the block, this process lives earlier."""
    clock = Clock(back=round(hours * 3_600e9))
    time.time_ns = clock
    try:
        yield clock
    finally:
        time.time_ns = REAL


@dataclass
class Shop:
    """Juniper Books: its house and what stands in it."""

    retour: app.Retour
    dev: Sandbox
    ids: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def a_shop(folder: Path, listen: str) -> AsyncIterator[Shop]:
    """The shop after its four days, with the worker still at work."""
    authority = Authority()
    settings = Settings(data_dir=folder / "data", ca_file=str(authority.write(folder)), listen=listen)
    limits.SWEEP_SECONDS = 0.05
    with set_back(100) as clock:
        async with (
            naming({HOST: [["127.0.0.1"]]}) as names,
            serving(answering(clock), tls=authority.server(HOST), port=PORT) as endpoint,
        ):
            retour = await app.build(settings)
            retour.outbound._resolver = DnsResolver(servers=(names.address,))
            shop = await furnished(retour, endpoint)
            worker = Worker(retour)
            task = asyncio.ensure_future(worker.run())
            await live(shop, clock)
            yield shop
            await worker.stop()
            await task
            await retour.close()


def answering(clock: Clock) -> Behaviour:
    """Fast as a rule, slow at times, down for half an hour yesterday; some events it never takes."""
    dice = random.Random(4)

    async def answer(exchange: Exchange) -> None:
        request = json.loads(exchange.request.body)
        await asyncio.sleep(dice.choice((0.01, 0.02, 0.02, 0.03, 0.05, 0.2)))
        hours = clock.back / 3_600e9
        text = (("Content-Type", "application/json"),)
        if any(name in json.dumps(request) for name in NEVER):
            body = b'{"error": "unknown tenant", "tenant": "juniper-test"}'
            return await exchange.reply(422, body, text)
        if 18.2 < hours < 18.9 or (hours < 0.06 and dice.random() < 0.3):
            body = b"upstream connect error or disconnect/reset before headers"
            return await exchange.reply(503, body, (("Content-Type", "text/plain"), ("Retry-After", "30")))
        return await exchange.reply(200, b'{"ok": true}', text)

    return answer


async def furnished(retour: app.Retour, endpoint: Endpoint) -> Shop:
    """People, configurations, campaigns, credentials and the webhook."""
    kinds = (("prod", SandboxType.PRODUCTION), ("dev", SandboxType.DEVELOPMENT))
    _, dev = await retour.organizations.create(ORG, "Juniper Books", kinds)
    for email, name, role in (
        ("mara@juniper.example", "Mara Lind", Role.ADMINISTRATOR),
        ("theo@juniper.example", "Theo Brandt", Role.DEVELOPER),
        ("ines@juniper.example", "Ines Costa", Role.VIEWER),
    ):
        await retour.people.add(ORG, email, name, role, MARA)
    shop = Shop(retour=retour, dev=dev)
    for name in ("Shop backend", "Loyalty service"):
        made = await retour.credentials.create(ORG, name, by=MARA)
        shop.ids["credentials"] = made.credential.client_id
    given = WebhookInput(
        name="Order status",
        channels=["email", "sms"],
        url=endpoint.url("/retour/feedback", HOST),
        authentication=AuthenticationInput(
            type="jwt", secret=SECRET, claims={"iss": "juniper-dev", "aud": HOST, "sub": "feedback"}
        ),
        headers=[
            HeaderInput(name="X-Tenant", value="juniper-eu"),
            HeaderInput(name="X-Api-Key", value="k-4f81c2", secret=True),
        ],
        events=["sent", "delivered", "bounce", "error", "delay"],
    )
    shop.ids["feedback-webhooks"] = (await retour.webhooks.create(dev, given, MARA)).webhook.id
    await campaigns(shop)
    return shop


async def campaigns(shop: Shop) -> None:
    """Four that are live and a draft."""
    email, sms = [await configuration(shop, channel) for channel in ("email", "sms")]
    order = ContentInput(
        subject="Your order {{context.order.number}}",
        html=BodyInput(body=HTML),
        text=BodyInput(body="Your order {{context.order.number}} is with us."),
    )
    short = ContentInput(subject="Reset your password", html=BodyInput(body="<p>Use this link.</p>"))
    await campaign(shop, "Order confirmation", email, order)
    await campaign(shop, "Password reset", email, short)
    await campaign(shop, "Shipping update", email, short)
    code = ContentInput(text="{{context.code}} is your code for Juniper Books.")
    await campaign(shop, "One-time passcode", sms, code, "sms")
    await campaign(shop, "Reservation ready", email, short, live=False)


async def configuration(shop: Shop, channel: str) -> str:
    """A simulated one; its id."""
    given = ConfigurationInput(name=f"Juniper {channel}", channel=channel, provider="simulated")
    given.email = EmailInput(sender_name="Juniper Books", sender_email="hello@juniper.example")
    given.sms = SmsInput(sender_number="Juniper")
    made = await shop.retour.configurations.create(shop.dev, given, MARA)
    shop.ids["channel-configurations"] = made.id
    return made.id


async def campaign(
    shop: Shop,
    name: str,
    configuration: str,
    content: ContentInput,
    channel: str = "email",
    live: bool = True,
) -> None:
    """A campaign with webhooks enabled; its id is kept under its name."""
    given = CampaignInput(
        name=name,
        channel=channel,
        channel_configuration_id=configuration,
        enable_webhooks=True,
        content=content,
    )
    made = await shop.retour.campaigns.create(shop.dev, given, MARA)
    shop.ids[name] = made.id
    if live:
        await shop.retour.campaigns.publish(shop.dev, made.id, MARA)


async def live(shop: Shop, clock: Clock) -> None:
    """Through the days: in hours first, then in ten minutes, at last in seconds, to this moment."""
    dice = random.Random(7)
    names = [name for name in shop.ids if name[0].isupper() and name != "Reservation ready"]
    made = [await shop.retour.campaigns.get(shop.dev, shop.ids[name]) for name in names]
    for number, request_id in enumerate(NEVER):
        await execute(shop, made[0], f"{PEOPLE[number]}@mail.example", request_id)
    for left, share in [(100 - step, 1.0) for step in range(75)] + [
        (25 - step / 6, 1 / 6) for step in range(150)
    ]:
        clock.back = round(left * 3_600e9)
        messages = HOURLY[int(clock() / 3_600e9) % 24] * dice.uniform(1.6, 2.6) * share
        for _ in range(round(messages + dice.uniform(-0.4, 0.4))):
            await execute(shop, *somebody(dice, made))
        await quiet(shop)
    for seconds in (210, 160, 122, 95, 71, 52, 40, 28, 17, 9, 4, 0):
        clock.back = seconds * 10**9
        await execute(shop, *somebody(dice, made))
        await quiet(shop)
    clock.back = 0


def somebody(dice: random.Random, made: list[Campaign]) -> tuple[Campaign, str]:
    """A campaign and who gets it: most are reached."""
    chosen = dice.choice((made[0], made[0], *made))
    if chosen.channel == "sms":
        return chosen, dice.choice(NUMBERS)
    local = dice.choice(TROUBLED) if dice.random() < 0.08 else dice.choice(PEOPLE)
    return chosen, f"{local}@mail.example"


async def execute(shop: Shop, campaign: Campaign, address: str, request_id: str = "") -> None:
    """One call for one person."""
    items = [{"title": "The Sea, the Sea", "price": "€ 12.50"}, {"title": "Piranesi", "price": "€ 11.00"}]
    context = {
        "order": {"number": f"JB-{random.randrange(10_000, 99_999)}", "items": items},
        "code": "482 913",
    }
    first = address.partition("@")[0].partition(".")[0].title()
    person = intake.Recipient(
        kind="external",
        user_id=address,
        namespace=campaign.identity_namespace,
        profile={"person": {"name": {"firstName": first}}},
        context=context,
    )
    request = intake.Request(
        request_id=request_id or ids.new_id(), campaign_id=campaign.id, recipients=(person,), hash=b"1"
    )
    await shop.retour.intake.accept(shop.dev, request, "shop")


async def quiet(shop: Shop) -> None:
    """Until nothing is due or in work."""

    async def so() -> bool:
        due = [await shop.retour.store.due_lanes(room, ids.now()) for room in RoomName]
        busy = [room.slots._tasks for room in (shop.retour.sending, shop.retour.dispatch)]
        return not any(due) and not any(busy)

    await until(so, 30)
