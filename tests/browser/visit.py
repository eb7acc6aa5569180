"""A person at a browser: presses what is to be seen, and notices what is wrong with any page on the way."""

from __future__ import annotations

import random
import re
import time
from typing import Any, ClassVar
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Response, expect

from tests.sandbox_process import until
from tests.stack import ROOT, Stack

DESK, PHONE, SMALL_PHONE = 1440, 390, 360
PICTURES = ROOT / ".data" / "screenshots"
AXE = ROOT / "platform" / "ncmatch" / "static" / "vendor" / "axe.js"
SERIOUS = ("serious", "critical")
CODE = re.compile(r"\b(\d{6})\b")
# What a customer never reads: states, codes and exceptions as the program calls them.
CODES = re.compile(r"\b(?:[A-Z]{3,}_[A-Z_]{3,}|None|Traceback|undefined|NaN|\w+\.\w+_\w+Error)\b")


class Visit:
    # (width, name) of what was looked at, by whomever: a page is examined once a run.
    looked: ClassVar[set[tuple[int, str]]] = set()

    def __init__(self, page: Page, stack: Stack, shop: str, width: int) -> None:
        self.page, self.stack, self.shop, self.width = page, stack, shop, width
        self.problems: list[str] = []
        self._expected: set[int] = set()
        page.set_default_timeout(15_000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._note(f"script error: {error}"))
        page.on("response", self._answered)

    # ——— going about ———

    def open(self, path: str, *, expect_status: int = 200) -> None:
        if expect_status != 200:
            self._expected.add(expect_status)
        answer = self.page.goto(self.stack.url(self.shop, path))
        assert answer is not None
        assert answer.status == expect_status, f"{path}: {answer.status}"

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def allow(self, status: int) -> None:
        """The page to come may answer so."""
        self._expected.add(status)

    def button(self, name: str) -> Locator:
        """The one that can be seen: on a phone it may be the bar at the bottom."""
        return self._seen(self.page.get_by_role("button", name=name, exact=True))

    def link(self, name: str) -> Locator:
        return self._seen(self.page.get_by_role("link", name=name, exact=True))

    def press(self, name: str) -> None:
        """A button or a link with this text."""
        either = self.page.get_by_role("button", name=name, exact=True).or_(
            self.page.get_by_role("link", name=name, exact=True)
        )
        self._seen(either).click()

    def choose(self, label: str | re.Pattern[str]) -> None:
        """A tick or a choice by the words beside it, as a finger does."""
        self._seen(self.page.locator("label").filter(has_text=label)).click()

    def fill(self, label: str, text: str) -> None:
        self._seen(self.page.get_by_label(label, exact=True)).fill(text)

    def sees(self, text: str | re.Pattern[str], *, seconds: float = 15) -> None:
        expect(self.page.locator("body")).to_contain_text(text, timeout=seconds * 1000)

    def text(self) -> str:
        return str(self.page.locator("body").inner_text())

    @staticmethod
    def _seen(found: Locator) -> Locator:
        return found.locator("visible=true").first

    # ——— people ———

    def sign_up(self, contact: str = "", *, name: str = "") -> str:
        """From the log-in page to a new account; returns the number or address."""
        contact = contact or new_phone()
        if "/accounts/" not in self.path:
            self.open("/accounts/login/")
        self.link("注册").click()
        self.fill("手机号或邮箱", contact)
        if name:
            self._seen(self.page.get_by_label("称呼")).fill(name)
        self.page.get_by_label("我已阅读并同意服务条款").check()
        self.look("sign-up")
        self.press("获取验证码")
        self.sees("填写验证码")
        self.look("sign-up-code")
        self.fill("验证码", self.code_sent_to(contact))
        self.press("完成注册" if "@" not in contact else "确认")
        self.page.wait_for_url(lambda url: "/accounts/" not in url)
        return contact

    def log_in_by_code(self, contact: str) -> None:
        self.open("/accounts/login/")
        self.page.locator("#id_contact").fill(contact)
        seen = self._messages(contact)
        self.press("获取验证码")
        self.sees("填写验证码")
        self.fill("验证码", self.code_sent_to(contact, beyond=len(seen)))
        self._seen(self.page.get_by_role("button", name="登录", exact=True)).click()
        self.page.wait_for_url(lambda url: "/accounts/" not in url)

    def log_in(self, login: str = "13800000001", password: str = "ncmatch-demo-2026") -> None:
        self.open("/accounts/login/")
        self.page.get_by_text("用密码登录").click()
        form = self.page.locator("#by-password")
        form.locator("#id_login").fill(login)
        form.locator("#id_password").fill(password)
        form.get_by_role("button", name="登录").click()
        self.page.wait_for_url(lambda url: "/accounts/" not in url)

    def code_sent_to(self, contact: str, *, beyond: int = 0) -> str:
        """The newest code, once there are more messages than before."""

        def newest() -> str:
            messages = self._messages(contact)
            found = CODE.search(messages[0]["text"]) if len(messages) > beyond else None
            return found[1] if found else ""

        return str(until(newest))

    def _messages(self, contact: str) -> list[dict[str, Any]]:
        inbox = self.stack.sandbox()
        return inbox.inbox(contact) or inbox.inbox(f"+86{contact}")

    # ——— noticing ———

    def look(self, name: str) -> None:
        """Keeps a picture, and notes what is wrong: sideways scroll, program words, what axe finds."""
        if (self.width, name) in self.looked:
            return
        self.looked.add((self.width, name))
        self.page.wait_for_load_state()
        self.photograph(name)
        self._measure(self.width)
        if self.width == PHONE:
            height = (self.page.viewport_size or {"height": 844})["height"]
            self.page.set_viewport_size({"width": SMALL_PHONE, "height": height})
            self._measure(SMALL_PHONE)
            self.page.set_viewport_size({"width": PHONE, "height": height})
        for word in sorted(set(CODES.findall(self.text())))[:5]:
            self._note(f"a word of the program on the page: {word}")
        self._ask_axe()

    def _ask_axe(self) -> None:
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
        )
        for violation in found:
            if violation["impact"] in SERIOUS:
                where = "; ".join(" ".join(node["target"]) for node in violation["nodes"][:4])
                self._note(f"axe: {violation['impact']} {violation['id']}: {where}")

    def photograph(self, name: str) -> None:
        folder = PICTURES / str(self.width)
        folder.mkdir(parents=True, exist_ok=True)
        picture = folder / f"{name}.png"
        self.page.screenshot(path=picture, full_page=True)
        print(f"picture: {picture.relative_to(ROOT)}")

    def _measure(self, width: int) -> None:
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            self._note(f"scrolls sideways at {width} px: {wide} px wide")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        said = re.search(r"status of (\d+)", message.text)
        if said and int(said[1]) in self._expected:
            return
        self._note(f"console {message.type}: {message.text}")

    def _answered(self, answer: Response) -> None:
        if answer.status >= 400 and answer.status not in self._expected:
            self._note(f"{answer.request.method} {answer.url} answered {answer.status}")

    def _note(self, problem: str) -> None:
        said = f"[{self.width}] {self.path}: {problem}"
        if said not in self.problems:
            self.problems.append(said)


def new_phone() -> str:
    return f"139{random.randrange(10**8):08d}"


def new_mailbox() -> str:
    return f"buyer-{time.time_ns()}@example.com"


def newest_trade(stack: Stack, order: str) -> dict[str, Any]:
    """What the payment provider knows of an order of ours."""

    def found() -> dict[str, Any] | None:
        trades = stack.sandbox().trades()
        return next((trade for trade in trades if order in trade["subject"]), None)

    trade: dict[str, Any] = until(found)
    return trade
