"""Every command, button, form and error sends a body, and every body is one that Discord takes."""

import discord
import pytest
from discord import app_commands
from discord.ext import commands

from bot.client import OUTDATED
from bot.kai.safety import RESOURCES
from bot.ui.buttons import pressed
from bot.ui.manner import Manner
from bot.ui.nouns import BadgeOption
from db.pool import Pool
from tests.behaviour.chapters import CHAPTERS, RestlessVoice
from tests.behaviour.crawl import Crawl
from tests.behaviour.shapes import SHAPES, Shape, WordyVoice
from tests.behaviour.tour import FAULT, Tour
from tests.behaviour.town import Town, open_town


async def test_everything_there_is_answers_well(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tour reaches all that the bot has; nothing that it sent breaks a rule of Discord's."""
    async with open_town(pool, RestlessVoice(pool)) as town:
        tour = Tour(town, monkeypatch)
        for chapter in CHAPTERS:
            await chapter(tour)
        missed = tour.missed()

    said = tour.texts()
    assert missed == []
    assert tour.broken_rules() == []
    assert [sentence for sentence in tour.sentences if sentence not in said] == []
    assert said.count(FAULT) == 3, "one for a command, one for a button, one for a form"
    assert OUTDATED in said
    assert said.count(RESOURCES) >= 3, "an answer, a challenge's and a quest's reflection"


@pytest.mark.parametrize("shape", SHAPES)
async def test_nothing_that_the_database_may_hold_breaks_a_card(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, shape: Shape
) -> None:
    """Long, odd, many or none: every card keeps Discord's limits, and nothing is a fault."""
    async with open_town(pool, WordyVoice()) as town:
        tour = Tour(town, monkeypatch)
        await shape(tour)
        await Crawl(tour, town.sage, town.ben).everything()
        await town.tomorrow()
        await Crawl(tour, town.sage.user, town.ben).everything()

    assert tour.broken_rules() == []
    assert FAULT not in tour.texts()


async def test_what_no_step_reaches_is_named(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new command, option, button or form that nobody visits fails the tour by its name."""

    class New(commands.Cog):
        @app_commands.command(extras={"manner": Manner.FORM})
        async def wave(
            self,
            interaction: discord.Interaction,
            badge: app_commands.Transform[int, BadgeOption()],
        ) -> None:
            """Wave to somebody"""

        @pressed("wave_back")
        async def wave_back(self, _interaction: discord.Interaction, _args: list[str]) -> None:
            """Wave back."""

    tour = Tour(town, monkeypatch)
    await town.bot.add_cog(New())
    assert {
        "command wave",
        "autocomplete wave badge",
        "form never opened: /wave",
        "form never submitted: /wave",
        "button wave_back",
    } < set(tour.missed())
