"""Notifications: an event told to the house's webhook, signed, tried again, and never in the way of a film.

The scheme, `v1`: the header Reelhouse-Timestamp is the moment of sending in seconds since 1970, and
Reelhouse-Signature is "v1=" and the HMAC-SHA256, in hexadecimal digits, of timestamp, "." and body under the
shared secret. A receiver compares it in constant time and refuses what is older than some minutes. An event
that is sent again has the same `id`. Neither the address nor the secret is ever logged: addresses of chat
services are secrets themselves.
"""

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from logging import getLogger
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import httpx

from reelhouse.settings import Settings

EventName: TypeAlias = Literal[
    "film.done", "film.failed", "film.needs_approval", "campaign.done", "campaign.failed"
]
TIMEOUT = httpx.Timeout(10.0)
PAUSES_S = (1, 2, 4, 8, 16, 32, 60)  # between attempts: about two minutes of them
TRY_AGAIN = frozenset({408, 425, 429})  # of a 4xx; any 5xx is tried again

log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person or a program outside wants to know.

    Attributes:
        ids: what it is about: "render", "flow_run", "film" (artifact), "campaign".
        links: where to look: "run" is its page in Prefect.
        message: for people: a film's name, why it failed.
        id: the same however often it is sent.
    """

    event: EventName
    ids: Mapping[str, str]
    links: Mapping[str, str]
    message: str
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def body(self) -> bytes:
        """What is posted."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of Reelhouse-Signature."""
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def notify(settings: Settings, event: Event) -> threading.Thread | None:
    """Tell the house's webhook of an event, on a thread of its own; None where there is no webhook.

    The process does not end before the thread, which takes at most some minutes. Nothing is raised.
    """
    url, secret = settings.webhook_url.get_secret_value(), settings.webhook_secret.get_secret_value()
    if not url:
        return None
    if not secret or urlsplit(url).scheme not in ("http", "https"):
        log.error(
            "%s: not sent: REELHOUSE_WEBHOOK_URL is an http or https address, and REELHOUSE_WEBHOOK_SECRET "
            "signs what is sent: set both",
            event.event,
        )
        return None
    thread = threading.Thread(target=_deliver, args=(url, secret, event), name="webhook")
    thread.start()
    return thread


def _deliver(url: str, secret: str, event: Event) -> None:
    body = event.body()
    host = urlsplit(url).hostname
    for pause_s in (*PAUSES_S, None):
        try:
            status = _post(url, secret, event, body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            found, hopeless = type(error).__name__, isinstance(error, httpx.InvalidURL)
        else:
            if 200 <= status < 300:
                log.info("%s %s: told %s", event.event, event.id, host)
                return
            # A redirect is not followed: the address is the operator's to choose, not the receiver's.
            found, hopeless = f"status {status}", status < 500 and status not in TRY_AGAIN
        if hopeless or pause_s is None:
            log.warning("%s %s: not told to %s: %s", event.event, event.id, host, found)
            return
        time.sleep(pause_s)


def _post(url: str, secret: str, event: Event, body: bytes) -> int:
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "reelhouse",
        "Reelhouse-Event": event.event,
        "Reelhouse-Timestamp": timestamp,
        "Reelhouse-Signature": signature(secret, timestamp, body),
    }
    # A client would log the whole address, follow the environment's proxies and read the whole answer.
    request = httpx.Request(
        "POST", url, content=body, headers=headers, extensions={"timeout": TIMEOUT.as_dict()}
    )
    with httpx.HTTPTransport() as transport:
        answer = transport.handle_request(request)
        answer.close()
        return answer.status_code
