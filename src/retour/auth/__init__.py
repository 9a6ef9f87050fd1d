"""Who calls, and what they may do."""

from __future__ import annotations

from retour.errors import Code, Forbidden
from retour.model import Actor, ActorKind, Role, Sandbox, Scope, Value

SCOPES_OF = {
    Role.VIEWER: (Scope.READ,),
    Role.DEVELOPER: (Scope.READ, Scope.EXECUTE),
    Role.ADMINISTRATOR: (Scope.READ, Scope.EXECUTE, Scope.CONFIGURE),
}


class Caller(Value):
    """Somebody known, in one sandbox. by: who, as it is written down (a client id or an e-mail address)."""

    org: str
    sandbox: Sandbox
    by: str
    scopes: tuple[Scope, ...]

    @property
    def actor(self) -> Actor:
        """As it is written down beside what is changed."""
        return Actor(kind=ActorKind.CREDENTIAL, id=self.by, name=self.by)

    def need(self, scope: Scope) -> None:
        """Raises Forbidden without the scope."""
        if scope not in self.scopes:
            title = f"This needs the scope “{scope}”, which the credential does not have."
            raise Forbidden(Code.SCOPE_MISSING, title, context={"scope": scope})
