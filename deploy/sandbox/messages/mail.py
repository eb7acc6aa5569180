"""An SMTP server that keeps every letter and delivers none."""

from __future__ import annotations

import asyncio
import threading
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.world import World

from . import inbox


class Sink:
    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content or b""
        content = raw if isinstance(raw, bytes) else raw.encode()
        letter = message_from_bytes(content, policy=policy.default)
        part = letter.get_body(preferencelist=("plain", "html"))
        for recipient in envelope.rcpt_tos:
            inbox.keep(
                self._world.store,
                channel="mail",
                recipient=recipient,
                sender=envelope.mail_from or "",
                subject=str(letter["Subject"] or ""),
                body=part.get_content() if part is not None else "",
            )
        return "250 Kept"


class MailServer:
    """Runs in a thread of its own; port 0 takes a free one, told by `port` after `start`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail", daemon=True)
        self.port = 0

    def start(self) -> None:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    async def _listen(self) -> int:
        server = await self._loop.create_server(
            lambda: SMTP(Sink(self._world), enable_SMTPUTF8=True, hostname="sandbox"),
            host="127.0.0.1",
            port=self._world.config.smtp_port,
        )
        return int(server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
