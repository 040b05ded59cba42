"""Pictures of every kind of card: `uv run python -m tests.browser.screenshots [folder]`.

The real bot runs as a newcomer starts it, and people use it in a browser; each card is taken at
phone and desktop width. `--readme` makes the few that the README shows, in `docs/images`.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import Image

from bot.embedded import EmbeddedServer
from tests.browser import chromium, history
from tests.browser.driver import Part, PreviewPage, Typed
from tests.browser.newcomer import playing
from tests.postgres import temporary_folder
from tests.process.bots import PROJECT

if TYPE_CHECKING:
    from playwright.async_api import Browser

PHONE: Final = 390
DESKTOP: Final = 1200
README: Final = frozenset(
    {
        "front-page-desktop",
        "challenge-today-phone",
        "challenge-done-phone",
        "quest-today-three-phone",
        "me-phone",
        "daily-post-phone",
        "award-desktop",
    }
)

SECOND_CHALLENGE: Final = "2"  # the id of "Kind to the Living World" on a fresh database
WORDS: Final = (
    "I called my grandmother (she is 91!) - we laughed for 20 minutes.\n"
    "She said: *come on Sunday*. I will, with #cake & tea."
)


class Album:
    """A folder of pictures, or of those among them that are wanted."""

    def __init__(self, folder: Path, wanted: Collection[str] = ()) -> None:
        self.folder = folder
        self.wanted = wanted
        self.taken: list[str] = []

    async def take(self, name: str, page: PreviewPage, of: Part = "card") -> None:
        """Take what the page shows last, at both widths."""
        for picture, width in self.wants(name):
            self.keep(await page.screenshot(self.folder / f"{picture}.png", width=width, of=of))

    def wants(self, name: str) -> list[tuple[str, int]]:
        """The pictures of something that are wanted, each with its width."""
        both = [(f"{name}-phone", PHONE), (f"{name}-desktop", DESKTOP)]
        return [one for one in both if not self.wanted or one[0] in self.wanted]

    def keep(self, path: Path) -> None:
        """Make a picture small: text on flat colours needs no more than 256 of them."""
        with Image.open(path) as image:
            small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        small.save(path, optimize=True)
        self.taken.append(path.stem)


async def front_page(album: Album, browser: "Browser", address: str) -> None:
    """The playground's own page."""
    for picture, width in album.wants("front-page"):
        page = await browser.new_page(viewport={"width": width, "height": 800})
        await page.goto(address)
        path = album.folder / f"{picture}.png"
        await page.screenshot(path=path, full_page=True)
        album.keep(path)
        await page.close()


async def a_fresh_member(album: Album, maple: PreviewPage) -> None:
    """Everything that a member sees on the first day of a challenge."""
    await maple.slash("help")
    await album.take("help", maple)
    await maple.slash("me")
    await album.take("me-fresh", maple)
    await maple.slash("challenge progress")
    await album.take("challenge-progress-empty", maple)
    await maple.slash("challenge today")
    await album.take("error-not-joined", maple)
    await maple.slash("challenge list")
    await album.take("challenge-list", maple)
    await maple.slash("challenge view", challenge="Power of Kindness")
    await album.take("challenge-view", maple)
    await maple.press("Join")
    await album.take("challenge-joined", maple)
    await maple.slash("challenge join", challenge="Living World")
    await album.take("challenge-must-switch", maple)
    await maple.slash("challenge today")
    await album.take("challenge-today", maple)
    await maple.press("I did it")
    await album.take("challenge-done", maple)
    await maple.press("Add a reflection")
    await maple.fill_modal({"How was it?": WORDS})
    await album.take("reflection-form", maple, of="modal")
    await maple.submit_modal()
    await album.take("reflected", maple)
    await maple.slash("challenge today")
    await album.take("challenge-today-done", maple)
    await maple.slash("challenge done")
    await album.take("error-too-early", maple)
    await maple.slash("challenge done", reflection="word " * 600)
    await album.take("reflected-long", maple)


async def quests(album: Album, maple: PreviewPage) -> None:
    """One mystery quest, then three."""
    await maple.slash("quest list")
    await album.take("quest-list", maple)
    await maple.slash("quest view", quest="Small Surprises")
    await album.take("quest-view", maple)
    await maple.press("Start")
    await album.take("quest-started", maple)
    await maple.slash("quest today")
    await album.take("quest-today", maple)
    await maple.slash("quest start", quest="Mud on Your Boots")
    await maple.slash("quest start", quest="A Year of Kindness")
    await maple.slash("quest today")
    await album.take("quest-today-three", maple)
    await maple.slash("quest done", reflection=WORDS.replace("\n", " "))
    await album.take("quest-which", maple)
    await maple.press("I did Small Surprises")
    await album.take("quest-done", maple)
    await maple.slash("quest done", quest="A Year", reflection=WORDS.replace("\n", " "))
    await album.take("quest-done-reflected", maple)
    await maple.slash("quest start", quest="The Braver Kindness")
    await album.take("error-too-many-quests", maple)
    await maple.slash("quest progress")
    await album.take("quest-progress", maple)
    await maple.slash("quest leave", quest="Mud on Your Boots")
    await album.take("quest-left", maple)


async def kai(album: Album, maple: PreviewPage) -> None:
    """Talking to KAI, and having it forget."""
    await maple.slash("kai ask", message="Someone new moved in next door. What could I do?")
    await album.take("kai-ask", maple)
    await maple.slash("kai ask", message="I do not want to live any more.")
    await album.take("kai-crisis", maple)
    await maple.slash("kai forget")
    await album.take("kai-forget", maple)
    await maple.press("Forget them all")
    await album.take("kai-forgotten", maple)


async def settings(album: Album, maple: PreviewPage) -> None:
    """Settings, and what is said when something is not right."""
    await maple.slash("settings timezone", zone="Toronto")
    await album.take("settings-timezone", maple)
    await maple.slash("settings leaderboard", show="False")
    await album.take("settings-leaderboard", maple)
    await maple.slash("settings timezone", zone=Typed("Atlantis"))
    await album.take("error-unknown-zone", maple)
    await maple.slash("settings leaderboard", show="True")
    await maple.slash("challenge view", challenge=Typed("999"))
    await album.take("error-unknown", maple)


async def somebody_with_a_history(album: Album, river: PreviewPage) -> None:
    """The same cards after some weeks, and the end of a challenge."""
    await river.slash("me")
    await album.take("me", river)
    await river.slash("challenge progress")
    await album.take("challenge-progress", river)
    await river.slash("challenge join", challenge=Typed(SECOND_CHALLENGE))
    await album.take("error-finished-before", river)
    await river.slash("challenge today")
    await album.take("challenge-today-last", river)
    await river.press("I did it")
    await album.take("challenge-finished", river)
    await river.press("Share that I finished")
    await album.take("share-finished", river)


async def badges(album: Album, river: PreviewPage, sage: PreviewPage) -> None:
    """Badges, looked at and given."""
    await river.slash("badge list")
    await album.take("badge-list", river)
    await river.slash("badge show", badge="Seedling")
    await album.take("badge-show", river)
    await river.press("Share it here")
    await album.take("share-badge", river)
    await river.slash("badge show", badge="Old Tree")
    await album.take("badge-show-not-yet", river)
    reason = "For sitting with the new ones every Friday, and for never being in a hurry."
    award = {"member": "River", "badge": "Good Listener"}
    await sage.slash("moderate award", **award, reason=reason)
    await album.take("award", sage)
    await sage.slash("moderate award", **award)
    await album.take("error-has-it", sage)
    await river.slash("badge earned")
    await album.take("badge-earned", river)
    await sage.slash("badge earned", member="River")
    await album.take("badge-earned-of-another", sage)
    await sage.slash("moderate revoke", **award)
    await album.take("revoked", sage)


async def the_catalogue(album: Album, sage: PreviewPage) -> None:
    """The forms of those who keep the catalogue."""
    await sage.slash("catalog challenge-add")
    await album.take("catalogue-challenge-form", sage, of="modal")
    await sage.fill_modal({"Name": "Three *Warm* Days", "Description": "For cold weeks."})
    await sage.submit_modal()
    await album.take("catalogue-added", sage)
    await sage.slash("catalog quest-add")
    await album.take("catalogue-quest-form", sage, of="modal")
    await sage.fill_modal({"Name": "Oops", "Description": "Kept?", "How many days?": "none"})
    await sage.submit_modal()
    await album.take("error-handed-back", sage)
    await sage.slash("catalog badge-add")
    await album.take("catalogue-badge-form", sage, of="modal")
    await sage.cancel_modal()


async def daily_posts(album: Album, maple: PreviewPage, sage: PreviewPage) -> None:
    """A day goes by; the post comes, and is done."""
    await sage.slash("daily status")
    await album.take("daily-status", sage)
    await sage.slash("daily preview")
    await album.take("daily-preview", sage)
    await maple.slash("settings reminder time", at="8:00")
    await album.take("reminder-set", maple)
    await maple.slash("playground tomorrow")
    await maple.wait_for_text("Today's kind act")
    await album.take("daily-post", maple)
    await maple.press("I did it")
    await maple.wait_for_text("person has done it so far")
    await album.take("daily-post-done", maple)
    await maple.press("My day")
    await album.take("my-day", maple)


async def the_end(album: Album, maple: PreviewPage, river: PreviewPage) -> None:
    """Leaving, and the leaderboard."""
    await river.slash("leaderboard")
    await album.take("leaderboard", river)
    await maple.slash("challenge leave")
    await album.take("challenge-left", maple)
    await maple.slash("help")
    await album.take("conversation", maple, of="conversation")


async def picture_all(album: Album, browser: "Browser", address: str, data: Path) -> None:
    """Go through all of it."""
    await front_page(album, browser, address)
    async with _viewers(browser, address) as (maple, river, sage):
        await a_fresh_member(album, maple)
        await quests(album, maple)
        await kai(album, maple)
        await river.slash("help")
        await sage.slash("help")
        async with EmbeddedServer(data / "postgres") as server:
            await history.write(server.url)
        await somebody_with_a_history(album, river)
        await badges(album, river, sage)
        await the_catalogue(album, sage)
        await the_end(album, maple, river)
        await settings(album, maple)
        await daily_posts(album, maple, sage)


@asynccontextmanager
async def _viewers(browser: "Browser", address: str) -> AsyncGenerator[list[PreviewPage]]:
    pages: list[PreviewPage] = []
    for name in ("maple", "river", "sage"):
        page = await PreviewPage.new(browser, address, width=DESKTOP, scale=2)
        await page.open(name, "kindness")
        pages.append(page)
    yield pages


async def main(arguments: list[str]) -> None:
    """Make the pictures, and say where they are."""
    readme = "--readme" in arguments
    folders = [Path(one) for one in arguments if not one.startswith("-")]
    folder = PROJECT / "docs/images" if readme else next(iter(folders), Path(".data/screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    program = chromium.find()
    if program is None:
        sys.exit("There is no Chromium on the path.")
    album = Album(folder, README if readme else ())
    with temporary_folder() as place:
        data = place / "data"
        async with (
            playing(place / "bot", data) as (_, address),
            chromium.launched(program) as browser,
        ):
            await picture_all(album, browser, address, data)
    print(f"{len(album.taken)} pictures are in {folder}.")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
