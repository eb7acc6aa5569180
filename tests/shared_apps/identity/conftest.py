from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail

from tests.sandbox_process import SMS_KEY_ID, SMS_KEY_SECRET, Sandbox


@pytest.fixture
def texts(sandbox: Sandbox, settings: Any) -> Callable[[str], list[dict[str, Any]]]:
    """What the sandbox took in as text messages to a number, newest first."""
    settings.SMS_ENDPOINT = sandbox.base_url.removeprefix("http://")
    settings.SMS_PROTOCOL = "http"
    settings.SMS_ACCESS_KEY_ID, settings.SMS_ACCESS_KEY_SECRET = SMS_KEY_ID, SMS_KEY_SECRET
    return sandbox.inbox


@pytest.fixture
def letters() -> Iterator[list[mail.EmailMessage]]:
    mail.outbox.clear()
    yield mail.outbox
