"""What is done with a campaign: activate, stop, duplicate, look at it, call it."""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse, Response

from retour.errors import Invalid
from retour.model import Campaign, ChannelKind, Role, SandboxType
from retour.web.admin import headers, pages, samples, words
from retour.web.admin.forms import campaigns as forms
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

PATH = "/campaigns"
ONE = PATH + "/{id}"
TABS = (
    ("properties", "Properties"),
    ("actions", "Actions"),
    ("content", "Content"),
    ("audience", "Audience"),
    ("schedule", "Schedule"),
    ("api-request", "API request"),
)


def head(campaign: Campaign, tab: str) -> dict[str, Any]:
    """What every page of a campaign shows above: its name, state and tabs."""
    status = words.status(words.CAMPAIGNS[campaign.status])
    return {"campaign": campaign, "campaign_status": status, "tab": tab, "tabs": TABS}


async def review(visit: SandboxVisit) -> Response:
    """What is still missing, each with a link to its tab; or the button."""
    return await _review_page(visit, await visit.retour.campaigns.get(visit.sandbox, visit.id))


async def publish(visit: SandboxVisit) -> Response:
    """Make the draft the live version."""
    try:
        campaign = await visit.retour.campaigns.publish(visit.sandbox, visit.id, visit.person.actor)
    except Invalid:
        return await _review_page(visit, await visit.retour.campaigns.get(visit.sandbox, visit.id), 422)
    return visit.see(f"{visit.here}{PATH}/{campaign.id}/api-request", "campaign-live")


async def _review_page(visit: SandboxVisit, campaign: Campaign, status: int = 200) -> Response:
    try:
        await visit.retour.campaigns.ready(visit.sandbox, campaign)
        missing = []
    except Invalid as error:
        missing = [(field.message, forms.tab_of(field.path)) for field in error.fields]
    webhook = await visit.retour.webhooks.find(visit.sandbox)
    values = head(campaign, "review") | {"missing": missing, "webhook": webhook, "tab_words": dict(TABS)}
    values |= {"production": visit.sandbox.type is SandboxType.PRODUCTION}
    return visit.render("campaigns/review.html", status, **values)


async def ask_stop(visit: SandboxVisit) -> Response:
    """The question, as a page."""
    campaign = await visit.retour.campaigns.get(visit.sandbox, visit.id)
    return visit.render("campaigns/stop.html", **head(campaign, "stop"))


async def stop(visit: SandboxVisit) -> Response:
    """Take no more calls."""
    await visit.retour.campaigns.stop(visit.sandbox, visit.id, visit.person.actor)
    return visit.see(f"{visit.here}{PATH}/{visit.id}/properties", "campaign-stopped")


async def duplicate(visit: SandboxVisit) -> Response:
    """A draft with the same content."""
    made = await visit.retour.campaigns.duplicate(visit.sandbox, visit.id, visit.person.actor)
    return visit.see(f"{visit.here}{PATH}/{made.id}/properties", "campaign-copied")


async def api_request(visit: SandboxVisit) -> Response:
    """The call that runs it."""
    campaign = await visit.retour.campaigns.get(visit.sandbox, visit.id)
    base_url = visit.retour.settings.base_url
    forms_of_it = samples.requests(base_url, visit.sandbox, campaign)
    chosen = visit.request.query_params.get("as", "")
    values = head(campaign, "api-request") | {
        "requests": forms_of_it,
        "chosen": chosen if chosen in forms_of_it else "curl",
        "token_request": samples.token_request(base_url),
        "variables": samples.variables(campaign),
    }
    return visit.render("campaigns/api-request.html", **values)


async def preview(visit: SandboxVisit) -> Response:
    """The e-mail that is saved, in its frame of Content."""
    return _framed(await visit.retour.campaigns.get(visit.sandbox, visit.id))


async def preview_typed(visit: SandboxVisit) -> Response:
    """The e-mail as it is typed: the form is sent to the frame, and nothing is saved."""
    stored = await visit.retour.campaigns.get(visit.sandbox, visit.id)
    return _framed(forms.with_content(stored, forms.typed(visit.form, stored, "content")))


def _framed(campaign: Campaign) -> Response:
    """The HTML of an e-mail by itself, under a policy that lets it do nothing; or a sentence why there is none."""
    sample = samples.rendered(campaign)
    html = None if isinstance(sample, str) else sample.html
    response: Response
    if campaign.channel is ChannelKind.EMAIL and html:
        response = HTMLResponse(html)
    else:
        response = pages.render("campaigns/no_preview.html", why=sample if isinstance(sample, str) else "")
    response.headers["content-security-policy"] = headers.PREVIEW_POLICY
    return response


PAGES = (
    Page[SandboxVisit](
        path=ONE + "/publish", get=review, post=publish, role=Role.DEVELOPER, to_post=Role.DEVELOPER
    ),
    Page[SandboxVisit](
        path=ONE + "/stop", get=ask_stop, post=stop, role=Role.DEVELOPER, to_post=Role.DEVELOPER
    ),
    Page[SandboxVisit](path=ONE + "/duplicate", post=duplicate, to_post=Role.DEVELOPER),
    Page[SandboxVisit](path=ONE + "/api-request", get=api_request),
    Page[SandboxVisit](path=ONE + "/preview", get=preview, post=preview_typed, to_post=Role.DEVELOPER),
)
