"""Campaigns: what to say. A campaign is edited as a draft and run as a published version that never changes."""

from __future__ import annotations

import msgspec

from retour import audit, checks, ids, limits
from retour.audit import Deed, Noun, Subject
from retour.catalog.configurations import refuse_simulated_in_production
from retour.catalog.inputs import (
    DESCRIPTION_CHARACTERS,
    BodyInput,
    CampaignInput,
    ContentInput,
    ScheduleInput,
)
from retour.errors import Code, Conflict, Field, Invalid
from retour.model import (
    COMMAND_LINE,
    Actor,
    Campaign,
    CampaignStatus,
    CampaignVersion,
    ChannelConfiguration,
    ChannelKind,
    EmailContent,
    Sandbox,
    SmsContent,
)
from retour.rendering import Compiled, TemplateProblem
from retour.rendering.published import compile_content
from retour.stores import Store
from retour.stores.handovers import Changed, Stale, Step
from retour.stores.shelves import Shelves

DESCRIPTION = f"Use at most {DESCRIPTION_CHARACTERS:,} characters."
ENDED = "The end is in the past. Choose a later one, or leave it empty."
LAST_INSTANT = ids.parse_iso("2200-01-01T00:00:00Z")
DEFAULT_NAMESPACE = {ChannelKind.EMAIL: "email", ChannelKind.SMS: "phone"}


class Campaigns:
    """Create, change, publish, stop, duplicate and list campaigns."""

    def __init__(self, store: Store, shelves: Shelves) -> None:
        self._store = store
        self._shelves = shelves

    async def create(self, sandbox: Sandbox, given: CampaignInput, by: Actor = COMMAND_LINE) -> Campaign:
        """A new draft. Raises Invalid; what is still missing is asked at publish only."""
        _check(given)
        made = _build(sandbox, ids.new_id(), given)
        return await self._add(sandbox, made, _entry(by, sandbox, Deed.CREATED, made, None, made))

    async def _add(self, sandbox: Sandbox, made: Campaign, told: Step) -> Campaign:
        insert = Step(statement="campaign_insert", values=_insert(made))
        await self._store.write(Changed(steps=(insert, told)))
        return await self.get(sandbox, made.id)

    async def get(self, sandbox: Sandbox, campaign_id: str) -> Campaign:
        """As it is now. Raises NotFound."""
        found = await self._shelves.campaign(sandbox.id, campaign_id)
        if found is None:
            raise checks.missing("campaign")
        return found

    async def list(self, sandbox: Sandbox) -> list[Campaign]:
        """All of a sandbox, the last changed first."""
        return await self._shelves.campaigns(sandbox.id)

    async def update(
        self,
        sandbox: Sandbox,
        campaign_id: str,
        version: int,
        given: CampaignInput,
        by: Actor = COMMAND_LINE,
    ) -> Campaign:
        """Change the draft; a live version runs on until the draft is published."""
        stored = await self.get(sandbox, campaign_id)
        _refuse_stopped(stored)
        _check(given)
        made = _build(sandbox, stored.id, given)
        place = {"sandbox": sandbox.id, "id": stored.id, "version": version}
        values = {**place, "name": made.name, "doc": _doc(made), "modified_at": ids.now()}
        now = msgspec.structs.replace(made, status=stored.status)
        await self._write_guarded(
            Step(statement="campaign_update", values=values, guard=True),
            stored,
            _entry(by, sandbox, Deed.CHANGED, made, stored, now),
        )
        return await self.get(sandbox, stored.id)

    async def publish(self, sandbox: Sandbox, campaign_id: str, by: Actor = COMMAND_LINE) -> Campaign:
        """Make the draft the live version. Raises Invalid with all that is missing, template errors with place."""
        stored = await self.get(sandbox, campaign_id)
        _refuse_stopped(stored)
        configuration = await self.ready(sandbox, stored)
        version = _version(stored, configuration, ids.now())
        live = msgspec.structs.replace(stored, draft=False)
        insert = {"sandbox": sandbox.id, "id": version.id, "campaign_id": stored.id, "doc": _doc(version)}
        place = {"sandbox": sandbox.id, "id": stored.id, "version": stored.version}
        publish = {**place, "version_id": version.id, "doc": _doc(live), "modified_at": version.published_at}
        await self._write_guarded(
            Step(statement="campaign_publish", values=publish, guard=True),
            stored,
            Step(statement="version_insert", values=insert),
            _entry(by, sandbox, Deed.PUBLISHED, stored, None, {"campaign_version": version.id}),
        )
        return await self.get(sandbox, stored.id)

    async def ready(self, sandbox: Sandbox, campaign: Campaign) -> ChannelConfiguration:
        """The configuration it will use. Raises Invalid with all that is missing."""
        problems = checks.Problems()
        configuration = await self._configuration(sandbox, campaign, problems)
        if campaign.channel is ChannelKind.EMAIL:
            _check_email_content(campaign.email, problems)
        elif campaign.sms is None or not campaign.sms.text.strip():
            problems.add("content.text", "Enter the text of the message.")
        over = campaign.end_at is not None and campaign.end_at <= ids.now()
        problems.need("schedule.endDate", not over, ENDED)
        if problems.fields or configuration is None:
            title = "The campaign can't be activated yet."
            raise Invalid(Code.CAMPAIGN_INCOMPLETE, title, tuple(problems.fields), status=422)
        refuse_simulated_in_production(sandbox, configuration)
        compiled(campaign)
        return configuration

    async def stop(self, sandbox: Sandbox, campaign_id: str, by: Actor = COMMAND_LINE) -> Campaign:
        """No more calls are taken; what was accepted goes on. A stopped campaign is not started again."""
        stored = await self.get(sandbox, campaign_id)
        values = {"sandbox": sandbox.id, "id": stored.id, "modified_at": ids.now()}
        step = Step(statement="campaign_stop", values=values, guard=True)
        told = _entry(by, sandbox, Deed.STOPPED, stored)
        answer = await self._store.write(Changed(steps=(step, told)))
        if isinstance(answer, Stale):
            raise Conflict(
                Code.CAMPAIGN_NOT_LIVE, f"The campaign is {stored.status}; only a live one can be stopped."
            )
        return await self.get(sandbox, stored.id)

    async def duplicate(self, sandbox: Sandbox, campaign_id: str, by: Actor = COMMAND_LINE) -> Campaign:
        """A draft with the same content under another name."""
        stored = await self.get(sandbox, campaign_id)
        name = f"{stored.name[:90]} (copy)"
        made = msgspec.structs.replace(
            stored, id=ids.new_id(), name=name, status=CampaignStatus.DRAFT, live_version_id=None, draft=True
        )
        told = _entry(by, sandbox, Deed.DUPLICATED, made, None, {"from": stored.id})
        return await self._add(sandbox, made, told)

    async def _configuration(
        self, sandbox: Sandbox, campaign: Campaign, problems: checks.Problems
    ) -> ChannelConfiguration | None:
        path = "channelConfigurationId"
        if not campaign.configuration_id:
            problems.add(path, "Choose a channel configuration.")
            return None
        found = await self._shelves.fresh_configuration(sandbox.id, campaign.configuration_id)
        if found is None:
            problems.add(path, "This channel configuration is not in this sandbox. Choose another one.")
        elif found.channel is not campaign.channel:
            problems.add(
                path, f"This configuration sends {found.channel}, the campaign is for {campaign.channel}."
            )
        return found

    async def _write_guarded(self, guarded: Step, stored: Campaign, *steps: Step) -> None:
        answer = await self._store.write(Changed(steps=(guarded, *steps)))
        if isinstance(answer, Stale):
            raise checks.stale("campaign", stored.version)


def compiled(campaign: Campaign | CampaignVersion) -> Compiled:
    """Its templates, ready to render. Raises Invalid with line and column of each problem."""
    high = campaign.high_throughput_mode
    result = compile_content(campaign.channel, campaign.email, campaign.sms, high_throughput=high)
    if isinstance(result, Compiled):
        return result
    fields = tuple(_template_field(campaign.channel, problem) for problem in result)
    raise Invalid(Code.TEMPLATE_INVALID, "A template has an error.", fields, status=422)


def _template_field(channel: ChannelKind, problem: TemplateProblem) -> Field:
    path = f"content.{problem.part}"
    if channel is ChannelKind.EMAIL and problem.part in ("html", "text"):
        path += ".body"
    return Field(path, f"Line {problem.line}, column {problem.column}: {problem.message}")


def _check_email_content(content: EmailContent | None, problems: checks.Problems) -> None:
    subject = content.subject if content else ""
    problems.need("content.subject", subject.strip(), "Enter a subject line.")
    body = bool(content and ((content.html or "").strip() or (content.text or "").strip()))
    problems.need("content.html.body", body, "Enter an HTML body or a text body.")


def _refuse_stopped(campaign: Campaign) -> None:
    if campaign.status is CampaignStatus.STOPPED:
        title = "A stopped campaign can't be changed or activated again. Duplicate it instead."
        raise Conflict(Code.CAMPAIGN_NOT_LIVE, title)


def _check(given: CampaignInput) -> None:
    problems = checks.Problems()
    problems.add("name", checks.name(given.name, "campaign"))
    problems.add("channel", checks.one_of(given.channel, [*ChannelKind], "The channel"))
    problems.add("campaignType", checks.one_of(given.campaign_type, ("ApiTriggered",), "The campaign type"))
    problems.add("category", checks.one_of(given.category, ("Transactional",), "The category"))
    problems.need("description", len(given.description) <= DESCRIPTION_CHARACTERS, DESCRIPTION)
    namespace = checks.line(given.identity_namespace or "", limits.REQUEST_ID_CHARACTERS)
    problems.add("identityNamespace", namespace)
    high = not given.high_throughput_mode or given.channel == ChannelKind.EMAIL
    problems.need("highThroughputMode", high, "High throughput mode is for e-mail only.")
    _check_schedule(given.schedule or ScheduleInput(), problems)
    problems.refuse("The campaign can't be saved like this.")


def _check_schedule(given: ScheduleInput, problems: checks.Problems) -> None:
    start = _instant(given.start_date, "schedule.startDate", problems)
    end = _instant(given.end_date, "schedule.endDate", problems)
    if start is not None and end is not None:
        problems.need("schedule.endDate", end > start, "The end must be after the start.")


def _instant(value: str | None, path: str, problems: checks.Problems) -> int | None:
    if not value:
        return None
    try:
        at = ids.parse_iso(value)
    except (ValueError, OverflowError):
        problems.add(path, "Use an ISO date and time with a zone, as in 2026-12-01T09:00:00Z.")
        return None
    problems.need(path, 0 <= at < LAST_INSTANT, "Use a date from 1970 to 2199.")
    return at


def _build(sandbox: Sandbox, campaign_id: str, given: CampaignInput) -> Campaign:
    channel = ChannelKind(given.channel)
    content = given.content or ContentInput()
    schedule = given.schedule or ScheduleInput()
    return Campaign(
        sandbox=sandbox.id,
        id=campaign_id,
        name=given.name.strip(),
        description=given.description,
        channel=channel,
        configuration_id=given.channel_configuration_id or None,
        identity_namespace=given.identity_namespace or DEFAULT_NAMESPACE[channel],
        create_new_profile=given.create_new_profile,
        enable_webhooks=given.enable_webhooks,
        high_throughput_mode=given.high_throughput_mode,
        email=_email(content) if channel is ChannelKind.EMAIL else None,
        sms=SmsContent(text=_text(content.text) or "") if channel is ChannelKind.SMS else None,
        start_at=ids.parse_iso(schedule.start_date) if schedule.start_date else None,
        end_at=ids.parse_iso(schedule.end_date) if schedule.end_date else None,
    )


def _email(content: ContentInput) -> EmailContent:
    html = content.html.body if content.html else None
    return EmailContent(subject=content.subject or "", html=html or None, text=_text(content.text) or None)


def _text(given: BodyInput | str | None) -> str | None:
    return given.body if isinstance(given, BodyInput) else given


def _version(campaign: Campaign, configuration: ChannelConfiguration, now: int) -> CampaignVersion:
    settings = configuration.email or configuration.sms
    return CampaignVersion(
        sandbox=campaign.sandbox,
        id=ids.new_id(),
        campaign_id=campaign.id,
        message_id=ids.new_id(),
        channel=campaign.channel,
        configuration_id=configuration.id,
        identity_namespace=campaign.identity_namespace,
        create_new_profile=campaign.create_new_profile,
        enable_webhooks=campaign.enable_webhooks,
        high_throughput_mode=campaign.high_throughput_mode,
        retry_period_minutes=settings.retry_period_minutes if settings else 5040,
        default_region=configuration.sms.default_region if configuration.sms else None,
        email=campaign.email,
        sms=campaign.sms,
        start_at=campaign.start_at,
        end_at=campaign.end_at,
        published_at=now,
    )


def _entry(
    by: Actor, sandbox: Sandbox, deed: Deed, campaign: Campaign, before: object = None, after: object = None
) -> Step:
    subject = Subject(Noun.CAMPAIGN, campaign.id, campaign.name)
    return audit.entry(by, audit.place_of(sandbox), deed, subject, before, after)


def _insert(campaign: Campaign) -> dict[str, object]:
    return {
        "sandbox": campaign.sandbox,
        "id": campaign.id,
        "name": campaign.name,
        "status": CampaignStatus.DRAFT,
        "doc": _doc(campaign),
        "created_at": ids.now(),
    }


def _doc(value: Campaign | CampaignVersion) -> bytes:
    return msgspec.json.encode(value)
