"""Room 1: an API call becomes an execution and its messages, or a refusal that says what to do.

Nothing is rendered here; what is checked is that the campaign runs, that each recipient can be reached and that the
variables which the templates need are there.
"""

from __future__ import annotations

from typing import Any

import msgspec

from retour import ids, limits, profiles
from retour.bells import Bell
from retour.errors import Invalid, NotFound
from retour.intake import refusals
from retour.intake.requests import AEP, Recipient, Request, hash_of, reused
from retour.kept import Kept
from retour.model import (
    CampaignStatus,
    CampaignVersion,
    Execution,
    Lane,
    Message,
    Profile,
    RecipientStatus,
    Sandbox,
    Value,
)
from retour.rates import Rate
from retour.rendering.published import Templates
from retour.sealing import Keys
from retour.stores import RoomName, Store
from retour.stores.handovers import Accepted, Answer, Clash, Known, Stale
from retour.stores.shelves import Shelves

__all__ = ["Intake", "Rates", "Recipient", "Request", "hash_of"]

Stored = dict[str, dict[str, Any]]


class Rates(Value):
    """How many calls a second a sandbox may make, in each mode."""

    usual: Rate
    high_throughput: Rate


class Running(Value):
    """A live campaign as intake needs it."""

    version: CampaignVersion
    required: tuple[str, ...]


class Intake:
    """Accepts executions."""

    def __init__(self, store: Store, shelves: Shelves, bell: Bell, keys: Keys, rates: Rates) -> None:
        self._store = store
        self._shelves = shelves
        self._bell = bell
        self._keys = keys
        self._rates = rates
        self._templates = Templates()
        self._running: Kept[Running] = Kept()

    def admit(self, sandbox: Sandbox, now: int, *, high_throughput: bool = False) -> None:
        """Count a call, whatever becomes of it. Raises Refused (429) when there were too many in this second."""
        rate = self._rates.high_throughput if high_throughput else self._rates.usual
        if wait := rate.take(sandbox.id, now):
            raise refusals.too_many_calls(rate.per_second, wait)

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
        refusals.check_mode(running.version, request)
        refusals.check_dates(running.version, now, request)
        stored = await self._stored(running.version, request)
        whole = _with_profiles(request, stored)
        addresses = refusals.check_recipients(running.version, whole)
        refusals.check_profiles(running.version, request, stored)
        refusals.check_variables(running.required, whole)
        execution = _execution(sandbox, request, running.version, by, now)
        messages = self._messages(execution, running.version, whole, addresses)
        new = self._new(request, stored, execution)
        answer = await self._store.write(
            Accepted(execution=execution, messages=messages, hash=request.hash, profiles=new)
        )
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
            raise refusals.not_live(campaign, request)
        version = await self._shelves.version(sandbox.id, campaign.live_version_id)
        running = Running(version=version, required=self._templates.of(version).required)
        return self._running.keep(key, running)

    async def _first(self, sandbox: Sandbox, request: Request) -> Execution | None:
        """The first answer, which is given whatever became of the campaign since. Raises Conflict."""
        found = await self._shelves.first_answer(sandbox.id, request.request_id)
        if found is None:
            return None
        if found[0] != request.hash:
            raise reused(request)
        return found[1]

    async def _is_live(self, version: CampaignVersion) -> bool:
        """Whether a version from memory, which refused a request, is still the one to ask."""
        campaign = await self._shelves.campaign(version.sandbox, version.campaign_id)
        if campaign is None or campaign.status is not CampaignStatus.LIVE:
            return False
        return campaign.live_version_id == version.id

    async def _stored(self, version: CampaignVersion, request: Request) -> Stored:
        """The profiles of recipients of the type aep, in one read; no read without any."""
        people = [person.user_id for person in request.recipients if person.kind == AEP]
        if not people:
            return {}
        found = await profiles.find(self._store, version.sandbox, version.identity_namespace, people)
        return {user_id: profiles.opened(self._keys, profile) for user_id, profile in found.items()}

    def _new(self, request: Request, stored: Stored, execution: Execution) -> tuple[Profile, ...]:
        """Profiles of people who have none yet, as the call has them.

        In order, so that two calls for the same people don't wait for each other in a store with many writers.
        """
        people = [
            person for person in request.recipients if person.kind == AEP and person.user_id not in stored
        ]
        people.sort(key=lambda person: person.user_id)
        place = (self._keys, execution.sandbox)
        return tuple(
            profiles.sealed(*place, person.namespace, person.user_id, person.profile, execution.created_at)
            for person in people
        )

    def _messages(
        self, execution: Execution, version: CampaignVersion, request: Request, addresses: tuple[str, ...]
    ) -> tuple[Message, ...]:
        people = zip(request.recipients, addresses, strict=True)
        return tuple(self._message(execution, version, person, address) for person, address in people)

    def _message(
        self, execution: Execution, version: CampaignVersion, person: Recipient, address: str
    ) -> Message:
        row, now = ids.new_id(), execution.created_at
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
            address=address,
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
            raise reused(request)
        if isinstance(answer, Known):
            return answer.execution
        self._bell.ring(RoomName.SENDING, Lane(execution.sandbox, version.configuration_id))
        return execution


def _with_profiles(request: Request, stored: Stored) -> Request:
    """Each recipient with what is stored of them below what the call says."""
    if not stored:
        return request
    people = tuple(
        msgspec.structs.replace(person, profile=profiles.merged(stored[person.user_id], person.profile))
        if person.user_id in stored
        else person
        for person in request.recipients
    )
    return msgspec.structs.replace(request, recipients=people)


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
