"""An SMSC on the pages: configured, tried, and its password asked for again when it would be sent elsewhere."""

from __future__ import annotations

import httpx

from outside.smsc import SYSTEM_ID, Conduct, Smsc, smsc
from web.admin.desk import DEV, Desk, Read

LIST = f"{DEV}/channel-configurations"


def form(center: Smsc, **changes: str) -> dict[str, str]:
    """Acme's text messages, through this SMSC."""
    return {
        "channel": "sms",
        "name": "texts",
        "provider": "smpp",
        "sender_number": "+15550199",
        "retry_minutes": "60",
        "ps-host": center.host,
        "ps-port": str(center.port),
        "ps-security": "none",
        "ps-systemId": "acme",
        "ps-password": "secret",
        **changes,
    }


async def test_it_is_saved_and_tried(desk: Desk, ann: httpx.AsyncClient) -> None:
    async with smsc() as center:
        assert (await ann.post(f"{LIST}/new", data=form(center))).status_code == 303
        (made,) = await desk.house.retour.configurations.list(desk.house.dev)
        good = (await ann.post(f"{LIST}/{made.id}/verify")).text
        center.conduct.statuses["bind"] = 0x0E
        bad = (await ann.post(f"{LIST}/{made.id}/verify")).text
    assert made.provider_settings is not None
    assert made.provider_settings.values["port"] == center.port
    assert SYSTEM_ID in good
    assert "invalid password (ESME_RINVPASWD)" in bad
    assert center.binds == [("acme", "secret", "")] * 2


async def test_what_is_wrong_is_said_at_its_field(ann: httpx.AsyncClient) -> None:
    answer = await ann.post(f"{LIST}/new", data=form(Smsc(Conduct()), **{"ps-window": "101"}))
    assert answer.status_code == 422
    assert 'id="providerSettings-port-err"' in answer.text
    assert 'id="providerSettings-window-err"' in answer.text


async def test_the_password_is_not_led_to_another_smsc(desk: Desk, ann: httpx.AsyncClient) -> None:
    center = Smsc(Conduct())
    center.port = 2775
    await ann.post(f"{LIST}/new", data=form(center))
    (made,) = await desk.house.retour.configurations.list(desk.house.dev)
    edit = f"{LIST}/{made.id}/edit"
    for way in ({"ps-host": "192.0.2.7"}, {"ps-port": "2776"}, {"ps-security": "tls"}):
        answer = await ann.post(edit, data=Read((await ann.get(edit)).text).data | way)
        assert answer.status_code == 422
        assert 'id="providerSettings-password-err"' in answer.text
