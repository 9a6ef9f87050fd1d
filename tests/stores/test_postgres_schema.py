"""Opening a PostgreSQL database: migrated once, refused with a sentence when it can't be used."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from outside.postgres import Cluster
from retour.errors import ConfigError
from retour.stores import postgres_schema
from retour.stores.postgres import PostgresStore
from retour.stores.postgres_schema import in_order_of_bytes, prepare
from retour.stores.sql import migrations
from stores.desk import NOW
from stores.others import an_operator

pytestmark = pytest.mark.peer("postgres")


async def test_two_processes_that_start_at_once_migrate_once(postgres: str) -> None:
    await asyncio.gather(prepare(postgres), prepare(postgres), prepare(postgres))
    async with an_operator(postgres) as operator:
        rows = await operator.fetch("SELECT version FROM store_version ORDER BY version")
    assert [row[0] for row in rows] == [number for number, _ in migrations()]


async def test_a_newer_schema_is_refused(database: str) -> None:
    newest = max(number for number, _ in migrations())
    async with an_operator(database) as operator:
        await operator.execute("INSERT INTO store_version VALUES ($1)", newest + 1)
        try:
            with pytest.raises(ConfigError, match=f"at version {newest + 1}.*Install the newer retour"):
                await PostgresStore.open(database, NOW)
        finally:
            await operator.execute("DELETE FROM store_version WHERE version > $1", newest)
    await (await PostgresStore.open(database, NOW)).close()


async def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = max(number for number, _ in migrations())
    broken = (newest + 1, "CREATE TABLE half (id TEXT); CREATE TABLE setting (name TEXT);")
    monkeypatch.setattr(postgres_schema, "migrations", lambda plug: [*migrations(plug), broken])
    with pytest.raises(asyncpg.DuplicateTableError):
        await PostgresStore.open(database, NOW)
    async with an_operator(database) as operator:
        assert await operator.fetchval("SELECT MAX(version) FROM store_version") == newest
        assert await operator.fetchval("SELECT to_regclass('half')") is None


async def test_hot_tables_leave_room_on_their_pages_and_every_text_is_in_order_of_bytes(
    database: str,
) -> None:
    async with an_operator(database) as operator:
        options = await operator.fetchval("SELECT reloptions FROM pg_class WHERE relname = 'delivery'")
        other = await operator.fetch(
            "SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
            "WHERE relnamespace = 'public'::regnamespace AND atttypid = 'text'::regtype AND attcollation <> 950"
        )
    assert "fillfactor=80" in options
    assert other == []
    assert 'TEXT COLLATE "C"' in in_order_of_bytes("id TEXT")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("/retour_", "/nowhere_"), "nowhere"),
        (("//postgres@", "//nobody:the-password@"), "nobody"),
        (("host=", "host=/nowhere"), "can't be reached"),
        (("postgresql://postgres@", "postgresql://postgres:the-password@[::1"), "not a complete address"),
    ],
)
async def test_a_database_that_cannot_be_used_is_told_without_its_password(
    database: str, change: tuple[str, str], why: str
) -> None:
    with pytest.raises(ConfigError, match="RETOUR_DATABASE") as caught:
        await PostgresStore.open(database.replace(*change), NOW)
    assert why in str(caught.value)
    assert "the-password" not in str(caught.value)


async def test_a_server_that_is_too_old_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_schema, "OLDEST", 99)
    with pytest.raises(ConfigError, match=r"this is PostgreSQL \d+; 99 or newer is needed"):
        await PostgresStore.open(database, NOW)


async def test_a_database_in_another_encoding_is_refused(cluster: Cluster) -> None:
    cluster.sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc")
    with pytest.raises(ConfigError, match="encoded in LATIN1; create one in UTF8"):
        await PostgresStore.open(cluster.url("latin"), NOW)
    cluster.drop("latin")


async def test_a_role_that_may_not_make_tables_is_told_so_and_one_that_need_not_may_serve(
    cluster: Cluster, database: str, postgres: str
) -> None:
    cluster.sql("DROP ROLE IF EXISTS clerk")
    cluster.sql("CREATE ROLE clerk LOGIN")
    with pytest.raises(ConfigError, match=r"permission denied.*has to own the schema"):
        await PostgresStore.open(postgres.replace("//postgres@", "//clerk@"), NOW)
    name = database.partition("@/")[2].partition("?")[0]
    cluster.sql("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO clerk", name)
    await (await PostgresStore.open(database.replace("//postgres@", "//clerk@"), NOW)).close()
    cluster.sql("DROP OWNED BY clerk", name)
