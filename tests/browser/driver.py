"""Drives the playground's conversations in a real browser, as a member's hands would.

How SimCord's page is built, as far as this file depends on it:

- The composer is a text area, `#channel-composer-input`. Text that begins with `/` opens
  `.command-popup` with one `.command-entry` a command. Choosing one replaces the text area by a
  row with a `.command-pill` for each required option; the others are added from `.command-ghost`.
- An option's `.command-option-input` with the role `combobox` lists `.command-suggestion`s: fixed
  choices at once, members and autocompleted ones after a short pause and a visit to the bot. A
  list that is open when Enter is pressed takes its active entry; the send button takes none.
- A message is `article.channel-message`; its buttons are `.component-button`s. A modal is
  `#modal-root .modal-dialog` with a `.modal-field` for each control.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from tests.browser.tab import STEP_SECONDS, BrowserProblem, Tab

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.async_api import Browser, FloatRect, Locator, Page

__all__ = ["BrowserProblem", "Part", "PreviewPage", "Typed"]

Part = Literal["page", "conversation", "card", "modal"]

_MARGIN: Final = 10
# By a property: the page's Content-Security-Policy lets no style sheet of ours in.
_SET_COMPOSER: Final = "(how) => document.getElementById('channel-composer').style.visibility = how"


class Typed(str):
    """An option's value that is typed as it is: nothing is picked from the list it opens."""

    __slots__ = ()


class PreviewPage(Tab):
    """One tab of the playground. Every method returns once the page is at rest again."""

    def __init__(self, page: Page, address: str) -> None:
        super().__init__(page)
        self.address = address.rstrip("/")

    @classmethod
    async def new(
        cls, browser: Browser, address: str, *, width: int = 1200, height: int = 900, scale: int = 1
    ) -> PreviewPage:
        """A tab with cookies and a size of its own; `scale` is device pixels a CSS pixel."""
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=scale,
            reduced_motion="reduce",
        )
        return cls(await context.new_page(), address)

    async def open(self, viewer: str, channel: str) -> None:
        """Open a conversation: `("maple", "kindness")`, or `("maple", "dm")`."""
        place = f"dm-{viewer}" if channel == "dm" else channel
        answer = await self.page.goto(f"{self.address}/open/{place}/{viewer}")
        if answer is None or not answer.ok:
            raise BrowserProblem(f"{place} as {viewer}: {await self.page.inner_text('body')}")
        await self.rest()

    async def say(self, text: str) -> None:
        """Write an ordinary message."""
        await self._leave_command()
        await self.page.locator("#channel-composer-input").fill(text)
        await self.act("send_message", self.page.locator("#send-message").click)

    async def slash(self, command: str, **options: object) -> None:
        """Run a slash command, `slash("challenge join", challenge="Kind Words")`.

        Where an option has a list (autocomplete, fixed choices, members), the text is typed and
        the entry of that name is picked, or else the first that contains it; `Typed` picks none.
        """
        await self.type_slash(command, **options)
        await self.act("run_command", self.page.locator("#send-message").click)

    async def type_slash(self, command: str, **options: object) -> None:
        """What `slash` does, up to the point where it would be sent."""
        await self._leave_command()
        await self._pick_command(command)
        for name, value in options.items():
            await self._fill_option(name, value)
        await self.rest()

    async def commands(self) -> list[str]:
        """The commands that the viewer is offered here, at most the first 50."""
        await self._leave_command()
        composer = self.page.locator("#channel-composer-input")
        names = self.page.locator(".command-entry strong")

        async def listed() -> list[str] | None:
            if not await names.count():
                await composer.fill("")
                await composer.fill("/")
                await asyncio.sleep(5 * STEP_SECONDS)
            return await names.all_inner_texts() or None

        found = await self.until(listed, "the list of commands")
        await composer.fill("")
        return [name.removeprefix("/") for name in found]

    async def suggestions(self, command: str, option: str, text: str = "") -> list[str]:
        """What an option's list offers after `text` was typed."""
        await self._leave_command()
        await self._pick_command(command)
        field = await self._option(option)
        await field.fill(text)
        await self.until(lambda: self._answered(option), f"the list of {option}")
        return await self.page.locator(".command-suggestion-label").all_inner_texts()

    async def press(self, label: str) -> None:
        """Press the newest enabled button of that label, in whatever message it is."""
        exact = re.compile(rf"^\s*{re.escape(label)}\s*$")
        button = self.page.locator(
            "article.channel-message button.component-button:enabled",
            has=self.page.locator(".button-label", has_text=exact),
        )
        await self.act("click", button.last.click)

    async def choose(self, option: str) -> None:
        """Choose in the newest select menu that offers `option`."""
        await self.page.locator("article.channel-message .select-trigger").last.click()
        await self.act("select", self._select_option(option).click)

    async def fill_modal(self, values: Mapping[str, str]) -> None:
        """Fill the open modal: texts are typed, choices of a select or a radio are picked."""
        await self.page.locator("#modal-root .modal-dialog").wait_for()
        for label, value in values.items():
            exact = re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$")
            field = self.page.locator(
                ".modal-field", has=self.page.locator(".control-label", has_text=exact)
            )
            if await field.locator(".modal-input").count():
                await field.locator(".modal-input").fill(value)
            elif await field.locator(".select-trigger").count():
                await field.locator(".select-trigger").click()
                await self._select_option(value).click()
            else:
                await field.locator(".modal-choice", has_text=value).click()

    async def submit_modal(self) -> None:
        """Submit the open modal. Raises BrowserProblem when the page refuses what is in it."""
        await self.act(
            "modal_submit", self.page.locator("#modal-root .modal-actions .button-primary").click
        )

    async def cancel_modal(self) -> None:
        """Close the open modal without submitting it."""
        await self.page.locator("#modal-root .modal-actions .button-secondary").click()
        await self.rest()

    async def modal_title(self) -> str | None:
        """The open modal's title, or None."""
        title = self.page.locator("#modal-root .modal-title")
        return await title.inner_text() if await title.count() else None

    async def refresh(self) -> None:
        """Ask the page for what the bot has done by itself."""
        await self.act("refresh", self.page.locator("#refresh").click)

    async def screenshot(
        self,
        path: Path | str,
        *,
        width: int | None = None,
        of: Part = "page",
    ) -> Path:
        """Take a picture, at another width if one is given; `card` is the newest message."""
        before = self.page.viewport_size or {"width": 1200, "height": 900}
        await self._resize(width or before["width"], before["height"])
        # The message that is under the mouse, or has the focus, would show its toolbar.
        await self.page.mouse.move(0, 0)
        if of != "modal":
            await self.page.evaluate("() => document.activeElement?.blur()")
        if of == "card":
            await self._picture_of_card(path, before["height"])
        else:
            part = {
                "page": "body",
                "conversation": "#channel-layout",
                "modal": "#modal-root .modal-dialog",
            }[of]
            await self.page.locator(part).screenshot(path=path, animations="disabled")
        await self._resize(before["width"], before["height"])
        return Path(path)

    async def _picture_of_card(self, path: Path | str, height: int) -> None:
        """The newest message with a little room around it, in a page that is tall enough."""
        card = self.page.locator("article.channel-message").last
        box = await card.bounding_box()
        tall = max(height, int(box["height"] if box else 0) + 400)
        await self._resize((self.page.viewport_size or {"width": 1200})["width"], tall)
        await card.scroll_into_view_if_needed()
        box = await self.until(lambda: self._box_at_rest(card), "a card that stays where it is")
        await self.page.evaluate(_SET_COMPOSER, "hidden")
        await self.page.screenshot(
            path=path,
            animations="disabled",
            clip={
                "x": box["x"],
                "y": box["y"] - _MARGIN,
                "width": box["width"],
                "height": box["height"] + 2 * _MARGIN,
            },
        )
        await self.page.evaluate(_SET_COMPOSER, "")

    async def _box_at_rest(self, part: Locator) -> FloatRect | None:
        """Where it is, unless it moves: the page scrolls to its newest message by itself."""
        before = await part.bounding_box()
        await asyncio.sleep(5 * STEP_SECONDS)
        return before if before == await part.bounding_box() else None

    async def close(self) -> None:
        """Close the tab."""
        await self.page.context.close()

    async def _resize(self, width: int, height: int) -> None:
        if self.page.viewport_size != {"width": width, "height": height}:
            await self.page.set_viewport_size({"width": width, "height": height})
            # The page measures itself on the next frames and tells SimCord its new size.
            await self.page.wait_for_timeout(150)
        await self.rest()

    async def _leave_command(self) -> None:
        await self.rest()
        leave = self.page.locator(".command-context-close")
        if await leave.count():
            await leave.click()

    async def _pick_command(self, command: str) -> None:
        entry = self.page.locator(
            ".command-entry",
            has=self.page.locator("strong", has_text=re.compile(rf"^/{re.escape(command)}$")),
        )
        composer = self.page.locator("#channel-composer-input")

        async def offered() -> bool:
            if not await entry.count():
                # The list of commands may have arrived after the text did.
                await composer.fill("")
                await composer.fill(f"/{command}")
                await asyncio.sleep(5 * STEP_SECONDS)
            return bool(await entry.count())

        await self.until(offered, f"/{command} in the list of commands")
        await entry.click()

    async def _option(self, name: str) -> Locator:
        field = self.page.locator(f'.command-option-input[data-option="{name}"]')
        if not await field.count():
            await self.page.locator(".command-ghost").click()
            exact = re.compile(rf"^{re.escape(name)}$")
            label = self.page.locator(".command-suggestion-label", has_text=exact)
            await self.page.locator(".command-suggestion", has=label).click()
        return field

    async def _fill_option(self, name: str, value: object) -> None:
        field = await self._option(name)
        await field.fill(str(value))
        if await field.get_attribute("role") != "combobox":
            return
        if isinstance(value, Typed):
            # Its list is still on the way, and would arrive in the middle of the command.
            await self.until(lambda: self._answered(name), f"the list of {name}")
            return
        wanted = str(value).casefold()

        async def matching() -> int | None:
            labels = await self.page.locator(".command-suggestion-label").all_inner_texts()
            names = [label.casefold() for label in labels]
            if wanted in names:
                return names.index(wanted)
            answered = await self._answered(name)
            containing = (i for i, one in enumerate(names) if wanted in one)
            return next(containing, None) if answered else None

        index = await self.until(matching, f"{value!r} in the list of {name}")
        await self.page.locator(".command-suggestion").nth(index).click()

    async def _answered(self, option: str) -> bool:
        """Whether the bot has answered for what stands in the option now."""
        query = (await self.state()).get("commandPicker", {}).get("autocomplete", {})
        if query.get("option") != option:
            return True  # fixed choices and members come from SimCord itself
        if query.get("state") == "failed":
            raise BrowserProblem(f"The bot gave no list for {option}")
        return query.get("state") == "answered"

    def _select_option(self, label: str) -> Locator:
        return self.page.locator(
            ".select-option", has=self.page.locator(".option-label, .entity-name", has_text=label)
        ).last
