"""Channel configurations: Email settings and SMS settings."""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse, Response

from retour import ids, smsproviders
from retour.catalog.event_settings import NAMES as EVENTS
from retour.catalog.inputs import PROVIDERS
from retour.catalog.return_paths import WayBack, domain_of
from retour.channels import Examined
from retour.errors import Changed, Refused
from retour.model import ChannelConfiguration, ChannelKind, Role, SandboxType
from retour.web.admin import words
from retour.web.admin.forms import configurations as forms
from retour.web.admin.forms.configurations import ConfigurationForm
from retour.web.admin.forms.fields import Difference, Problems, differences
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/channel-configurations"
ONE = PATH + "/{id}"
ADVANCED = ("sms-defaultRegion", "sms-maxParts", "sms-perSecond", "sms-atOnce", "sms-reportHours")


async def listing(visit: SandboxVisit) -> Response:
    """Those of a channel: `?channel=email` or `sms`."""
    channel = visit.request.query_params.get("channel", "email")
    if channel not in [*ChannelKind]:
        return RedirectResponse(visit.here + PATH, 303)
    found = await visit.retour.configurations.list(visit.sandbox)
    now = ids.now()
    rows = [
        (row, words.failing(row.health, now) or words.configuration_status(row))
        for row in found
        if row.channel == channel
    ]
    return visit.render("configurations/list.html", rows=rows, channel=channel)


async def new(visit: SandboxVisit) -> Response:
    """An empty form for a channel. A provider of text messages is chosen first."""
    channel, provider = _channel(visit), visit.request.query_params.get("provider", "")
    if channel == ChannelKind.EMAIL:
        return _form_page(visit, forms.blank(channel, "smtp"), None)
    if provider not in PROVIDERS[channel]:
        return visit.render("configurations/choose.html", channel=channel, providers=_providers(channel))
    return _form_page(visit, forms.blank(channel, provider), None)


async def create(visit: SandboxVisit) -> Response:
    """Save a new one."""
    form = forms.typed(visit.form, _channel(visit), None)
    try:
        await visit.retour.configurations.create(visit.sandbox, forms.to_input(form), visit.person.actor)
    except Refused as error:
        return _form_page(visit, form, None, error)
    return _saved(visit, form.channel)


async def edit(visit: SandboxVisit) -> Response:
    """The form of one."""
    stored = await visit.retour.configurations.get(visit.sandbox, visit.id)
    return _form_page(visit, forms.of(stored), stored)


async def update(visit: SandboxVisit) -> Response:
    """Save a change."""
    stored = await visit.retour.configurations.get(visit.sandbox, visit.id)
    form = forms.typed(visit.form, stored.channel, stored)
    version = visit.form.number("version")
    try:
        given = forms.to_input(form)
        await visit.retour.configurations.update(visit.sandbox, stored.id, version, given, visit.person.actor)
    except Changed:
        newest = await visit.retour.configurations.get(visit.sandbox, stored.id)
        rows = differences(forms.told(form), forms.told(forms.of(newest)))
        return _form_page(visit, form, newest, status=412, rows=rows)
    except Refused as error:
        return _form_page(visit, form, stored, error)
    return _saved(visit, form.channel)


async def verify(visit: SandboxVisit) -> Response:
    """Try the relay as it is saved, and say what it said."""
    stored = await visit.retour.configurations.get(visit.sandbox, visit.id)
    examined = await visit.retour.relays.examine(visit.sandbox, stored)
    return _form_page(visit, forms.of(stored), stored, examined=examined)


async def check_return_path(visit: SandboxVisit) -> Response:
    """Look where mail for the return path domain goes, as it is saved."""
    stored = await visit.retour.configurations.get(visit.sandbox, visit.id)
    way_back = await visit.retour.return_paths.check(visit.sandbox, stored)
    return _form_page(visit, forms.of(stored), stored, way_back=way_back)


def _channel(visit: SandboxVisit) -> str:
    chosen = visit.form.text("channel") or visit.request.query_params.get("channel", "")
    return chosen if chosen in [*ChannelKind] else ChannelKind.EMAIL.value


def _providers(channel: str) -> list[tuple[str, str]]:
    return [(word, words.PROVIDERS[word]) for word in PROVIDERS[channel]]


def _saved(visit: SandboxVisit, channel: str) -> Response:
    return visit.see(f"{visit.here}{PATH}?channel={channel}", "configuration-saved")


def _form_page(
    visit: SandboxVisit,
    form: ConfigurationForm,
    stored: ChannelConfiguration | None,
    error: Refused | None = None,
    *,
    status: int = 200,
    rows: list[Difference] | None = None,
    examined: Examined | None = None,
    way_back: WayBack | None = None,
) -> Response:
    values: dict[str, Any] = {"form": form, "stored": stored, "differences": rows, "channel": form.channel}
    values |= {"examined": examined, "verifiable": bool(stored and visit.retour.relays.has_way(stored))}
    values |= {"way_back": way_back, "returning": bool(stored and domain_of(stored))}
    values |= {"listening": visit.retour.return_paths.listening}
    values |= {"problems": Problems(error.fields) if error else Problems()}
    values |= {"providers": _providers(form.channel), "provider_name": words.PROVIDERS.get(form.provider, "")}
    values |= {"posts": form.provider in smsproviders.PROVIDERS}
    values |= {"failing": words.failing(stored.health, ids.now()) if stored else None}
    values |= {"security": forms.SECURITY, "notices": forms.NOTICES}
    values |= {"events": [("", "None"), *EVENTS.items()]}
    callback = visit.retour.callbacks.address(stored) if stored else None
    here = visit.retour.settings.on_loopback and not visit.retour.settings.public_url
    values |= {"callback": callback, "callback_here": here}
    values |= {"open_advanced": any(place in values["problems"] for place in ADVANCED)}
    values |= {"production": visit.sandbox.type is SandboxType.PRODUCTION}
    return visit.render("configurations/form.html", error.status if error else status, **values)


PAGES = (
    Page[SandboxVisit](path=PATH, get=listing),
    Page[SandboxVisit](path=PATH + "/new", get=new, post=create, role=Role.ADMINISTRATOR),
    Page[SandboxVisit](path=ONE + "/edit", get=edit, post=update, role=Role.ADMINISTRATOR),
    Page[SandboxVisit](path=ONE + "/verify", post=verify),
    Page[SandboxVisit](path=ONE + "/return-path", post=check_return_path),
)
