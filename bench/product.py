"""The service as a process of its own, on a data directory of its own, set up through its API."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode
from urllib.request import urlopen

import msgspec

from bench.databases import Database
from bench.load import Order
from retour import client as api
from retour import config, limits
from retour.ids import new_secret

HOST = "127.0.0.1"  # stands for a name whose answer is still good; `localhost` is looked up anew each time
START_SECONDS, STOP_SECONDS = 30.0, 30.0
SANDBOX = "dev"
ORGANIZATION, MAIL = "bench{number}", "admin{number}@localhost"
CONFIGURATIONS = "/ajo/config/channel-configurations"
CAMPAIGNS = "/journey/campaigns/service/campaigns"
WEBHOOKS = "/ajo/config/feedback-webhooks"
EXECUTIONS = "/ajo/im/executions/unitary"
HTML = "<h1>Hello {{profile.person.name.firstName}}</h1><p>Your order {{context.order.number}} is on its way.</p>"
TEXT = "Hello {{profile.person.name.firstName}}, your order {{context.order.number}} is on its way."
LETTER = {"subject": "Your order {{context.order.number}}", "html": {"body": HTML}, "text": {"body": TEXT}}
TEXTED = {"name": "bench", "channel": "sms", "messageType": "transactional"}
MAILED = {
    "name": "bench",
    "channel": "email",
    "messageType": "transactional",
    "email": {"senderName": "Luma", "senderEmail": "no-reply@luma.example"},
}


class Product:
    """`with` it: made, started, set up. resting: without its rooms at work. sandboxes: each of its own organization."""

    def __init__(
        self,
        folder: Path,
        authority: Path,
        database: Database,
        *,
        host: str = HOST,
        resting: bool = False,
        sandboxes: int = 1,
    ) -> None:
        self.database = database
        self._folder = folder
        self._host = host
        self._sandboxes = sandboxes
        self._listen = f"127.0.0.1:{_free_port()}"
        self._module = "bench.resting" if resting else "retour"
        self._words = [] if resting else ["serve"]
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("RETOUR_")}
        self._environ |= {
            "RETOUR_DATA_DIR": str(folder),
            "RETOUR_DATABASE": database.url,
            "RETOUR_SECRET_KEY": new_secret(32),
            "RETOUR_LISTEN": self._listen,
            "RETOUR_CA_FILE": str(authority),
            "RETOUR_INTAKE_RATE": str(config.MOST_RATE),  # what is measured is the service, not its brake
        }

    def __enter__(self) -> Self:
        clients = [self._made(number) for number in range(self._sandboxes)]
        command = [sys.executable, "-m", self._module, *self._words]
        self._process = subprocess.Popen(command, env=self._environ, stdout=subprocess.DEVNULL)
        self.pid = self._process.pid
        try:
            self._until_ready(clients[0])
            self.spaces = [Space(client, self._host) for client in clients]
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def waiting(self) -> int:
        """Deliveries that are due, read from the store itself."""
        return self.database.waiting(self._folder)

    def _made(self, number: int) -> api.Client:
        """A sandbox, in an organization of its own."""
        named = ["--org", ORGANIZATION.format(number=number), "--email", MAIL.format(number=number)]
        command = [sys.executable, "-m", "retour", "init", "--json", *named]
        done = subprocess.run(command, env=self._environ, stdout=subprocess.PIPE, check=True)
        made = msgspec.json.decode(done.stdout)
        return api.Client(
            api.Credentials(
                base_url=f"http://{self._listen}",
                ims_org=made["imsOrg"],
                sandbox_name=SANDBOX,
                client_id=made["clientId"],
                client_secret=made["clientSecret"],
            )
        )

    def _until_ready(self, client: api.Client) -> None:
        end = time.monotonic() + START_SECONDS
        while not client.ready():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("retour serve did not start")
            time.sleep(0.05)

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Space:
    """One sandbox of the service. host: what its relay and its webhook are called."""

    def __init__(self, client: api.Client, host: str) -> None:
        self._client = client
        self._host = host

    def relay(self, port: int) -> str:
        """A campaign whose mail goes to the SMTP sink; its id."""
        smtp = {"host": self._host, "port": port, "maxConnections": 32}
        return self._campaign(MAILED | {"provider": "smtp", "smtp": smtp}, LETTER)

    def simulated(self) -> str:
        """A campaign whose mail goes nowhere; its id."""
        return self._campaign(MAILED | {"provider": "simulated"}, LETTER)

    def gateway(self, port: int, per_second: float | None = None) -> str:
        """A campaign whose text messages go to the gateway, by the provider that is described by settings; its id."""
        settings = {
            "providerUrl": f"https://{self._host}:{port}/messages",
            "payload": {"to": "{{toNumber}}", "text": "{{message}}", "dlr": "{{callbackUrl}}"},
            "authType": "bearer",
            "apiToken": new_secret(32),
            "messageIdPath": "id",
            "feedbackMapping": {"messageId": "id", "status": "status"},
            "statuses": {"DELIVRD": "delivered"},
        }
        sms = {"senderNumber": "+4915100000000", "atOnce": limits.SMS_AT_ONCE[1], "perSecond": per_second}
        given = TEXTED | {"provider": "custom", "providerSettings": settings, "sms": sms}
        return self._campaign(given, {"text": TEXT})

    def webhook(self, port: int) -> str:
        """The feedback webhook: JWT (HS256), signed, told of everything; its id."""
        claims = {"iss": "retour", "aud": "bench"}
        jwt = {"type": "jwt", "algorithm": "HS256", "secret": new_secret(32), "claims": claims}
        given = {
            "name": "bench",
            "channels": ["email", "sms"],
            "url": f"https://{self._host}:{port}/feedback",
            "authentication": jwt,
            "events": ["sent", "delivered", "bounce", "error", "delay"],
            "signed": True,
        }
        return str(self._client.post(WEBHOOKS, given)["id"])

    def tell(self, webhook: str, deed: str) -> None:
        """`pause` or `resume` the webhook."""
        self._client.post(f"{WEBHOOKS}/{webhook}/{deed}")

    def order(self, campaign: str, prefix: str, number: int, **more: Any) -> Order:
        """So many executions of a campaign, of one recipient each."""
        known = self._client.credentials
        headers = {
            "authorization": f"Bearer {_token(known)}",
            "x-api-key": known.client_id,
            "x-gw-ims-org-id": known.ims_org,
            "x-sandbox-name": SANDBOX,
            "content-type": "application/json",
        }
        port = int(known.base_url.rpartition(":")[2])
        return Order(
            port=port,
            path=EXECUTIONS,
            headers=headers,
            campaign=campaign,
            prefix=prefix,
            number=number,
            **more,
        )

    def _campaign(self, given: dict[str, Any], content: dict[str, Any]) -> str:
        configuration = self._client.post(CONFIGURATIONS, given)
        campaign = {
            "name": "Order sent",
            "channel": given["channel"],
            "channelConfigurationId": configuration["id"],
            "enableWebhooks": True,
            "content": content,
        }
        made = str(self._client.post(CAMPAIGNS, campaign)["campaignId"])
        self._client.post(f"{CAMPAIGNS}/{made}/publish")
        return made


def _token(known: api.Credentials) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": known.client_id,
        "client_secret": known.client_secret,
    }
    with urlopen(f"{known.base_url}/ims/token/v3", data=urlencode(form).encode()) as answer:
        return str(msgspec.json.decode(answer.read())["access_token"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
