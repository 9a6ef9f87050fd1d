"""Acme's program in front of a house, as in web/api."""

from web.api.conftest import acme, campaign_id, client

__all__ = ["acme", "campaign_id", "client"]
