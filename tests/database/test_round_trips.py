"""Round trips to the database, counted on the wire: one for a read command, at most two for a
write. Every command, form, button and autocompleted option has its budget here."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import discord
from discord import app_commands

from bot.actions import awarding, browsing, joining, profile, reminding, talking
from bot.actions.seeding import seed_catalogue
from bot.actions.services import Services
from bot.actions.types import Caller
from bot.client import KindnessBot
from bot.kai.companion import Kai
from bot.ui.manner import Manner
from db.pool import Pool, create_pool
from tests.behaviour.town import HOME_ID, Town, open_town, text_of
from tests.database.walk import Walk
from tests.wire import Tap, tapped

Command = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu
NONE, READ, WRITE = {0}, {1}, {1, 2}
# Who is shown is looked up once a day, and that they were is written down.
ASKING = {2}
# Two writes in one: a task is seen (and its turn kept) before its day is done.
SIGHT_AND_WRITE = {*WRITE, 3}

# One transaction over all tables with rows of a member: they are locked, merged, moved and logged,
# and then recounted; one more where the website had marked days.
LINKING = set(range(10, 24))

BUDGETS = {
    "help": READ,
    "me": READ,
    "leaderboard": READ,
    "leaderboard, asking Discord who is here": ASKING,
    "settings timezone": WRITE,
    "settings timezone, when there is none": WRITE,
    "settings reminder time": WRITE,
    "settings reminder off": WRITE,
    "settings reminder off, when there is none": READ,
    "settings leaderboard": WRITE,
    "daily setup": SIGHT_AND_WRITE,  # the preview reads its act, or has a model write it
    "daily status": READ,
    "daily preview": WRITE,  # the same
    "daily skip": WRITE,
    "daily skip, one on its way": WRITE,
    "daily pause": WRITE,
    "daily pause, twice": READ,
    "daily resume": WRITE,
    "daily post-now": WRITE,
    "challenge list": READ,
    "challenge view": READ,
    "challenge join": WRITE,
    "challenge join, on another": READ,
    "challenge today": READ,
    "challenge today, first sight": WRITE,
    "challenge done": WRITE,
    "challenge done, with a reflection": WRITE,
    "challenge done, reflecting later": WRITE,
    "challenge done, too early": READ,
    "challenge progress": READ,
    "challenge leave": WRITE,
    "quest list": READ,
    "quest view": READ,
    "quest start": WRITE,
    "quest today": READ,
    "quest today, first sight": WRITE,
    "quest today, first sight of three": WRITE,
    "quest done": WRITE,
    "quest done, with a reflection": WRITE,
    "quest done, asked which": READ,
    "quest done, its task not seen": SIGHT_AND_WRITE,
    "quest progress": READ,
    "quest leave": WRITE,
    "badge list": READ,
    "badge show": READ,
    "badge earned": READ,
    "badge earned, of somebody": READ,
    "moderate award": WRITE,
    "moderate award, twice": READ,
    "moderate revoke": WRITE,
    "Award a badge": READ,
    "Award a badge, sent": WRITE,
    "kai ask": WRITE,
    "kai forget": READ,
    "account link": WRITE,
    "account status": READ,
    "account unlink": READ,
    "account requests": READ,
    "catalog challenge-add": NONE,
    "catalog challenge-add, sent": WRITE,
    "catalog challenge-edit": READ,
    "catalog challenge-edit, sent": WRITE,
    "catalog challenge-day": READ,
    "catalog challenge-day, sent": WRITE,
    "catalog challenge-retire": WRITE,
    "catalog quest-add": NONE,
    "catalog quest-add, sent": WRITE,
    "catalog quest-edit": READ,
    "catalog quest-edit, sent": WRITE,
    "catalog quest-retire": WRITE,
    "catalog badge-add": NONE,
    "catalog badge-add, sent": WRITE,
    "catalog badge-edit": READ,
    "catalog badge-edit, sent": WRITE,
    "button list": READ,
    "button page": READ,
    "button view": READ,
    "button join": WRITE,
    "button switch": WRITE,
    "button today": WRITE,
    "button done": WRITE,
    "button reflect": NONE,
    "button reflect, sent": WRITE,
    "button read": READ,
    "button did": WRITE,
    "button did, the act had before": SIGHT_AND_WRITE,
    "button did, done by the command": WRITE,
    "button did, again": READ,
    "button did, on an older post": {2},  # the post, and then the member's whole day
    "button think": NONE,
    "button think, sent": WRITE,
    "button day": READ,
    "button day, first sight": SIGHT_AND_WRITE,
    "button share": READ,
    "button snooze": WRITE,
    "button stop": WRITE,
    "button forget": WRITE,
    "button care": NONE,
    "button link_look": READ,
    "button link_refuse": WRITE,
    "button link_confirm": LINKING,
    "button unlink": LINKING,
    "button keep": SIGHT_AND_WRITE,  # the draft is read first; and a model may write the note
}
"""What a use may cost once its statements are prepared."""

NO_QUERY = {("settings timezone", "zone"), ("daily setup", "timezone")}
"""Options whose choices need no database."""


@asynccontextmanager
async def _small_pool(tap: Tap) -> AsyncGenerator[Pool]:
    """The bot's pool with one connection, on which everything is prepared by its first use."""
    pool = await create_pool(tap.url, size=1, idle_seconds=0)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def _tapped_town(database_url: str) -> AsyncGenerator[tuple[Town, Tap]]:
    async with tapped(database_url) as tap, _small_pool(tap) as pool, open_town(pool) as town:
        yield town, tap


def _commands(bot: KindnessBot) -> list[Command]:
    """Everything that can be run, the home server's own commands included."""
    scopes = (None, discord.Object(HOME_ID))
    kinds = (discord.AppCommandType.chat_input, discord.AppCommandType.user)
    found = [
        command
        for guild in scopes
        for kind in kinds
        for command in bot.tree.walk_commands(guild=guild, type=kind)
    ]
    return [c for c in found if not isinstance(c, app_commands.Group)]


def _uses(bot: KindnessBot) -> set[str]:
    """The plain uses there are: each command, each button, and each form that one of them opens."""
    manners = {c.qualified_name: c.extras.get("manner") for c in _commands(bot)}
    manners |= {f"button {verb}": manner for verb, (_handler, manner) in bot.verbs.items()}
    return {*manners, *(f"{name}, sent" for name, m in manners.items() if m is Manner.FORM)}


async def test_every_use_keeps_its_budget(database_url: str) -> None:
    """A whole walk by one member prepares the statements; the same walk by another is counted."""
    async with _tapped_town(database_url) as (town, tap):
        await town.slash(town.ann, "help")
        await town.slash(town.ben, "help")
        await town.start(town.sage, "Small Surprises")
        await town.slash(town.sage, "quest done")
        walk = Walk(town, lambda: tap.round_trips)
        await walk.everything(town.ann)
        await walk.everything(town.ben)

        assert _uses(town.bot) - set(BUDGETS) == set(), "new commands or buttons need a budget"
        assert set(walk.costs) == set(BUDGETS), "each is on the walk"
        over = {name: cost for name, cost in walk.costs.items() if cost not in BUDGETS[name]}
        assert over == {}


Use = Callable[[Services, Caller, dict[str, int]], Awaitable[object]]


async def _nobody_left(_user_ids: list[int]) -> set[int]:
    return set()


FIRST_READS: dict[str, Use] = {
    "help": lambda s, me, ids: profile.read_me(s, me),
    "me": lambda s, me, ids: profile.profile(s, me),
    "leaderboard": lambda s, me, ids: profile.leaderboard(s, me, "month", _nobody_left),
    "list": lambda s, me, ids: browsing.list_items(s, me, "quest"),
    "view": lambda s, me, ids: browsing.view_item(s, me, "challenge", ids["challenge"]),
    "progress": lambda s, me, ids: browsing.list_progress(s, me, "challenge"),
    "badge list": lambda s, me, ids: browsing.list_badges(s, me),
    "badge show": lambda s, me, ids: browsing.show_badge(s, me, ids["badge"]),
    "badge earned": lambda s, me, ids: browsing.badges_of(s, me, me.discord_id),
    "forget": lambda s, me, ids: talking.count_turns(s, me),
}
FIRST_WRITES: dict[str, Use] = {
    "join": lambda s, me, ids: joining.join(s, me, "challenge", ids["challenge"]),
    "start": lambda s, me, ids: joining.join(s, me, "quest", ids["quest"]),
    "ask": lambda s, me, ids: talking.ask(s, me, "Hello"),
    "timezone": lambda s, me, ids: profile.set_zone(s, me, "America/Toronto"),
    "leaderboard": lambda s, me, ids: profile.set_on_leaderboard(s, me, shown=False),
    "reminder": lambda s, me, ids: reminding.set_reminder(s, me, "20:30"),
    "award": lambda s, me, ids: awarding.award(
        s, me, replace(me, discord_id=me.discord_id + 1), ids["badge"], None
    ),
}


async def test_making_an_account_costs_nothing_more(database_url: str) -> None:
    """The first deed of somebody whom the bot has never seen: their rows come with the read."""
    async with tapped(database_url) as tap, _small_pool(tap) as pool:
        services = Services(pool, Kai(), discord.utils.utcnow)
        await seed_catalogue(pool, discord.utils.utcnow)
        ids = {
            "challenge": await pool.fetchval("SELECT min(id) FROM challenges"),
            "quest": await pool.fetchval("SELECT min(id) FROM quests"),
            "badge": await pool.fetchval(
                "SELECT min(id) FROM badges WHERE points_required IS NULL"
            ),
        }
        newcomers = iter(range(1, 1000, 2))

        async def cost(use: Use) -> int:
            before = tap.round_trips
            await use(services, services.caller(next(newcomers), "New", 7, "en-GB"), ids)
            return tap.round_trips - before

        for uses, budget in ((FIRST_READS, READ), (FIRST_WRITES, WRITE)):
            for use in uses.values():
                await use(services, services.caller(next(newcomers), "New", 7, "en-GB"), ids)
            costs = {name: await cost(use) for name, use in uses.items()}
            assert {name: c for name, c in costs.items() if c not in budget} == {}


async def test_a_newcomers_first_command(database_url: str) -> None:
    """The first use costs one more: after the answer, that the member was told is written down."""
    async with _tapped_town(database_url) as (town, tap):
        quest = await town.item_id("quest", "Small Surprises")
        commands: dict[str, dict[str, int]] = {"me": {}, "quest start": {"quest": quest}}
        costs: dict[str, int] = {}
        for round_ in ("warm", "counted"):
            for command, options in commands.items():
                newcomer = town.guild.add_member(town.env.create_user(f"{command}, {round_}"))
                before = tap.round_trips
                shown = await town.slash(newcomer, command, **options)
                costs[command] = tap.round_trips - before
                assert "`/kai forget`" in text_of(shown)
        assert costs["me"] - 1 in READ
        assert costs["quest start"] - 1 in WRITE


async def test_the_tap_counts_what_is_hidden(database_url: str) -> None:
    """A cold statement, a transaction and a pool's own reset all show."""
    async with tapped(database_url) as tap:

        async def cost(use: Awaitable[object]) -> int:
            before = tap.round_trips
            await use
            return tap.round_trips - before

        async def in_a_transaction(pool: Pool) -> None:
            async with pool.acquire() as connection, connection.transaction():
                await connection.fetchval("SELECT 1")

        async with _small_pool(tap) as pool:
            assert await cost(pool.fetchval("SELECT 1")) == 2, "preparing is one"
            assert await cost(pool.fetchval("SELECT 1")) == 1
            assert await cost(in_a_transaction(pool)) == 3
            kinds = "SELECT '{1}'::int[], '{a}'::text[], '{}'::jsonb, '{2026-01-01}'::date[]"
            assert await cost(pool.fetchrow(kinds)) == 2, "nothing is asked about the types"
        async with asyncpg.create_pool(tap.url, min_size=1, max_size=1) as plain:
            await plain.fetchval("SELECT 1")
            assert await cost(plain.fetchval("SELECT 1")) == 2, "the reset is one"


async def test_an_autocomplete_makes_one_query(database_url: str) -> None:
    """Every option that offers names, in the whole tree; a time zone's need no database."""
    async with _tapped_town(database_url) as (town, tap):
        costs: dict[tuple[str, str], int] = {}
        for command in _commands(town.bot):
            if isinstance(command, app_commands.ContextMenu):
                continue
            for option in (p.display_name for p in command.parameters if p.autocomplete):
                for text in ("warm", "o"):
                    before = tap.round_trips
                    args = (command.qualified_name, option, text)
                    await town.sage.autocomplete(town.room, *args)
                    costs[command.qualified_name, option] = tap.round_trips - before
        assert len(costs) >= 15
        assert {option: cost for option, cost in costs.items() if cost != 1} == dict.fromkeys(
            NO_QUERY, 0
        )
