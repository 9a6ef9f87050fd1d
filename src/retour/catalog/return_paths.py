"""Looks at the way back of a channel configuration: would mail that comes back arrive here?"""

from __future__ import annotations

from retour.config import MailListener
from retour.marks import COMPLAINTS
from retour.model import ChannelConfiguration, Sandbox, Value
from retour.outbound import Outbound
from retour.outbound.addresses import Problem
from retour.stores.report_shelves import ReportShelves


class WayBack(Value):
    """What is known of it. listeners: where mail is taken here. hosts: where mail for the domain goes, the first first.

    trouble: why these can't be told. complaints: the address for feedback loops. last_at: when a mail last came back
    in the sandbox, microseconds.
    """

    domain: str
    listeners: tuple[str, ...]
    hosts: tuple[str, ...]
    trouble: str | None
    complaints: str
    last_at: int | None


class ReturnPaths:
    """Looks at the return path domain of a configuration. It sends nothing."""

    def __init__(
        self, outbound: Outbound, returned: ReportShelves, listeners: tuple[MailListener, ...]
    ) -> None:
        self._outbound = outbound
        self._returned = returned
        self._listeners = tuple(f"{one.scheme}://{one.host}:{one.port}" for one in listeners)

    @property
    def listening(self) -> bool:
        """Whether mail that comes back is taken here."""
        return bool(self._listeners)

    async def check(self, sandbox: Sandbox, configuration: ChannelConfiguration) -> WayBack | None:
        """None of a configuration without a return path domain."""
        domain = domain_of(configuration)
        if domain is None:
            return None
        found = await self._outbound.mail_hosts(domain, sandbox.org)
        return WayBack(
            domain=domain,
            listeners=self._listeners,
            hosts=() if isinstance(found, Problem) else found,
            trouble=found.sentence if isinstance(found, Problem) else None,
            complaints=f"{COMPLAINTS}@{domain}",
            last_at=await self._returned.newest(sandbox.id),
        )


def domain_of(configuration: ChannelConfiguration) -> str | None:
    """Where mail comes back to that a relay was given; None where it has no such domain, or no relay."""
    return configuration.email.return_path_domain if configuration.smtp and configuration.email else None
