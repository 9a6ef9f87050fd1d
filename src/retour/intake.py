"""Room 1: an API call becomes an execution and its messages, or a refusal that says what to do.

Nothing is rendered here; what is checked is that the campaign runs, that each recipient can be reached and that the
variables which the templates need are there.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from retour import checks, ids, limits, rendering
from retour.bells import Bell
from retour.errors import Code, Conflict, Field, Invalid, NotFound
from retour.kept import Kept
from retour.model import (
    Campaign,
    CampaignStatus,
    CampaignVersion,
    ChannelKind,
    Execution,
    Lane,
    Message,
    RecipientStatus,
    Sandbox,
    Value,
)
from retour.rendering.published import Templates
from retour.sealing import Keys
from retour.stores import RoomName, Store
from retour.stores.handovers import Accepted, Answer, Clash, Known, Stale
from retour.stores.shelves import Shelves

OWN_NAMESPACES = {ChannelKind.EMAIL: ("email",), ChannelKind.SMS: ("phone",)}


class Recipient(Value):
    """One recipient of a request, in our words. kind: `aep` (somebody with a profile) or `external`."""

    kind: str
    user_id: str
    namespace: str
    email_address: str | None = None
    phone_number: str | None = None
    profile: dict[str, Any] = msgspec.field(default_factory=dict)
    context: dict[str, Any] = msgspec.field(default_factory=dict)


class Request(Value):
    """A decoded execution request; `hash` tells a repeat from another request with the same id."""

    request_id: str
    campaign_id: str
    recipients: tuple[Recipient, ...]
    hash: bytes


class Running(Value):
    """A live campaign as intake needs it."""

    version: CampaignVersion
    required: tuple[str, ...]


class Intake:
    """Accepts executions."""

    def __init__(self, store: Store, shelves: Shelves, bell: Bell, keys: Keys) -> None:
        self._store = store
        self._shelves = shelves
        self._bell = bell
        self._keys = keys
        self._templates = Templates()
        self._running: Kept[Running] = Kept()

    async def accept(self, sandbox: Sandbox, request: Request, by: str) -> Execution:
        """The execution, committed; the first answer for a known request id.

        Raises NotFound, Invalid (400), Conflict (409), Busy (503).
        """
        kept = self._running.get((sandbox.id, request.campaign_id))
        try:
            execution = await self._take(sandbox, request, by)
        except (Invalid, NotFound):
            execution = await self._first(sandbox, request)
            if execution is None and (kept is None or await self._is_live(kept.version)):
                raise
        if execution is not None:
            return execution
        self._running.drop((sandbox.id, request.campaign_id))
        return await self.accept(sandbox, request, by)

    async def _take(self, sandbox: Sandbox, request: Request, by: str) -> Execution | None:
        """Decide and hand over; None when the campaign was stopped or published again since it was read."""
        now = ids.now()
        running = await self._find(sandbox, request)
        _check_dates(running.version, now, request)
        _check_recipients(running, request)
        execution = _execution(sandbox, request, running.version, by, now)
        answer = await self._write(execution, request, running.version)
        if isinstance(answer, Stale):
            return None
        return self._answered(execution, request, running.version, answer)

    async def _find(self, sandbox: Sandbox, request: Request) -> Running:
        """The live campaign, from memory if it was read before."""
        key = (sandbox.id, request.campaign_id)
        kept = self._running.get(key)
        if kept is not None:
            return kept
        campaign = await self._shelves.campaign(sandbox.id, request.campaign_id)
        if campaign is None or not campaign.live_version_id or campaign.status is not CampaignStatus.LIVE:
            raise _not_live(campaign, request)
        version = await self._shelves.version(sandbox.id, campaign.live_version_id)
        running = Running(version=version, required=self._templates.of(version).required)
        return self._running.keep(key, running)

    async def _first(self, sandbox: Sandbox, request: Request) -> Execution | None:
        """The first answer, which is given whatever became of the campaign since. Raises Conflict."""
        found = await self._shelves.first_answer(sandbox.id, request.request_id)
        if found is None:
            return None
        if found[0] != request.hash:
            raise _reused(request)
        return found[1]

    async def _is_live(self, version: CampaignVersion) -> bool:
        """Whether a version from memory, which refused a request, is still the one to ask."""
        campaign = await self._shelves.campaign(version.sandbox, version.campaign_id)
        if campaign is None or campaign.status is not CampaignStatus.LIVE:
            return False
        return campaign.live_version_id == version.id

    async def _write(self, execution: Execution, request: Request, version: CampaignVersion) -> Answer:
        messages = tuple(
            self._message(execution, version, person, execution.created_at) for person in request.recipients
        )
        return await self._store.write(Accepted(execution=execution, messages=messages, hash=request.hash))

    def _message(
        self, execution: Execution, version: CampaignVersion, person: Recipient, now: int
    ) -> Message:
        row = ids.new_id()
        content = msgspec.json.encode({"profile": person.profile, "context": person.context})
        return Message(
            sandbox=execution.sandbox,
            id=row,
            execution_id=execution.id,
            request_id=execution.request_id,
            campaign_id=execution.campaign_id,
            version_id=version.id,
            configuration_id=version.configuration_id,
            channel=version.channel,
            namespace=person.namespace,
            user_id=person.user_id,
            address=address_of(person, version.channel) or "",
            created_at=now,
            expires_at=now + round(version.retry_period_minutes * limits.MINUTE),
            content=self._keys.seal_bytes(content, sandbox=execution.sandbox, row=row, column="content"),
            status=RecipientStatus.QUEUED,
            due_at=now,
        )

    def _answered(
        self, execution: Execution, request: Request, version: CampaignVersion, answer: Answer
    ) -> Execution:
        if isinstance(answer, Clash):
            raise _reused(request)
        if isinstance(answer, Known):
            return answer.execution
        self._bell.ring(RoomName.SENDING, Lane(execution.sandbox, version.configuration_id))
        return execution


# --- decisions ---


def hash_of(endpoint: str, request: Any) -> bytes:
    """Of the endpoint and the decoded request, encoded again with sorted keys: spelling does not matter."""
    return hashlib.sha256(endpoint.encode() + b"\n" + msgspec.json.encode(request, order="sorted")).digest()


def _execution(sandbox: Sandbox, request: Request, version: CampaignVersion, by: str, now: int) -> Execution:
    return Execution(
        sandbox=sandbox.id,
        id=ids.new_execution_id(),
        request_id=request.request_id,
        campaign_id=request.campaign_id,
        campaign_version_id=version.id,
        created_at=now,
        created_by=by,
    )


def address_of(person: Recipient, channel: ChannelKind) -> str | None:
    """Where to: channelData, else the profile's field that AJO takes by default, else a userId of that kind."""
    if channel is ChannelKind.EMAIL:
        own = person.user_id if person.namespace.lower() in OWN_NAMESPACES[channel] else None
        found = person.email_address or _text_at(person.profile, "personalEmail", "address") or own
        return found if found and checks.email_address(found) else None
    own = person.user_id if person.namespace.lower() in OWN_NAMESPACES[channel] else None
    found = person.phone_number or _text_at(person.profile, "mobilePhone", "number") or own
    return checks.phone_number(found) if found else None


def _text_at(data: dict[str, Any], outer: str, inner: str) -> str | None:
    holder = data.get(outer)
    found = holder.get(inner) if isinstance(holder, dict) else None
    return found if isinstance(found, str) else None


def _reused(request: Request) -> Conflict:
    title = (
        "This requestId was used for another request. Use a new one, or repeat the first request as it was."
    )
    return Conflict(Code.REQUEST_ID_REUSED, title, (Field("requestId", title),), _context(request))


def _not_live(campaign: Campaign | None, request: Request) -> Invalid | NotFound:
    if campaign is None:
        title = "There is no campaign with this id in this sandbox."
        field = Field("campaignId", title)
        return NotFound(Code.NOT_FOUND, title, (field,), _context(request))
    title = f"The campaign is not live: it is {campaign.status}. Activate it, or call a live one."
    return Invalid(Code.CAMPAIGN_NOT_LIVE, title, (Field("campaignId", title),), _context(request))


def _check_dates(version: CampaignVersion, now: int, request: Request) -> None:
    if version.start_at is not None and now < version.start_at:
        title = f"The campaign starts at {ids.iso(version.start_at)}."
    elif version.end_at is not None and now >= version.end_at:
        title = f"The campaign ended at {ids.iso(version.end_at)}."
    else:
        return
    raise Invalid(Code.OUTSIDE_DATES, title, (Field("campaignId", title),), _context(request))


def _check_recipients(running: Running, request: Request) -> None:
    """All that is wrong with the recipients, each with its path."""
    problems = checks.Problems()
    seen: set[str] = set()
    for index, person in enumerate(request.recipients):
        path = f"recipients[{index}]"
        unique = f"The userId {person.user_id} is in this request already. Each recipient needs its own."
        problems.need(f"{path}.userId", person.user_id not in seen, unique)
        seen.add(person.user_id)
        _check_recipient(running.version, person, path, problems)
    problems.refuse("The recipients can't be used like this.", status=400, context=_context(request))
    _check_profiles(running.version, request)
    _check_variables(running, request)


def _check_recipient(
    version: CampaignVersion, person: Recipient, path: str, problems: checks.Problems
) -> None:
    same = person.namespace.lower() == version.identity_namespace.lower()
    namespace = f"The campaign's identity type is {version.identity_namespace}; this recipient's is {person.namespace}."
    problems.need(f"{path}.namespace", same, namespace)
    if address_of(person, version.channel) is not None:
        return
    if version.channel is ChannelKind.EMAIL:
        message = (
            "There is no usable e-mail address. Give channelData.emailAddress, as in jane.doe@example.com."
        )
        problems.add(f"{path}.channelData.emailAddress", message)
    else:
        message = (
            "There is no usable phone number. Give channelData.mobilePhoneNumber with + and country code."
        )
        problems.add(f"{path}.channelData.mobilePhoneNumber", message)


def _check_profiles(version: CampaignVersion, request: Request) -> None:
    """With *Create new profiles* off, somebody without a stored profile is refused (AJO: the call fails)."""
    if version.create_new_profile:
        return
    unknown = [index for index, person in enumerate(request.recipients) if person.kind == "aep"]
    if unknown:
        message = "There is no profile for this userId, and the campaign does not create new ones."
        fields = tuple(Field(f"recipients[{index}].userId", message) for index in unknown)
        raise Invalid(Code.PROFILE_UNKNOWN, "A recipient has no profile.", fields, _context(request))


def _check_variables(running: Running, request: Request) -> None:
    fields = []
    for index, person in enumerate(request.recipients):
        data = {"profile": person.profile, "context": person.context}
        for variable in rendering.missing(running.required, data):
            message = "The campaign's content needs this variable. Give it, or a default in the content."
            fields.append(Field(f"recipients[{index}].{variable}", message))
    if fields:
        title = "Variables that the campaign's content needs are missing."
        raise Invalid(Code.VARIABLES_MISSING, title, tuple(fields[: checks.MOST_PROBLEMS]), _context(request))


def _context(request: Request) -> dict[str, str]:
    return {"requestId": request.request_id, "campaignId": request.campaign_id}
