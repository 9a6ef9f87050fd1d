"""Shelves: rows of the store as nouns, the same for every store.

What never changes (a published version, a sandbox) is kept in memory; what does is kept by its version and read
again when a claim names a newer one. One file: what can be read is looked up in one place.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import Any

import msgspec

from retour import limits
from retour.kept import Kept
from retour.model import (
    Attempt,
    Campaign,
    CampaignStatus,
    CampaignVersion,
    ChannelConfiguration,
    ChannelKind,
    Credential,
    DeliveryState,
    Event,
    Execution,
    FeedbackStatus,
    Health,
    Organization,
    RecipientStatus,
    Role,
    Sandbox,
    SandboxType,
    User,
    Value,
    Webhook,
)
from retour.stores import Row, Store
from retour.stores.tallies import Tally, TallyKind


class DeliveryRow(Value):
    """A delivery as lists show it. `leased`: a try is under way."""

    id: str
    event_id: str
    message_id: str
    request_id: str
    feedback_status: FeedbackStatus
    sequence: int
    replay: str
    webhook_id: str | None
    format: str
    state: DeliveryState
    attempts: int
    due_at: int
    created_at: int
    settled_at: int | None
    leased: bool
    last_code: int | None
    last_trouble: str | None


class MessageRow(Value):
    """A message as lists show it."""

    id: str
    execution_id: str
    request_id: str
    campaign_id: str
    channel: ChannelKind
    namespace: str
    user_id: str
    address: str
    created_at: int
    status: RecipientStatus
    attempts: int


class Member(Value):
    """A person of an organization. shut_out: of this one. closed: the account, everywhere, by the operator."""

    id: str
    email: str
    name: str
    role: Role
    shut_out: bool
    closed: bool
    signed_in_at: int | None

    @property
    def disabled(self) -> bool:
        """Whether the person may not come in."""
        return self.shut_out or self.closed


class Membership(Value):
    """An organization of a person."""

    org: str
    role: Role
    org_name: str


class Removed(IntEnum):
    """Why the body of an event is not there, as the store has it; NO: it is there."""

    NO = 0
    BY_AGE = 1
    WITH_PERSON = 2


class Shelves:
    """Reads, grouped by noun."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._versions: Kept[CampaignVersion] = Kept()
        self._sandboxes: Kept[Sandbox] = Kept()
        self._configurations: Kept[ChannelConfiguration] = Kept()
        self._webhooks: Kept[Webhook] = Kept()

    async def _one(self, statement: str, **values: Any) -> Row | None:
        rows = await self._store.read(statement, **values)
        return rows[0] if rows else None

    # --- organizations and people ---

    async def organization(self, org: str) -> Organization | None:
        """By its id."""
        row = await self._one("organization_get", id=org)
        return Organization(id=row[0], name=row[1], created_at=row[2]) if row else None

    async def organizations(self) -> list[Organization]:
        """All of them, for the operator's command line."""
        rows = await self._store.read("organizations_all")
        return [Organization(id=row[0], name=row[1], created_at=row[2]) for row in rows]

    async def sandbox(self, org: str, name: str) -> Sandbox | None:
        """By organization and name."""
        key = (org, name)
        kept = self._sandboxes.get(key)
        if kept is not None:
            return kept
        row = await self._one("sandbox_get", org=org, name=name)
        return self._sandboxes.keep(key, _sandbox(row)) if row else None

    async def sandbox_by_id(self, sandbox: str) -> Sandbox:
        """One that is known to be there (a row names it)."""
        kept = self._sandboxes.get(sandbox)
        if kept is not None:
            return kept
        row = await self._one("sandbox_by_id", id=sandbox)
        if row is None:
            raise LookupError(f"sandbox {sandbox} is not in the store")
        return self._sandboxes.keep(sandbox, _sandbox(row))

    async def sandboxes(self, org: str) -> list[Sandbox]:
        """Of an organization, by name."""
        return [_sandbox(row) for row in await self._store.read("sandboxes_of", org=org)]

    async def credential(self, client_id: str) -> Credential | None:
        """By its client id."""
        row = await self._one("credential_get", client_id=client_id)
        return _credential(row) if row else None

    async def credentials(self, org: str) -> list[Credential]:
        """Of an organization, the oldest first."""
        return [_credential(row) for row in await self._store.read("credentials_of", org=org)]

    async def user(self, user_id: str) -> User | None:
        """By id."""
        row = await self._one("person_get", id=user_id)
        return _user(row) if row else None

    async def user_by_email(self, email: str) -> User | None:
        """By e-mail address, which is kept in lower case."""
        row = await self._one("person_by_email", email=email)
        return _user(row) if row else None

    async def members(self, org: str) -> list[Member]:
        """Of an organization, by address."""
        rows = await self._store.read("members_of", org=org)
        return [_member(row) for row in rows]

    async def memberships(self, user_id: str) -> list[Membership]:
        """Where a person belongs, and as what."""
        rows = await self._store.read("memberships_of", person_id=user_id)
        return [Membership(org=row[0], role=Role(row[1]), org_name=row[2]) for row in rows]

    # --- configurations and campaigns ---

    async def configuration(
        self, sandbox: str, configuration_id: str, version: int | None = None
    ) -> ChannelConfiguration | None:
        """A channel configuration, at least as new as `version`; the kept one will do when none is named."""
        key = (sandbox, configuration_id)
        kept = self._configurations.get(key)
        if kept is not None and (version is None or kept.version == version):
            return kept
        row = await self._one("configuration_get", sandbox=sandbox, id=configuration_id)
        return self._configurations.keep(key, _configuration(row)) if row else None

    async def fresh_configuration(self, sandbox: str, configuration_id: str) -> ChannelConfiguration | None:
        """A channel configuration with its health as it is now."""
        row = await self._one("configuration_get", sandbox=sandbox, id=configuration_id)
        return self._configurations.keep((sandbox, configuration_id), _configuration(row)) if row else None

    async def configurations(self, sandbox: str) -> list[ChannelConfiguration]:
        """Of a sandbox, by name."""
        return [_configuration(row) for row in await self._store.read("configurations_of", sandbox=sandbox)]

    async def campaign(self, sandbox: str, campaign_id: str) -> Campaign | None:
        """A campaign as it now is."""
        row = await self._one("campaign_get", sandbox=sandbox, id=campaign_id)
        return _campaign(row) if row else None

    async def campaigns(self, sandbox: str, limit: int = 1000) -> list[Campaign]:
        """Of a sandbox, the last changed first."""
        return [
            _campaign(row) for row in await self._store.read("campaigns_of", sandbox=sandbox, limit=limit)
        ]

    async def version(self, sandbox: str, version_id: str) -> CampaignVersion:
        """A published version, known to be there."""
        key = (sandbox, version_id)
        kept = self._versions.get(key)
        if kept is not None:
            return kept
        row = await self._one("version_get", sandbox=sandbox, id=version_id)
        if row is None:
            raise LookupError(f"campaign version {version_id} is not in the store")
        return self._versions.keep(key, msgspec.json.decode(row[0], type=CampaignVersion))

    # --- the webhook ---

    async def webhook(self, sandbox: str, claimed: tuple[str, int] | None = None) -> Webhook | None:
        """The sandbox's feedback webhook; from memory only when a claim named its id and version."""
        kept = self._webhooks.get(sandbox)
        if kept is not None and (kept.id, kept.version) == claimed:
            return kept
        row = await self._one("webhook_of", sandbox=sandbox)
        if row is None:
            self._webhooks.drop(sandbox)
            return None
        return self._webhooks.keep(sandbox, _webhook(row))

    # --- what happened ---

    async def first_answer(self, sandbox: str, request_id: str) -> tuple[bytes, Execution] | None:
        """The request's hash and the execution that a request id led to."""
        row = await self._one("request_key_get", sandbox=sandbox, request_id=request_id)
        if row is None:
            return None
        execution = await self.execution(sandbox, row[1])
        return (bytes(row[0]), execution) if execution else None

    async def execution(self, sandbox: str, execution_id: str) -> Execution | None:
        """By id."""
        row = await self._one("execution_get", sandbox=sandbox, id=execution_id)
        if row is None:
            return None
        return Execution(
            sandbox=sandbox,
            id=row[0],
            request_id=row[1],
            campaign_id=row[2],
            campaign_version_id=row[3],
            created_at=row[4],
            created_by=row[5],
        )

    async def recipients(self, sandbox: str, execution_id: str) -> list[tuple[str, str, RecipientStatus]]:
        """(message id, user id, status) of each recipient, as in the request."""
        rows = await self._store.read("messages_of_execution", sandbox=sandbox, execution_id=execution_id)
        return [(row[0], row[1], RecipientStatus(row[2])) for row in rows]

    async def message(self, sandbox: str, message_id: str) -> MessageRow | None:
        """A message without its content."""
        row = await self._one("message_get", sandbox=sandbox, id=message_id)
        if row is None:
            return None
        values = dict(zip(MessageRow.__struct_fields__, row, strict=True))
        return msgspec.convert(values, MessageRow)

    async def events(self, sandbox: str, message_id: str) -> list[Event]:
        """Of a message, in order."""
        rows = await self._store.read("events_of_message", sandbox=sandbox, message_id=message_id)
        return [event_of(sandbox, row) for row in rows]

    async def delivery(self, sandbox: str, delivery_id: str) -> DeliveryRow | None:
        """By id."""
        row = await self._one("delivery_get", sandbox=sandbox, id=delivery_id)
        return _delivery(row) if row else None

    async def deliveries(
        self, sandbox: str, *, before: str = "~", state: str = "", tried: int = -1, limit: int = 50
    ) -> list[DeliveryRow]:
        """A page, newest first, older than the id `before`. tried: 1 of which a try failed, 0 the others, -1 all."""
        values = {"before": before, "state": state, "tried": tried, "limit": limit}
        rows = await self._store.read("deliveries_page", sandbox=sandbox, **values)
        return [_delivery(row) for row in rows]

    async def waiting(self, sandbox: str) -> int:
        """How many deliveries are due or parked."""
        row = await self._one("deliveries_waiting", sandbox=sandbox)
        return int(row[0]) if row else 0

    async def attempts(self, sandbox: str, delivery_id: str) -> list[Attempt]:
        """Of a delivery, the first one first."""
        rows = await self._store.read("attempts_of", sandbox=sandbox, delivery_id=delivery_id)
        return [msgspec.json.decode(row[0], type=Attempt) for row in rows]

    async def body(self, sandbox: str, message_id: str, sequence: int) -> bytes:
        """The frozen body of an event."""
        row = await self._one("event_body", sandbox=sandbox, message_id=message_id, sequence=sequence)
        return bytes(row[0]) if row else b""

    async def removed(self, sandbox: str, message_id: str, sequence: int) -> Removed:
        """Why the body of an event is not there."""
        row = await self._one("event_removed", sandbox=sandbox, message_id=message_id, sequence=sequence)
        return Removed(row[0]) if row else Removed.BY_AGE

    async def tallies(
        self, sandbox: str, since: int, until: int, step: int, kinds: Iterable[TallyKind]
    ) -> list[Tally]:
        """What was counted from `since` to before `until`, in steps of so many microseconds from `since` on, by time.

        Times are multiples of a minute; what is older than TALLY_MINUTES_AGE stands in the first minute of its hour.
        At most TALLY_ROWS of them, the oldest.
        """
        named = f",{','.join(kinds)},"
        values = {"since": since, "until": until, "step": step, "kinds": named, "limit": limits.TALLY_ROWS}
        rows = await self._store.read("tallies_of", sandbox=sandbox, **values)
        return [Tally(row[0], TallyKind(row[1]), row[2], row[3]) for row in rows]

    async def setting(self, name: str) -> str | None:
        """A value of the store itself."""
        row = await self._one("setting_get", name=name)
        return row[0] if row else None


def _sandbox(row: Row) -> Sandbox:
    return Sandbox(id=row[0], org=row[1], name=row[2], type=SandboxType(row[3]), created_at=row[4])


def _credential(row: Row) -> Credential:
    values = dict(zip(Credential.__struct_fields__, row, strict=True))
    return msgspec.convert(values | {"scopes": values["scopes"].split()}, Credential)


def _member(row: Row) -> Member:
    values = dict(zip(Member.__struct_fields__, row, strict=True))
    flags = {name: bool(values[name]) for name in ("shut_out", "closed")}
    return msgspec.convert(values | flags, Member)


def _user(row: Row) -> User:
    return User(
        id=row[0], email=row[1], name=row[2], password_hash=row[3], created_at=row[4], disabled=bool(row[5])
    )


def _health(columns: Row) -> Health:
    failures, failing_since, open_until, trouble = columns
    return Health(failures=failures, failing_since=failing_since, open_until=open_until, trouble=trouble)


def event_of(sandbox: str, row: Row) -> Event:
    """An event from id, message_id, sequence, fact, status, channel, at and body."""
    return Event(
        sandbox=sandbox,
        id=row[0],
        message_id=row[1],
        sequence=row[2],
        fact=row[3],
        status=FeedbackStatus(row[4]),
        channel=ChannelKind(row[5]),
        at=row[6],
        body=bytes(row[7]),
    )


def _configuration(row: Row) -> ChannelConfiguration:
    doc = msgspec.json.decode(row[0], type=ChannelConfiguration)
    return msgspec.structs.replace(
        doc, version=row[1], created_at=row[2], modified_at=row[3], health=_health(row[4:8])
    )


def _campaign(row: Row) -> Campaign:
    doc = msgspec.json.decode(row[0], type=Campaign)
    return msgspec.structs.replace(
        doc,
        status=CampaignStatus(row[1]),
        version=row[2],
        live_version_id=row[3],
        created_at=row[4],
        modified_at=row[5],
    )


def _webhook(row: Row) -> Webhook:
    doc = msgspec.json.decode(row[0], type=Webhook)
    return msgspec.structs.replace(
        doc,
        version=row[1],
        created_at=row[2],
        created_by=row[3],
        modified_at=row[4],
        modified_by=row[5],
        paused_at=row[6],
        paused_by=row[7],
        last_accepted_at=row[8],
        health=_health(row[9:13]),
    )


def _delivery(row: Row) -> DeliveryRow:
    values = dict(zip(DeliveryRow.__struct_fields__, row, strict=True))
    values["leased"] = bool(values["leased"])
    return msgspec.convert(values, DeliveryRow)
