"""The audit log: each change has an entry, written with it, that tells no secret; a change that fails has none."""

from __future__ import annotations

import re

import msgspec
import pytest

from cast import ACME, ANN, BOB, OTHER, SECRET, House
from retour import audit, ids, limits
from retour.audit import Deed, Entry, Noun, Place, Subject
from retour.catalog.inputs import (
    AuthenticationInput,
    CampaignInput,
    ConfigurationInput,
    EmailInput,
    HeaderInput,
    RotationInput,
    SmtpInput,
    WebhookInput,
)
from retour.errors import Conflict, Invalid
from retour.model import Actor, Role
from retour.stores.handovers import Step
from retour.stores.sql import statements

URL = "https://127.0.0.1:8443/feedback"


async def entries(house: House, actor: Actor = ANN) -> list[Entry]:
    """What somebody changed in dev and in Acme, the oldest first."""
    found = await house.retour.audit.page(house.dev, actor=actor.name, limit=99)
    return list(reversed(found))


async def deeds(house: House, actor: Actor = ANN) -> list[tuple[str, str, str]]:
    return [(entry.noun.value, entry.deed.value, entry.subject) for entry in await entries(house, actor)]


def webhook(**more: object) -> WebhookInput:
    """With a JWT and a secret header."""
    given = WebhookInput(
        name="Order status",
        channels=["email"],
        url=URL,
        authentication=AuthenticationInput(type="jwt", secret=SECRET, claims={"iss": "retour"}),
        headers=[
            HeaderInput(name="X-Key", value="hush", secret=True),
            HeaderInput(name="X-Tenant", value="luma"),
        ],
    )
    for name, value in more.items():
        setattr(given, name, value)
    return given


def kept(**more: object) -> WebhookInput:
    """The same, with the secrets that are stored."""
    jwt = AuthenticationInput(type="jwt", claims={"iss": "retour"})
    headers = [HeaderInput(name="X-Key", secret=True), HeaderInput(name="X-Tenant", value="luma")]
    return webhook(authentication=jwt, headers=headers, **more)


async def test_every_change_of_the_webhook_is_told(house: House) -> None:
    webhooks, dev = house.retour.webhooks, house.dev
    made = (await webhooks.create(dev, webhook(), ANN)).webhook
    await webhooks.update(dev, made.id, 1, kept(name="Orders"), BOB)
    await house.retour.rotations.rotate(dev, made.id, RotationInput(what="signingSecret"), ANN)
    await webhooks.pause(dev, made.id, ANN)
    await webhooks.pause(dev, made.id, ANN)
    await webhooks.resume(dev, made.id, ANN)
    await webhooks.resume(dev, made.id, ANN)
    await webhooks.delete(dev, made.id, ANN)
    assert await deeds(house) == [
        ("webhook", "created", "Order status"),
        ("webhook", "rotated", "Orders"),
        ("webhook", "paused", "Orders"),
        ("webhook", "resumed", "Orders"),
        ("webhook", "deleted", "Orders"),
    ]
    (edit,) = await entries(house, BOB)
    assert (edit.before, edit.after) == ({"name": "Order status"}, {"name": "Orders"})
    assert (edit.sandbox, edit.subject_id, edit.actor) == (dev.id, made.id, BOB)


async def test_no_secret_is_in_the_log(house: House) -> None:
    webhooks, dev = house.retour.webhooks, house.dev
    made = await webhooks.create(dev, webhook(), ANN)
    key = AuthenticationInput(
        type="jwt", secret="another secret of 32 characters!!", claims={"iss": "retour"}
    )
    other = [
        HeaderInput(name="X-Key", value="another", secret=True),
        HeaderInput(name="X-Tenant", value="luma"),
    ]
    await webhooks.update(dev, made.webhook.id, 1, webhook(authentication=key, headers=other), ANN)
    await house.retour.credentials.create(ACME, "orders", ["read"], ANN)
    created, changed, credential = await entries(house)
    assert created.after["headers.X-Key.sealed"] == created.after["authentication.secret"] == "changed"
    assert created.after["headers.X-Tenant.value"] == "luma"
    assert (created.after["authentication.claims.iss"], created.before) == ("retour", {})
    secrets = {"authentication.secret", "headers.X-Key.sealed"}
    assert set(changed.before) == set(changed.after) == secrets
    assert set(changed.after.values()) == {"changed"}
    assert credential.after == {"name": "orders", "scopes": "read"}
    rows = await house.retour.store.read(
        "audit_of", sandbox=dev.id, org=ACME, noun="", actor="", before="~", limit=99
    )
    stored = str(rows)
    for secret in (SECRET, "hush", "another", made.signing_secret or "?", "v1."):
        assert secret not in stored


async def test_every_change_of_campaigns_and_configurations_is_told(house: House) -> None:
    campaigns, dev = house.retour.campaigns, house.dev
    given = ConfigurationInput(name="mail", channel="email", provider="smtp")
    given.email = EmailInput(sender_name="Luma", sender_email="no-reply@luma.example")
    given.smtp = SmtpInput(host="127.0.0.1", port=25, username="luma", password="hush")
    configuration = await house.retour.configurations.create(dev, given, ANN)
    given.smtp = SmtpInput(
        host="127.0.0.1", port=25, username="luma", password="hush hush", max_connections=4
    )
    await house.retour.configurations.update(dev, configuration.id, 1, given, ANN)
    live = await house.campaign(configuration.id)
    draft = CampaignInput(name="Renamed", channel="email", channel_configuration_id=configuration.id)
    await campaigns.update(dev, live.id, live.version, draft, ANN)
    await campaigns.stop(dev, live.id, ANN)
    await campaigns.duplicate(dev, live.id, ANN)
    assert await deeds(house) == [
        ("configuration", "created", "mail"),
        ("configuration", "changed", "mail"),
        ("campaign", "changed", "Renamed"),
        ("campaign", "stopped", "Renamed"),
        ("campaign", "duplicated", "Renamed (copy)"),
    ]
    edit = (await entries(house))[1]
    assert edit.before == {"smtp.password": "changed", "smtp.max_connections": "8"}
    assert edit.after == {"smtp.password": "changed", "smtp.max_connections": "4"}
    edit = (await entries(house))[2]
    assert (edit.before["name"], edit.after["name"]) == ("Password reset", "Renamed")
    assert edit.before["email.html"] == "<p>Hello</p>"
    assert "email.html" not in edit.after
    assert (edit.before["enable_webhooks"], edit.after["enable_webhooks"]) == ("on", "off")


async def test_every_change_of_people_credentials_and_sandboxes_is_told_to_the_whole_organization(
    house: House,
) -> None:
    people, credentials = house.retour.people, house.retour.credentials
    await people.invite(ACME, "dan@new.example", "viewer", ANN)
    (invitation,) = await people.invitations(ACME)
    await people.withdraw(ACME, invitation.id, ANN)
    await people.change_role(ACME, house.bob.id, "viewer", ANN)
    await people.disable(ACME, house.bob.id, True, ANN)
    await people.disable(ACME, house.bob.id, False, ANN)
    await people.remove(ACME, house.bob.id, ANN)
    made = await credentials.create(ACME, "orders", ["read"], ANN)
    await credentials.rotate(ACME, made.credential.client_id, 24, ANN)
    await credentials.revoke(ACME, made.credential.client_id, ANN)
    await house.retour.organizations.add_sandbox(ACME, "stage", "development", ANN)
    await people.sign_in_link("ann@acme.example", ANN)
    assert await deeds(house) == [
        ("user", "invited", "dan@new.example"),
        ("user", "withdrawn", "dan@new.example"),
        ("user", "role changed", "bob@acme.example"),
        ("user", "disabled", "bob@acme.example"),
        ("user", "enabled", "bob@acme.example"),
        ("user", "removed", "bob@acme.example"),
        ("credential", "created", "orders"),
        ("credential", "rotated", "orders"),
        ("credential", "revoked", "orders"),
        ("sandbox", "created", "stage"),
        ("user", "link made", "ann@acme.example"),
    ]
    assert {entry.sandbox for entry in await entries(house)} == {""}
    role = (await entries(house))[2]
    assert (role.before, role.after) == ({"role": "developer"}, {"role": "viewer"})
    seen = await house.retour.audit.page(house.prod, actor=ANN.name, limit=99)
    assert len(seen) == 11
    assert await house.retour.audit.page(house.other, actor=ANN.name) == []


async def test_a_person_s_own_name_and_password_are_in_the_log_and_no_password(house: House) -> None:
    people = house.retour.people
    await people.rename(house.ann, "Ann")
    await people.rename(house.ann, "Ann Two")
    await people.set_password(house.ann, "Ann Two", "four words of nothing")
    renamed, changed = await entries(house)
    assert (renamed.deed, renamed.before, renamed.after) == (
        Deed.CHANGED,
        {"name": "Ann"},
        {"name": "Ann Two"},
    )
    assert (changed.subject, changed.after) == ("ann@acme.example", {"password": audit.SECRET})


async def test_of_an_erased_person_the_log_knows_how_much_and_not_who(house: House) -> None:
    live = await house.campaign(await house.simulated())
    await house.execute(live, "jane@example.com")
    await house.retour.erasure.erase(house.dev, "email", "jane@example.com", ANN)
    await house.retour.erasure.erase(house.dev, "email", "jane@example.com", ANN)
    (entry,) = await entries(house)
    assert (entry.noun, entry.deed, entry.after["messages"]) == (Noun.PERSON, Deed.ERASED, "1")
    assert "jane" not in str(entry)


async def test_what_is_refused_is_not_in_the_log(house: House) -> None:
    webhooks, dev = house.retour.webhooks, house.dev
    await webhooks.create(dev, webhook(), BOB)
    with pytest.raises(Conflict):
        await webhooks.create(dev, webhook(), ANN)
    with pytest.raises(Conflict):
        await house.retour.people.remove(ACME, house.ann.id, ANN)
    with pytest.raises(Conflict):
        await house.retour.organizations.add_sandbox(ACME, "dev", "development", ANN)
    with pytest.raises(Invalid):
        await house.retour.campaigns.create(dev, CampaignInput(name="", channel="email"), ANN)
    assert await entries(house) == []


async def test_the_command_line_is_somebody_too_and_pages_go_on_where_they_ended(house: House) -> None:
    for number in range(5):
        await house.retour.people.add(ACME, f"p{number}@acme.example", "P", Role.VIEWER)
    seen: list[str] = []
    before = ""
    while page := await house.retour.audit.page(house.dev, actor="cli", before=before, limit=4):
        seen += [entry.id for entry in page]
        before = page[-1].id
    assert seen == sorted(set(seen), reverse=True)
    everything = await house.retour.audit.page(house.dev, limit=99)
    assert seen == [entry.id for entry in everything if entry.actor.name == "cli"]


async def test_one_entry_is_read_from_its_own_organization_only(house: House) -> None:
    await house.retour.campaigns.create(house.dev, CampaignInput(name="Draft", channel="email"), ANN)
    (entry,) = await entries(house)
    assert await house.retour.audit.get(house.dev, entry.id) == entry
    assert await house.retour.audit.get(house.prod, entry.id) is None
    assert await house.retour.audit.get(house.other, entry.id) is None
    (invited,) = await house.retour.audit.page(house.dev, noun="organization")
    assert await house.retour.audit.get(house.prod, invited.id) == invited
    assert await house.retour.audit.get(house.other, invited.id) is None


async def test_entries_are_kept_for_400_days(house: House) -> None:
    await house.retour.campaigns.create(house.dev, CampaignInput(name="Draft", channel="email"), ANN)
    await house.retour.upkeep.run(ids.now() + 399 * limits.DAY)
    assert len(await entries(house)) == 1
    await house.retour.upkeep.run(ids.now() + 401 * limits.DAY)
    assert await entries(house) == []
    assert await house.retour.audit.page(house.other) == []
    assert OTHER != ACME


def test_the_log_is_only_ever_added_to_and_outlived() -> None:
    about = {name: text for name, text in statements().items() if re.search(r"\baudit\b", text)}
    assert {name for name, text in about.items() if text.startswith("SELECT")} == {"audit_of", "audit_get"}
    assert set(about) == {"audit_insert", "audit_of", "audit_get", "audit_expire"}


def told(before: object, after: object) -> tuple[dict[str, str], dict[str, str]]:
    """What an entry says of a change."""
    step: Step = audit.entry(ANN, Place(ACME), Deed.CHANGED, Subject(Noun.CAMPAIGN, "1", "x"), before, after)

    doc = msgspec.json.decode(step.values["doc"])
    return doc["before"], doc["after"]


def test_values_are_told_as_text_and_long_ones_by_their_beginning() -> None:
    most = limits.AUDIT_VALUE_CHARACTERS
    long = "x" * (most + 1)
    assert told(None, {"html": long})[1] == {"html": "x" * most + f"… ({most + 1:,} characters)"}
    assert told(None, {"html": "x" * most})[1] == {"html": "x" * most}
    assert told({"a": [1, 2], "b": 1}, {"a": [1, 3], "b": 1}) == ({"a": "1, 2"}, {"a": "1, 3"})
    assert told(None, {"end_at": 1_000_000, "count": 1})[1] == {
        "end_at": "1970-01-01T00:00:01.000Z",
        "count": "1",
    }
    assert told({"version": 1, "x": None}, {"version": 2, "x": None}) == ({}, {})
