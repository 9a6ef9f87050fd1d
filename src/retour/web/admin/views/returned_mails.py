"""A mail that came back for a message: as text and as a file. It holds personal content, so not for everybody."""

from __future__ import annotations

from starlette.responses import Response

from retour import checks, limits
from retour.mailreports import Kind
from retour.marks import Place
from retour.model import Role
from retour.stores.report_shelves import ReturnedMail
from retour.web.admin import returned, words
from retour.web.admin.guard import Page
from retour.web.admin.visits import SandboxVisit

ONE = "/messages/{id}/mail/{mail}"


async def show(visit: SandboxVisit) -> Response:
    """Its text, and what was read out of it."""
    mail, raw = await _mail(visit)
    events = await visit.retour.shelves.events(visit.sandbox.id, visit.id)
    days = visit.retour.settings.keep_bodies_days
    return visit.render(
        "messages/mail.html",
        message_id=visit.id,
        mail=mail,
        kind=words.MAILS[Kind(mail.kind)],
        reading=returned.reading(raw),
        text=returned.text(raw),
        kept=len(raw),
        event=next((event for event in events if event.id == mail.event_id), None),
        days=days,
        removed_at=mail.at + days * limits.DAY,
    )


async def file(visit: SandboxVisit) -> Response:
    """What is kept of it, octet by octet."""
    mail, raw = await _mail(visit)
    headers = {"content-disposition": f'attachment; filename="returned-{mail.id[:12]}.eml"'}
    return Response(raw, headers=headers, media_type="text/plain")


async def _mail(visit: SandboxVisit) -> tuple[ReturnedMail, bytes]:
    """Raises NotFound for what is not there, or not there any more."""
    mail_id = str(visit.request.path_params["mail"])
    found = await visit.retour.returned.returned_mail(visit.sandbox.id, visit.id, mail_id)
    raw = await visit.retour.reports.reads(Place(visit.sandbox.id, visit.id), mail_id)
    if found is None or raw is None:
        raise checks.missing("mail")
    return found[0], raw


PAGES = (
    Page[SandboxVisit](path=ONE, get=show, role=Role.DEVELOPER),
    Page[SandboxVisit](path=ONE + "/eml", get=file, role=Role.DEVELOPER),
)
