"""API credentials: what programs sign in with. A secret is shown once, when it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from retour import audit, checks, ids, limits
from retour.audit import Deed, Noun, Place, Subject
from retour.errors import Code, NotFound
from retour.model import COMMAND_LINE, Actor, Credential, Scope, Value
from retour.passwords import hash_secret
from retour.stores import Store
from retour.stores.handovers import Changed, Stale, Step
from retour.stores.shelves import Shelves

ALL_SCOPES = (Scope.EXECUTE, Scope.CONFIGURE, Scope.READ)
DEFAULT_OVERLAP_HOURS = 24


class NewCredential(Value):
    """A credential with a secret just made, which is shown this once."""

    credential: Credential
    secret: str


class Credentials:
    """Create, list, rotate and revoke API credentials. forget: tells who checks tokens that one has changed."""

    def __init__(self, store: Store, shelves: Shelves, forget: Callable[[str], None]) -> None:
        self._store = store
        self._shelves = shelves
        self._forget = forget

    async def create(
        self, org: str, name: str, scopes: Sequence[str] = ALL_SCOPES, by: Actor = COMMAND_LINE
    ) -> NewCredential:
        """A client id and a secret. Raises Invalid."""
        _check(name, scopes)
        secret = ids.new_secret(32)
        credential = Credential(
            client_id=ids.new_id().replace("-", ""),
            org=org,
            name=name.strip(),
            scopes=tuple(scope for scope in ALL_SCOPES if scope in scopes),
            secret_hash=hash_secret(secret),
            created_at=ids.now(),
        )
        values = {
            "client_id": credential.client_id,
            "org": org,
            "name": credential.name,
            "scopes": " ".join(credential.scopes),
            "secret_hash": credential.secret_hash,
            "created_at": credential.created_at,
        }
        after = {"name": credential.name, "scopes": credential.scopes}
        insert = Step(statement="credential_insert", values=values)
        await self._store.write(Changed(steps=(insert, _entry(by, credential, Deed.CREATED, None, after))))
        return NewCredential(credential=credential, secret=secret)

    async def list(self, org: str) -> list[Credential]:
        """All of an organization, the oldest first."""
        return await self._shelves.credentials(org)

    async def get(self, org: str, client_id: str) -> Credential:
        """One of an organization. Raises NotFound."""
        found = await self._shelves.credential(client_id)
        if found is None or found.org != org:
            raise NotFound(Code.NOT_FOUND, f"There is no API credential {client_id} in {org}.")
        return found

    async def rotate(
        self,
        org: str,
        client_id: str,
        overlap_hours: int = DEFAULT_OVERLAP_HOURS,
        by: Actor = COMMAND_LINE,
    ) -> NewCredential:
        """A new secret; the one before, and tokens that were got for it, stay good for the overlap.

        One before that ends now. Raises NotFound, Invalid; Changed when somebody else rotates at this moment.
        """
        low, high = limits.CREDENTIAL_OVERLAP_HOURS
        problems = checks.Problems()
        problems.need("overlapHours", low <= overlap_hours <= high, f"Use {low} to {high} hours.")
        problems.refuse("The secret can't be changed like this.")
        stored, secret, now = await self.get(org, client_id), ids.new_secret(32), ids.now()
        until = now + overlap_hours * limits.HOUR
        values = {"org": org, "client_id": client_id, "number": stored.number}
        values |= {"secret_hash": hash_secret(secret)}
        values |= {"old_secret_hash": stored.secret_hash if overlap_hours else None}
        values |= {"old_until": until if overlap_hours else None}
        told = _entry(by, stored, Deed.ROTATED, None, {"secret": audit.SECRET, "old_secret_until": until})
        step = Step(statement="credential_rotate", values=values, guard=True)
        if isinstance(await self._store.write(Changed(steps=(step, told))), Stale):
            raise checks.stale("API credential", stored.number + 1)
        self._forget(client_id)
        return NewCredential(credential=await self.get(org, client_id), secret=secret)

    async def revoke(self, org: str, client_id: str, by: Actor = COMMAND_LINE) -> None:
        """Remove it: its secrets and tokens are of no use any more. Raises NotFound."""
        stored = await self.get(org, client_id)
        step = Step(statement="credential_delete", values={"org": org, "client_id": client_id}, guard=True)
        before = {"name": stored.name, "scopes": stored.scopes}
        told = _entry(by, stored, Deed.REVOKED, before, None)
        if isinstance(await self._store.write(Changed(steps=(step, told))), Stale):
            raise NotFound(Code.NOT_FOUND, f"There is no API credential {client_id} in {org}.")
        self._forget(client_id)


def _entry(by: Actor, credential: Credential, deed: Deed, before: object, after: object) -> Step:
    subject = Subject(Noun.CREDENTIAL, credential.client_id, credential.name)
    return audit.entry(by, Place(credential.org), deed, subject, before, after)


def _check(name: str, scopes: Sequence[str]) -> None:
    problems = checks.Problems()
    problems.add("name", checks.name(name, "credential"))
    problems.need("scopes", scopes, "Choose at least one scope.")
    for scope in scopes:
        problems.add("scopes", checks.one_of(scope, ALL_SCOPES, "A scope"))
    problems.refuse("The API credential can't be made like this.")
