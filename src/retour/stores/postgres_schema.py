"""The schema on PostgreSQL: whether this database will do, and the migrations it has not seen."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import asyncpg

from retour import limits
from retour.errors import ConfigError
from retour.stores.sql import migrations

OLDEST = 15
LOCK = 7_238_465  # of nobody else: who migrates holds it, others wait
UNREADABLE = (
    "this is not a complete address, as in postgresql://user:password@host:5432/name. In a password, characters like "
    "@ : / ? # are written as %40 %3A %2F %3F %23."
)
REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,  # a wrong password is one
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


async def prepare(url: str) -> None:
    """The newest schema. Raises ConfigError when the database can't be used."""
    db = await connect(url)
    try:
        await _check(db)
        await migrate(db)
    except asyncpg.InsufficientPrivilegeError as error:
        raise ConfigError(
            f"RETOUR_DATABASE: {error}. Its role has to own the schema, to migrate it."
        ) from error
    finally:
        await db.close()


async def is_used(url: str) -> bool:
    """Whether a store is there already. Raises ConfigError."""
    db = await connect(url)
    try:
        return await _version(db) is not None
    finally:
        await db.close()


async def connect(url: str) -> asyncpg.Connection:
    """One connection. Raises ConfigError with what to do; the sentence holds no password."""
    try:
        return await asyncpg.connect(url, timeout=limits.COMMIT_SECONDS * 2)
    except REFUSED as error:
        raise ConfigError(f"RETOUR_DATABASE: PostgreSQL refuses: {error}.") from error
    except ValueError:  # its words may hold a part of the password
        raise ConfigError(f"RETOUR_DATABASE: {UNREADABLE}") from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        told = str(error) or type(error).__name__
        raise ConfigError(
            f"RETOUR_DATABASE: {_place(url)} can't be reached: {told}. Is PostgreSQL started, and does it listen there?"
        ) from error


def _place(url: str) -> str:
    """Host and database of it, without the password."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2] or 'PostgreSQL'}{parts.path}"


async def _check(db: asyncpg.Connection) -> None:
    version = db.get_server_version()
    if version.major < OLDEST:
        raise ConfigError(
            f"RETOUR_DATABASE: this is PostgreSQL {version.major}; {OLDEST} or newer is needed."
        )
    encoding = await db.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise ConfigError(f"RETOUR_DATABASE: the database is encoded in {encoding}; create one in UTF8.")


async def migrate(db: asyncpg.Connection) -> None:
    """Apply what this database has not seen, all in one transaction, one process at a time."""
    async with db.transaction():
        await db.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
        seen = await _version(db)
        newest = max(number for number, _ in migrations("postgres"))
        if seen is None:
            await db.execute("CREATE TABLE store_version (version BIGINT NOT NULL)")
        if seen is not None and seen > newest:
            raise ConfigError(
                f"The store is at version {seen}, this retour knows {newest}. Install the newer retour."
            )
        for number, script in migrations("postgres"):
            if number > (seen or 0):
                await db.execute(in_order_of_bytes(script))
                await db.execute("INSERT INTO store_version (version) VALUES ($1)", number)


async def _version(db: asyncpg.Connection) -> int | None:
    """The newest migration that it has seen; None where there is no store."""
    if await db.fetchval("SELECT to_regclass('store_version')") is None:
        return None
    return int(await db.fetchval("SELECT COALESCE(MAX(version), 0) FROM store_version"))


def in_order_of_bytes(script: str) -> str:
    """Text is compared by its bytes, as the other store does: keysets (`id < :before`) and lists come out alike."""
    return re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', script)
