"""What a sandbox may reach beyond the operator's allow-list."""

from __future__ import annotations

from retour.model import Sandbox, SandboxType, Value
from retour.outbound.addresses import Allowed, parse_allowed

LOOPBACK = parse_allowed("127.0.0.0/8,[::1]/128")


class Reach(Value):
    """`on_loopback`: only this machine can reach the service itself."""

    on_loopback: bool

    def also(self, sandbox: Sandbox) -> tuple[Allowed, ...]:
        """Loopback, for a development sandbox of a service on loopback: somebody's own machine."""
        trying = self.on_loopback and sandbox.type is SandboxType.DEVELOPMENT
        return LOOPBACK if trying else ()
