"""Why a request can't be accepted. Pure; each refusal says what to do, with the path of the field."""

from __future__ import annotations

from collections.abc import Collection

from retour import checks, ids, limits, profiles, rendering
from retour.errors import Code, Field, Invalid, NotFound, Refused
from retour.intake.requests import AEP, Recipient, Request, address_of
from retour.model import Campaign, CampaignVersion, ChannelKind


def too_many_calls(per_second: int, wait: int) -> Refused:
    """429. wait: microseconds until a call is let in."""
    seconds = -(-wait // limits.SECOND)
    title = f"The sandbox takes {per_second:,} executions a second. Repeat this one in {seconds} s."
    return Refused(Code.TOO_MANY_CALLS, title, context={"retryAfter": str(seconds)}, status=429)


def not_live(campaign: Campaign | None, request: Request) -> Invalid | NotFound:
    """There is no such campaign, or it does not run."""
    if campaign is None:
        title = "There is no campaign with this id in this sandbox."
        field = Field("campaignId", title)
        return NotFound(Code.NOT_FOUND, title, (field,), request.context)
    title = f"The campaign is not live: it is {campaign.status}. Activate it, or call a live one."
    return Invalid(Code.CAMPAIGN_NOT_LIVE, title, (Field("campaignId", title),), request.context)


def check_mode(version: CampaignVersion, request: Request) -> None:
    """AJO: a campaign runs in one mode or the other, and each mode has its endpoint."""
    if version.high_throughput_mode == request.high_throughput:
        return
    if version.high_throughput_mode:
        title = "The campaign runs in high throughput mode. Call POST /ajo/im/executions/highthroughput."
    else:
        title = "The campaign does not run in high throughput mode. Call POST /ajo/im/executions/unitary."
    raise Invalid(Code.WRONG_MODE, title, context=request.context)


def check_dates(version: CampaignVersion, now: int, request: Request) -> None:
    """Outside its dates a campaign is not run, and the call fails (AJO)."""
    if version.start_at is not None and now < version.start_at:
        title = f"The campaign starts at {ids.iso(version.start_at)}."
    elif version.end_at is not None and now >= version.end_at:
        title = f"The campaign ended at {ids.iso(version.end_at)}."
    else:
        return
    raise Invalid(Code.OUTSIDE_DATES, title, (Field("campaignId", title),), request.context)


def check_recipients(version: CampaignVersion, request: Request) -> tuple[str, ...]:
    """Their addresses, in order. Raises Invalid with all that is wrong, each with its path."""
    problems = checks.Problems()
    seen: set[str] = set()
    addresses = []
    for index, person in enumerate(request.recipients):
        path = f"recipients[{index}]"
        if person.user_id in seen:
            message = f"The userId {person.user_id} is in this request already. Each recipient needs its own."
            problems.add(f"{path}.userId", message)
        seen.add(person.user_id)
        addresses.append(_check_recipient(version, person, path, problems) or "")
    problems.refuse("The recipients can't be used like this.", status=400, context=request.context)
    return tuple(addresses)


def _check_recipient(
    version: CampaignVersion, person: Recipient, path: str, problems: checks.Problems
) -> str | None:
    """The address, unless there is none."""
    wanted, given = version.identity_namespace, person.namespace
    if profiles.known_as(wanted) != profiles.known_as(given):
        message = f"The campaign's identity type is {wanted}; this recipient's is {given}."
        problems.add(f"{path}.namespace", message)
    address = address_of(person, version.channel, version.default_region)
    if address is None:
        problems.add(*_unreachable(version, path))
    return address


def _unreachable(version: CampaignVersion, path: str) -> tuple[str, str]:
    """The field that should have the address, and what to write there."""
    if version.channel is ChannelKind.EMAIL:
        message = (
            "There is no usable e-mail address. Give channelData.emailAddress, as in jane.doe@example.com."
        )
        return f"{path}.channelData.emailAddress", message
    region = version.default_region
    wanted = "with + and country code" + (f", or as it is dialled in {region}" if region else "")
    message = f"There is no usable phone number. Give channelData.mobilePhoneNumber {wanted}."
    return f"{path}.channelData.mobilePhoneNumber", message


def check_profiles(version: CampaignVersion, request: Request, known: Collection[str]) -> None:
    """With *Create new profiles* off, somebody without a stored profile is refused (AJO: the call fails)."""
    if version.create_new_profile:
        return
    people = enumerate(request.recipients)
    unknown = [index for index, person in people if person.kind == AEP and person.user_id not in known]
    if unknown:
        message = "There is no profile for this userId, and the campaign does not create new ones."
        fields = tuple(Field(f"recipients[{index}].userId", message) for index in unknown)
        raise Invalid(Code.PROFILE_UNKNOWN, "A recipient has no profile.", fields, request.context)


def check_variables(required: tuple[str, ...], request: Request) -> None:
    """What the templates write whatever the data says has to be there."""
    fields = []
    for index, person in enumerate(request.recipients):
        data = {"profile": person.profile, "context": person.context}
        for variable in rendering.missing(required, data):
            message = "The campaign's content needs this variable. Give it, or a default in the content."
            fields.append(Field(f"recipients[{index}].{variable}", message))
    if fields:
        title = "Variables that the campaign's content needs are missing."
        found = tuple(fields[: checks.MOST_PROBLEMS])
        raise Invalid(Code.VARIABLES_MISSING, title, found, request.context)
