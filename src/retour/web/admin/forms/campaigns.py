"""The forms of a campaign: each tab holds a part of it and leaves the rest as it is stored."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from retour import ids
from retour.catalog.inputs import BodyInput, CampaignInput, ContentInput, ScheduleInput
from retour.model import Campaign, ChannelKind, EmailContent, SmsContent, Value
from retour.web.admin.forms.fields import Form

NAMESPACES = (("email", "Email"), ("phone", "Phone"), ("ECID", "ECID"), ("CRMID", "CRMID"))


class CampaignForm(Value):
    """Everything as text, as typed."""

    version: str = ""
    name: str = ""
    description: str = ""
    channel: str = "email"
    configuration_id: str = ""
    subject: str = ""
    html: str = ""
    text: str = ""
    identity_namespace: str = ""
    create_new_profile: bool = True
    enable_webhooks: bool = False
    high_throughput_mode: bool = False
    start: str = ""
    end: str = ""


# Which fields a tab holds, with their labels.
TABS: Mapping[str, Mapping[str, str]] = {
    "properties": {"name": "Name", "description": "Description"},
    "actions": {"configuration_id": "Channel configuration"},
    "content": {"subject": "Subject line", "html": "HTML", "text": "Text"},
    "audience": {
        "identity_namespace": "Identity type",
        "create_new_profile": "Create new profiles",
        "enable_webhooks": "Enable webhooks",
        "high_throughput_mode": "High throughput mode",
    },
    "schedule": {"start": "Start", "end": "End"},
}
SWITCHES = ("create_new_profile", "enable_webhooks", "high_throughput_mode")
# Where a problem of the whole campaign is mended.
TAB_OF = {
    "name": "properties",
    "channelConfigurationId": "actions",
    "content": "content",
    "identityNamespace": "audience",
    "highThroughputMode": "audience",
    "schedule": "schedule",
}


def of(campaign: Campaign) -> CampaignForm:
    """A stored campaign."""
    email, sms = campaign.email, campaign.sms
    return CampaignForm(
        version=str(campaign.version),
        name=campaign.name,
        description=campaign.description,
        channel=campaign.channel,
        configuration_id=campaign.configuration_id or "",
        subject=email.subject if email else "",
        html=(email.html or "") if email else "",
        text=sms.text if sms else (email.text or "" if email else ""),
        identity_namespace=campaign.identity_namespace,
        create_new_profile=campaign.create_new_profile,
        enable_webhooks=campaign.enable_webhooks,
        high_throughput_mode=campaign.high_throughput_mode,
        start=_local(campaign.start_at),
        end=_local(campaign.end_at),
    )


def typed(form: Form, stored: Campaign | None, tab: str) -> CampaignForm:
    """A stored campaign, or an empty one, with what was typed in this tab."""
    base = of(stored) if stored else CampaignForm(channel=form.text("channel"))
    changes: dict[str, object] = {"version": form.line("version")}
    for name in TABS[tab]:
        changes[name] = form.on(name) if name in SWITCHES else form.text(name)
    return msgspec.structs.replace(base, **changes)


def with_content(stored: Campaign, form: CampaignForm) -> Campaign:
    """The campaign with the content that was typed, to look at before it is saved."""
    if stored.channel is ChannelKind.SMS:
        return msgspec.structs.replace(stored, sms=SmsContent(text=form.text))
    email = EmailContent(subject=form.subject, html=form.html or None, text=form.text or None)
    return msgspec.structs.replace(stored, email=email)


def to_input(form: CampaignForm) -> CampaignInput:
    """For the catalog."""
    return CampaignInput(
        name=form.name,
        description=form.description,
        channel=form.channel,
        channel_configuration_id=form.configuration_id or None,
        identity_namespace=form.identity_namespace or None,
        create_new_profile=form.create_new_profile,
        enable_webhooks=form.enable_webhooks,
        high_throughput_mode=form.high_throughput_mode,
        content=_content(form),
        schedule=ScheduleInput(start_date=form.start or None, end_date=form.end or None),
    )


def _content(form: CampaignForm) -> ContentInput:
    if form.channel == ChannelKind.SMS:
        return ContentInput(text=form.text)
    return ContentInput(
        subject=form.subject, html=BodyInput(body=form.html or None), text=BodyInput(body=form.text or None)
    )


def _local(at: int | None) -> str:
    """As `<input type="datetime-local">` has it, in UTC: `2026-12-01T09:00`."""
    if at is None:
        return ""
    text = ids.iso(at).removesuffix("Z").removesuffix(".000")
    return text[:-3] if text.endswith(":00") else text


def told(form: CampaignForm, tab: str) -> dict[str, str]:
    """Label to value of a tab, for two versions side by side."""
    values = msgspec.structs.asdict(form)
    return {label: _word(values[name]) for name, label in TABS[tab].items()}


def _word(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def tab_of(path: str) -> str:
    """The tab where a problem of the catalog is mended."""
    return TAB_OF.get(path.partition(".")[0], "properties")
