"""One browser tab with SimCord's page in it: what it shows, when it is at rest, what it answered.

`window.simcordPreview` is the page's account of itself: `ready` (drawn, fonts loaded, nothing under
way), `authorized`, `pendingAction`, `commandPicker` and more. Its Content-Security-Policy forbids
`eval`, so Playwright's `wait_for_function` does not work there; `page.evaluate` does, and is asked
again until the answer is good. Whatever is typed or pressed is one POST to `/api/action`, whose
answer, the receipt, comes when the bot has done all that it had to do.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Page, Request, Response

T = TypeVar("T")

PATIENCE_SECONDS: Final = 15.0
STEP_SECONDS: Final = 0.03
AGAIN_SECONDS: Final = 1.5

_TEXTS: Final = """() => [...document.querySelectorAll("article.channel-message")].map((message) =>
  [...message.children]
    .filter((part) => !part.matches(
      "header, .message-interaction-header, .message-context-actions, .message-gutter-time"))
    .map((part) => part.innerText.trim()).filter(Boolean).join("\\n").replace(/\\n+/g, "\\n"))"""


class BrowserProblem(AssertionError):
    """The page did not do what a member would expect; says what it showed instead."""


class Tab:
    """Waits for the page. `until` and `act` raise BrowserProblem after PATIENCE_SECONDS."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.script_errors: list[str] = []
        self._asked: list[str] = []
        self._answers: list[tuple[str, Response]] = []
        page.set_default_timeout(PATIENCE_SECONDS * 1000)
        page.on("pageerror", lambda error: self.script_errors.append(str(error)))
        page.on("request", self._note_what_is_asked)
        page.on("response", self._note)

    async def texts(self) -> list[str]:
        """What each message says, oldest first, without authors, times and blank lines."""
        found: list[str] = await self.page.evaluate(_TEXTS)
        return found

    async def wait_for_text(self, text: str) -> str:
        """The newest message that contains `text`, once there is one."""

        async def newest() -> str | None:
            return next((one for one in reversed(await self.texts()) if text in one), None)

        return await self.until(newest, f"a message with {text!r}")

    async def state(self) -> dict[str, Any]:
        """SimCord's own account of its page; empty until its script has run."""
        found: dict[str, Any] | None = await self.page.evaluate("() => window.simcordPreview")
        return found or {}

    async def rest(self) -> dict[str, Any]:
        """Wait until the page is drawn and nothing is under way; returns its state."""

        async def resting() -> dict[str, Any] | None:
            state = await self.state()
            busy = state.get("pendingAction") or state.get("pendingQuery")
            return state if state.get("ready") and state.get("authorized") and not busy else None

        return await self.until(resting, "the page at rest")

    async def act(self, kind: str, deed: Callable[[], Awaitable[object]]) -> None:
        """Do something that the bot answers, wait for the answer, and check that it went well.

        A press is lost on a page that is just telling SimCord its new size: after a moment without
        any request it is done again.
        """
        await self.rest()
        self._asked.clear()
        self._answers.clear()
        await deed()
        done_at = time.monotonic()

        async def answer() -> Response | None:
            nonlocal done_at
            refused = self.page.locator(".field-error, .command-error")
            if await refused.count():
                raise BrowserProblem(f"The page refused it: {await refused.first.inner_text()}")
            if kind not in self._asked and time.monotonic() - done_at > AGAIN_SECONDS:
                await self.rest()
                if kind not in self._asked:
                    await deed()
                done_at = time.monotonic()
            return next((one for its_kind, one in self._answers if its_kind == kind), None)

        response = await self.until(answer, f"the answer to {kind}")
        if not response.ok:
            raise BrowserProblem(f"{kind} was answered {response.status}.\n{await self._seen()}")
        receipt = await response.json()
        await self.rest()
        if receipt["rejected"] or receipt["settlement"] != "settled":
            codes = [one.get("code") for one in receipt["diagnostics"]]
            raise BrowserProblem(f"{kind} {receipt['settlement']}: {codes}\n{await self._seen()}")

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        """Look until there is something; None and False are nothing yet."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (found := await look()) is None or found is False:
            if time.monotonic() > end:
                raise BrowserProblem(f"Waited in vain for {what}.\n{await self._seen()}")
            await asyncio.sleep(STEP_SECONDS)
        return found

    async def _seen(self) -> str:
        status = await self.page.locator("#action-status").all_inner_texts()
        return f"Status: {status}; messages: {await self.texts()}; {self.script_errors}"

    def _note_what_is_asked(self, request: Request) -> None:
        if kind := _kind_of(request):
            self._asked.append(kind)

    def _note(self, response: Response) -> None:
        """Keep the answers to what was done, with their kind."""
        if kind := _kind_of(response.request):
            self._answers.append((kind, response))


def _kind_of(request: Request) -> str | None:
    """What was done in the page, if that is what the request says; uploads are not JSON."""
    is_json = "json" in request.headers.get("content-type", "")
    if not is_json or not request.url.endswith("/api/action"):
        return None
    body: Any = request.post_data_json
    return str(body["kind"])
