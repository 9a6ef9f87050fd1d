"""Commands that run inside a test set up the log of its process, which belongs to the next test, too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Put back what a command changed."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
