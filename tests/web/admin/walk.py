"""Every page of a sandbox, taken from the pages' own table, with things in it to look at."""

from __future__ import annotations

from dataclasses import dataclass

from cast import ACME, ANN, until
from mailreports.mails import dsn
from outside.https import Endpoint
from retour import ids
from retour.catalog.inputs import (
    BodyInput,
    CampaignInput,
    ConfigurationInput,
    ContentInput,
    HeaderInput,
    SmsInput,
)
from retour.catalog.suppression import Given
from retour.model import DeliveryState
from retour.suppression import EntryKind, ListName
from retour.web.admin import IN_A_SANDBOX, sheets
from retour.web.admin.forms.campaigns import TABS
from web.admin.desk import DEV, Desk

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"

NEW = f"{DEV}/channel-configurations/new?channel=sms"
OF_TEXTS = [
    f"{DEV}/channel-configurations?channel=sms",
    NEW,
    f"{NEW}&provider=custom",
    f"{NEW}&provider=smpp",
]


@dataclass
class Furnished:
    """A sandbox with one of everything: the id of each kind of thing by the first word of its path."""

    ids: dict[str, str]

    def path(self, pattern: str) -> str:
        """A page's path with the ids filled in."""
        kind = pattern.split("/")[1]
        return DEV + pattern.replace("{id}", self.ids.get(kind, "none")).replace("{mail}", self.ids["mail"])

    def gets(self) -> list[str]:
        """Every page that can be looked at, each tab by itself."""
        patterns = [page.path for page in IN_A_SANDBOX if page.get]
        texts = f"/channel-configurations/{self.ids['texts']}/edit"
        return [self.path(one) for pattern in (*patterns, texts) for one in _tabs(pattern)] + OF_TEXTS

    def posts(self) -> list[str]:
        """Every form and button."""
        patterns = [page.path for page in IN_A_SANDBOX if page.post]
        return [self.path(one) for pattern in patterns for one in _tabs(pattern)]


def _tabs(pattern: str) -> list[str]:
    return [pattern.replace("{tab}", tab) for tab in TABS] if "{tab}" in pattern else [pattern]


async def furnish(desk: Desk, receiver: Endpoint, words: str = "Order status") -> Furnished:
    """One of everything, with a message that went out and was told. words: stands wherever somebody can write."""
    house = desk.house
    configuration = await house.simulated()
    body = BodyInput(body="<p>{{context.word}} {{profile.person.name}}</p>")
    content = ContentInput(subject=words.replace("{{7*7}}", ""), html=body, text=BodyInput(body="Hi"))
    draft = CampaignInput(name=words[:90], description=words, channel="email", content=content)
    made = await house.retour.campaigns.create(house.dev, draft)
    live = await house.campaign(configuration, name=words[:90])
    headers = [HeaderInput(name="X-Words", value=words), HeaderInput(name="X-Key", value=words, secret=True)]
    webhook = (await house.webhook(receiver.url("/feedback"), name=words[:90], headers=headers)).webhook
    request_id = words[:100]
    async with house.working():
        execution = await house.execute(live, "delivered@example.com", request_id=request_id)
        await until(lambda: _settled(desk, 2))
    delivery = (await house.retour.shelves.deliveries(house.dev.id))[0]
    mail = await _back(desk, delivery.message_id, words)
    credential = await house.retour.credentials.create(ACME, words[:90])
    await house.retour.people.invite(ACME, "dan@new.example", "viewer", ANN)
    (invitation,) = await house.retour.people.invitations(ACME)
    suppression, uploads = house.retour.suppression, house.retour.uploads
    entry = Given(EntryKind.ADDRESS, "vera@luma.example", words[:200])
    (suppressed,) = await suppression.add(house.dev, ListName.SUPPRESSED, [entry])
    (allowed,) = await suppression.add(house.dev, ListName.ALLOWED, [entry])
    number = Given(EntryKind.NUMBER, "+31612345678", words[:200])
    (denied,) = await suppression.add(house.dev, ListName.SUPPRESSED, [number])
    wrong = b"TYPE,VALUE,COMMENT\n" + sheets.lines([[words, words, words]])
    upload = await uploads.start(house.dev, ListName.SUPPRESSED, words, wrong, ANN)
    await until(lambda: _over(desk, upload.id))
    (change, *_) = await house.retour.audit.page(house.dev, noun="campaign")
    return Furnished(
        ids={
            "feedback-webhooks": webhook.id,
            "campaigns": made.id,
            "deliveries": delivery.id,
            "messages": delivery.message_id,
            "executions": execution.id,
            "channel-configurations": configuration,
            "texts": await _texts(desk, words),
            "credentials": credential.credential.client_id,
            "users": house.bob.id,
            "invitations": invitation.id,
            "audit": change.id,
            "suppression-list": suppressed.id,
            "allowed-list": allowed.id,
            "sms-denylist": denied.id,
            "suppression-uploads": upload.id,
            "mail": mail,
        }
    )


async def _texts(desk: Desk, words: str) -> str:
    """A channel configuration of an SMS provider; its id."""
    given = ConfigurationInput(name=words[:90], channel="sms", provider="custom")
    given.sms = SmsInput(sender_number="+15550199")
    given.provider_settings = {
        "providerUrl": "https://127.0.0.1:9443/send",
        "payload": {"to": "{{toNumber}}", "text": "{{message}}", "words": words.replace("{{7*7}}", "")},
        "statuses": {words: "delivered"},
        "clientId": words,
        "authType": "bearer",
        "apiToken": words,
    }
    return (await desk.house.retour.configurations.create(desk.house.dev, given)).id


async def _back(desk: Desk, message: str, words: str) -> str:
    """A notice came back that tells what is known already; its id."""
    retour, sandbox = desk.house.retour, desk.house.dev.id
    took = (
        f"Final-Recipient: rfc822; {words}@example.com\nAction: relayed\nDiagnostic-Code: smtp; 250 {words}"
    )
    path = f"bounce+{retour.reports.marks.of(sandbox, message)}@back.luma.example"
    await retour.reports.mail(path, dsn(took, words=words), ids.now())
    (mail,) = await retour.returned.returned_mails(sandbox, message)
    return mail.id


async def _over(desk: Desk, upload_id: str) -> bool:
    return (await desk.house.retour.uploads.get(desk.house.dev, upload_id)).over


async def _settled(desk: Desk, count: int) -> bool:
    rows = await desk.house.retour.shelves.deliveries(desk.house.dev.id)
    return sum(row.state is DeliveryState.ACCEPTED for row in rows) >= count
