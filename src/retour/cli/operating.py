"""What the operator's commands share: each does one deed on the store, or has the running service do it."""

from __future__ import annotations

import asyncio
from typing import Any

import click
import msgspec

from retour import app, config, logs
from retour.client import ApiError, UnreachableError, ask_control, running_url
from retour.errors import Busy, ConfigError, Refused, StoreInUse

in_org = click.option("--org", default="myImsOrg", show_default=True, help="Id of the organization.")


def read_settings() -> config.Settings:
    """The settings, and from here on a log beside what is printed. Exits with a sentence when they are wrong."""
    try:
        settings = config.load()
    except ConfigError as error:
        raise failure(str(error)) from None
    logs.set_up(settings.log_format, for_good=False)
    return settings


def do(deed: str, settings: config.Settings | None = None, **words: Any) -> Any:
    """On the store itself, or by the running service when that one holds it. Exits with a sentence."""
    settings = settings or read_settings()
    try:
        return asyncio.run(_beside(settings, deed, words))
    except StoreInUse:
        return _by_service(settings, deed, words)
    except (Busy, ConfigError, Refused) as error:
        raise failure(_sentence(error)) from None


def link(settings: config.Settings, token: str) -> str:
    """The address that signs somebody in."""
    return f"{settings.base_url}/admin/sign-in/{token}"


def failure(sentence: str) -> SystemExit:
    """Told in one line, without a traceback; exit status 2."""
    click.echo(f"retour: {sentence}", err=True)
    return SystemExit(2)


async def _beside(settings: config.Settings, deed: str, words: dict[str, Any]) -> Any:
    retour = await app.build(settings)
    try:
        return msgspec.to_builtins(await getattr(retour.operator, deed)(**words))
    finally:
        await retour.close()


def _by_service(settings: config.Settings, deed: str, words: dict[str, Any]) -> Any:
    try:
        url = running_url(settings.data_dir) or settings.base_url
        return ask_control(url, app.control_token(settings), deed, words, settings.ca_file)
    except UnreachableError as error:
        raise failure(str(error)) from None
    except ApiError as error:
        sentences = [text for text in error.context.values() if text.endswith(".")]
        raise failure(" ".join(dict.fromkeys([error.title, *sentences]))) from None


def _sentence(error: Exception) -> str:
    if isinstance(error, Refused) and error.fields:
        return " ".join(dict.fromkeys([error.title, *(field.message for field in error.fields)]))
    return str(error)
