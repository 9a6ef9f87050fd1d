"""The plugs with somebody outside, made from the settings: the way out by HTTP, channels, the sender of alerts."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from retour import __version__, certificates, limits, smsproviders
from retour.alerts import Post
from retour.channels import CHANNELS, Channel
from retour.channels.dialling import Trust
from retour.config import Settings, relay_of
from retour.outbound import Outbound, names
from retour.outbound.addresses import Allowed, Problem, parse_allowed

RELAY_ALLOW = "RETOUR_RELAY_ALLOW"


def outbound_of(settings: Settings) -> Outbound:
    """The one way out by HTTP."""
    return Outbound(
        allowed=parse_allowed(settings.target_allow),
        ca_files=_ca_files(settings),
        user_agent=f"retour/{__version__}",
    )


def channels_of(settings: Settings, outbound: Outbound) -> dict[str, Channel]:
    """By what a channel configuration has as its provider."""
    http = _plug("sms_http")(outbound.ask, relays_allowed(settings))
    by_http = dict.fromkeys(smsproviders.PROVIDERS, http)
    smpp = _plug("smpp")(*_dialling(settings))
    return {"smtp": _smtp(settings), "smpp": smpp, "simulated": _plug("simulated")(), **by_http}


def relays_allowed(settings: Settings) -> tuple[Allowed, ...]:
    """Addresses that relays, SMSCs and SMS providers may have besides public ones."""
    return parse_allowed(settings.relay_allow, RELAY_ALLOW)


def _smtp(settings: Settings, **more: Any) -> Channel:
    return _plug("smtp")(*_dialling(settings), **more)


def _dialling(settings: Settings) -> tuple[Callable[..., Any], Trust]:
    """Relays and SMSCs that may be dialled, and whom their certificates must be of."""
    allowed = relays_allowed(settings)
    vet = partial(_relay_addresses, allowed=allowed, resolver=names.DnsResolver())
    return vet, lru_cache(maxsize=1)(partial(_trust, _ca_files(settings)))


def _trust(files: tuple[Path, ...]) -> ssl.SSLContext:
    """Made when somebody speaks TLS: reading the system's authorities takes 20 ms."""
    context = ssl.create_default_context()
    for file in files:
        context.load_verify_locations(file)
    return context


def post_of(settings: Settings) -> Post | None:
    """Alerts by e-mail, if there is a relay for them."""
    relay = relay_of(settings.alert_smtp)
    if relay is None:
        return None
    return Post(_smtp(settings, budget_seconds=limits.ALERT_MAIL_SECONDS), *relay, settings.alert_from)


def _plug(name: str) -> Callable[..., Channel]:
    """Imported on first use, by its dotted name."""
    module, _, attribute = CHANNELS[name].partition(":")
    plug: Callable[..., Channel] = getattr(import_module(module), attribute)
    return plug


async def _relay_addresses(
    host: str, port: int, org: str, *, allowed: tuple[Allowed, ...], resolver: names.Resolver
) -> tuple[str, ...] | str:
    """The addresses of a relay that may be dialled, or a sentence why not."""
    found = await names.vet(host, port, org, allowed, resolver, setting=RELAY_ALLOW)
    return found.sentence if isinstance(found, Problem) else found.addresses


def _ca_files(settings: Settings) -> tuple[Path, ...]:
    """Our own CA, for receivers on this machine, and the operator's."""
    own = certificates.ensure_ca(settings.data_dir / "ca").path
    return (own, Path(settings.ca_file)) if settings.ca_file else (own,)
