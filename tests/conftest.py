"""Fixtures for every test: a certificate authority, a house with Acme and Other Ltd, an HTTPS receiver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from cast import House, a_house
from outside.certificates import Authority
from outside.https import Endpoint, serving
from outside.postgres import Cluster

pytest_plugins = ["peers"]

settings.register_profile("steady", deadline=None)  # machines are shared; time is measured elsewhere
settings.load_profile("steady")


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Signs the certificates of the tests' servers; the house trusts it."""
    return Authority()


@pytest.fixture
async def house(tmp_path: Path, authority: Authority) -> AsyncIterator[House]:
    """Acme and Other Ltd on a store of their own."""
    async with a_house(tmp_path, authority.write(tmp_path)) as made:
        yield made


@pytest.fixture
async def receiver(authority: Authority) -> AsyncIterator[Endpoint]:
    """An HTTPS endpoint that answers 200 and keeps what came."""
    async with serving(tls=authority.server("127.0.0.1", "localhost")) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of the tests' own; tests that ask for it are marked `peer("postgres")`."""
    made = Cluster()
    made.start()
    yield made
    made.stop("immediate")
    made.remove()


@pytest.fixture
def postgres(cluster: Cluster) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)
