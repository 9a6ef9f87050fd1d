"""Logs: one line per named fact, JSON for machines, text on a terminal. Never content, addresses or secrets."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up(form: str, *, for_good: bool) -> None:
    """form: json, text, or empty for text on a terminal and JSON elsewhere. for_good: each logger is made once."""
    text = form == "text" or (not form and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=for_good,
    )
