"""API triggered campaigns: the list, a new one, and the tabs of one."""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse, Response

from retour.catalog.campaigns import compiled
from retour.errors import Changed, Code, Invalid, NotFound, Refused
from retour.model import Campaign, CampaignStatus, ChannelConfiguration, Role
from retour.web.admin import samples, words
from retour.web.admin.forms import campaigns as forms
from retour.web.admin.forms.campaigns import CampaignForm
from retour.web.admin.forms.fields import Difference, Problems, differences
from retour.web.admin.guard import Page
from retour.web.admin.views import campaign_steps as steps
from retour.web.admin.visits import SandboxVisit

PATH = steps.PATH
ONE = steps.ONE


async def listing(visit: SandboxVisit) -> Response:
    """All of the sandbox, the last changed first."""
    campaigns = await visit.retour.campaigns.list(visit.sandbox)
    rows = [(campaign, words.status(words.CAMPAIGNS[campaign.status])) for campaign in campaigns]
    return visit.render("campaigns/list.html", rows=rows)


async def new(visit: SandboxVisit) -> Response:
    """Name and channel; everything else has its tab."""
    return visit.render("campaigns/new.html", form=CampaignForm(), problems=Problems())


async def create(visit: SandboxVisit) -> Response:
    """Make the draft and go on to its content."""
    form = forms.typed(visit.form, None, "properties")
    try:
        made = await visit.retour.campaigns.create(visit.sandbox, forms.to_input(form), visit.person.actor)
    except Refused as error:
        problems = Problems(error.fields)
        return visit.render("campaigns/new.html", error.status, form=form, problems=problems)
    return visit.see(f"{visit.here}{PATH}/{made.id}/actions", "campaign-saved")


async def first_tab(visit: SandboxVisit) -> Response:
    """A campaign without a tab."""
    campaign = await visit.retour.campaigns.get(visit.sandbox, visit.id)
    return RedirectResponse(f"{visit.here}{PATH}/{campaign.id}/properties", 303)


async def tab(visit: SandboxVisit) -> Response:
    """One tab."""
    campaign = await visit.retour.campaigns.get(visit.sandbox, visit.id)
    return await _tab_page(visit, campaign, forms.of(campaign), _template_problems(campaign, _tab(visit)))


async def save(visit: SandboxVisit) -> Response:
    """Change what the tab holds; the rest stays as it is stored. Preview saves nothing."""
    name = _tab(visit)
    stored = await visit.retour.campaigns.get(visit.sandbox, visit.id)
    form = forms.typed(visit.form, stored, name)
    if name == "content" and visit.form.text("do") == "preview":
        typed = forms.with_content(stored, form)
        return await _tab_page(visit, stored, form, _template_problems(typed, name))
    version = visit.form.number("version")
    try:
        await visit.retour.campaigns.update(
            visit.sandbox, stored.id, version, forms.to_input(form), visit.person.actor
        )
    except Changed:
        return await _changed_page(visit, form, name)
    except Invalid as error:
        return await _tab_page(visit, stored, form, Problems(error.fields), error.status)
    return visit.see(f"{visit.here}{PATH}/{stored.id}/{name}", "campaign-saved")


async def _changed_page(visit: SandboxVisit, form: CampaignForm, name: str) -> Response:
    """Somebody changed it meanwhile: both values; what was typed is saved with the next Save."""
    newest = await visit.retour.campaigns.get(visit.sandbox, visit.id)
    rows = differences(forms.told(form, name), forms.told(forms.of(newest), name))
    return await _tab_page(visit, newest, form, Problems(), 412, rows)


async def _tab_page(
    visit: SandboxVisit,
    campaign: Campaign,
    form: CampaignForm,
    problems: Problems,
    status: int = 200,
    rows: list[Difference] | None = None,
) -> Response:
    name = _tab(visit)
    values = steps.head(campaign, name) | {"form": form, "problems": problems, "differences": rows}
    values |= {"editable": visit.may(Role.DEVELOPER) and campaign.status is not CampaignStatus.STOPPED}
    needed = await _needed(visit, campaign, name, form)
    return visit.render(f"campaigns/{name}.html", status, **values, **needed)


async def _needed(visit: SandboxVisit, campaign: Campaign, name: str, form: CampaignForm) -> dict[str, Any]:
    """What a tab shows beside its fields."""
    if name == "actions":
        return {"configurations": await _configurations(visit, campaign)}
    if name == "content":
        most = await _most_parts(visit, campaign)
        return _shown(forms.with_content(campaign, form)) | {"most_parts": most}
    if name == "audience":
        webhook = await visit.retour.webhooks.find(visit.sandbox)
        status = words.webhook_status(webhook) if webhook else None
        return {"webhook": webhook, "webhook_status": status, "namespaces": _namespaces(campaign)}
    return {}


def _shown(typed: Campaign) -> dict[str, Any]:
    """The content as typed: its variables, and what a message would look like."""
    sample, required = samples.rendered(typed), samples.required(typed)
    variables = [(name, name in required) for name in samples.variables(typed)]
    return {"variables": variables, "sample": sample, "counted": samples.counted(sample)}


async def _most_parts(visit: SandboxVisit, campaign: Campaign) -> int | None:
    """What the chosen channel configuration allows; None for e-mail, and while none is chosen."""
    if not campaign.configuration_id:
        return None
    found = await visit.retour.shelves.fresh_configuration(visit.sandbox.id, campaign.configuration_id)
    return found.sms.max_parts if found and found.sms else None


async def _configurations(visit: SandboxVisit, campaign: Campaign) -> list[ChannelConfiguration]:
    found = await visit.retour.configurations.list(visit.sandbox)
    return [configuration for configuration in found if configuration.channel is campaign.channel]


def _namespaces(campaign: Campaign) -> list[tuple[str, str]]:
    """The usual ones, and the campaign's own when it is another."""
    chosen = campaign.identity_namespace
    usual = list(forms.NAMESPACES)
    return usual if chosen in dict(usual) else [*usual, (chosen, chosen)]


def _template_problems(campaign: Campaign, name: str) -> Problems:
    """Errors in the stored templates: a draft may have them, and its page says where."""
    if name != "content":
        return Problems()
    try:
        compiled(campaign)
    except Invalid as error:
        return Problems(error.fields)
    return Problems()


def _tab(visit: SandboxVisit) -> str:
    name = str(visit.request.path_params["tab"])
    if name not in forms.TABS:
        raise NotFound(Code.NOT_FOUND, "There is no such tab.")
    return name


PAGES = (
    Page[SandboxVisit](path=PATH, get=listing),
    Page[SandboxVisit](path=PATH + "/new", get=new, post=create, role=Role.DEVELOPER, to_post=Role.DEVELOPER),
    Page[SandboxVisit](path=ONE, get=first_tab),
    *steps.PAGES,
    Page[SandboxVisit](path=ONE + "/{tab}", get=tab, post=save, to_post=Role.DEVELOPER),
)
