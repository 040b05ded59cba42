"""Catalogues of every shape that a database could hold, the odder the better, and a wordy KAI."""

from collections.abc import Awaitable, Callable

from bot.actions.companion import (
    ActRequest,
    GuidanceRequest,
    Hear,
    Question,
    ReflectionRequest,
    TaskRequest,
    Tools,
    Words,
)
from bot.kai.companion import Kai
from tests.behaviour.crawl import RIMS, TRICKY, to_the_rim
from tests.behaviour.tour import Tour

Shape = Callable[[Tour], Awaitable[None]]

TEXT = 4000
NAMES = (*RIMS, "👩‍👩‍👧‍👦", "W", "|", "<@123456789012345678>", "\u202e\u200b")
DAYS = (36500, 1, 7, 2_000_000_000)
ICONS = ("", "no emoji", "*" * 255, "<:very_long_name_of_an_emoji_here:123456789012345678>", None)
DIFFICULTIES = ("Hard", "easy", None, "*" * 20)


class WordyVoice(Kai):
    """KAI at its most talkative: 4,000 characters each time, of the kinds that grow most."""

    async def write_task(self, request: TaskRequest) -> str:
        """A task that is different each day."""
        return f"{request.day} " + to_the_rim(RIMS[(request.day - 1) % len(RIMS)], TEXT - 10)

    async def write_act(self, request: ActRequest) -> str:
        """An act of many lines."""
        return to_the_rim(RIMS[request.day % len(RIMS)], TEXT)

    async def write_guidance(self, request: GuidanceRequest) -> str:
        """Guidance of many lines."""
        return to_the_rim(RIMS[(request.day - 1) % len(RIMS)], TEXT)

    async def note_on(self, request: ReflectionRequest) -> Words:
        """A note of many lines."""
        return Words(to_the_rim(RIMS[len(request.text) % len(RIMS)], TEXT))

    async def answer(
        self, question: Question, tools: Tools | None = None, hear: Hear | None = None
    ) -> Words:
        """An answer of many lines."""
        return Words(to_the_rim(RIMS[len(question.text) % len(RIMS)], TEXT))


async def as_it_is(tour: Tour) -> None:
    """The starter catalogue."""


async def empty(tour: Tour) -> None:
    """Nothing at all."""
    for table in ("challenges", "quests", "badges"):
        await tour.town.pool.execute(f"DELETE FROM public.{table}")


async def long(tour: Tour, items: int = 5) -> None:
    """Few items, everything about them as long and as odd as the columns allow."""
    await empty(tour)
    names = [to_the_rim(NAMES[n % len(NAMES)], 150) for n in range(items)]
    columns = [
        (
            names[n],
            to_the_rim(RIMS[n % len(RIMS)], TEXT),
            DAYS[n % len(DAYS)],
            to_the_rim("{day} {name} " + TRICKY, TEXT),
            DIFFICULTIES[n % len(DIFFICULTIES)],
        )
        for n in range(items)
    ]
    pool = tour.town.pool
    await pool.executemany(
        "INSERT INTO challenges (name, description, total_days, ai_prompt_template)"
        " VALUES ($1, $2, $3, $4)",
        [row[:4] for row in columns],
    )
    await pool.executemany(
        "INSERT INTO quests (name, description, total_days, random_task_seed, difficulty)"
        " VALUES ($1, $2, $3, $4, $5)",
        columns,
    )
    await pool.execute(
        "INSERT INTO discord.challenge_days"
        " (challenge_id, day_number, day_title, principle, body, suggested_acts)"
        " SELECT c.id, day, repeat('*', 255), repeat('_', 255), $1, $2::jsonb"
        " FROM challenges c, generate_series(1, LEAST(total_days, 40)) day",
        to_the_rim("a\n", TEXT),
        [to_the_rim(TRICKY, 400)] * 20,
    )
    await pool.executemany(
        "INSERT INTO badges (name, icon, description, points_required) VALUES ($1, $2, $3, $4)",
        [
            (name[:100], ICONS[n % len(ICONS)], columns[n][1], points)
            for n, name in enumerate(names)
            for points in (None, n + 1)
        ],
    )


async def daily_posts(tour: Tour) -> None:
    """A server whose daily posts follow a quest of long words, and went wrong in long words."""
    await long(tour)
    town, now = tour.town, tour.town.env.now()
    quest = await town.value("SELECT min(id) FROM quests")
    await town.pool.execute(
        "INSERT INTO discord.guilds (guild_id, joined_at, zone, post_channel_id, post_time,"
        " post_quest_id, next_post_on, next_post_at)"
        " VALUES ($1, $2, 'UTC', $3, '09:00', $4, $2::timestamptz::date + 1, $2)"
        " ON CONFLICT (guild_id) DO UPDATE SET zone = 'UTC', post_channel_id = $3,"
        " post_time = '09:00', post_quest_id = $4, next_post_on = EXCLUDED.next_post_on,"
        " next_post_at = EXCLUDED.next_post_at",
        town.guild.id,
        now,
        town.room.id,
        quest,
    )
    await town.pool.execute(
        "INSERT INTO discord.daily_posts (guild_id, local_date, channel_id, quest_id, day_number,"
        " status, due_at, expires_at, send_at, trouble)"
        " VALUES ($1, $2::timestamptz::date, $3, $4, 1, 'failed', $2, $2, $2, $5)",
        town.guild.id,
        now,
        town.room.id,
        quest,
        to_the_rim(TRICKY, TEXT),
    )


async def crowded(tour: Tour) -> None:
    """Sixty of everything, all of it long; and the website put the moderator on a dozen each."""
    await long(tour, items=60)
    await tour.slash(tour.town.sage, "help")
    for kind in ("challenge", "quest"):
        await tour.town.pool.execute(
            f"INSERT INTO user_{kind}s (user_id, {kind}_id, status, current_day)"
            f" SELECT u.id, i.id, 'active', nullif(i.id % 3, 2) FROM userdata u,"
            f" (SELECT id FROM {kind}s ORDER BY id LIMIT 12) i"
        )
    await tour.town.pool.execute(
        "INSERT INTO user_badges (user_id, badge_id, earned_at)"
        " SELECT u.id, b.id, '2026-01-01' FROM userdata u, badges b WHERE points_required IS NULL"
    )


async def three_quests(tour: Tour) -> None:
    """Few long items, and three quests under way, each with a long task and a long reflection."""
    await long(tour, items=5)
    sage = tour.town.sage
    offered = await tour.offers(sage, "quest start", "quest")
    for quest in offered[:3]:
        await tour.slash(sage, "quest start", quest=quest)
    await tour.slash(sage, "quest today")
    for quest in offered[:3]:
        await tour.slash(sage, "quest done", quest=quest, reflection=to_the_rim("*", TEXT))
    await tour.slash(sage, "quest today")
    await tour.town.tomorrow()
    await tour.slash(sage, "quest today")


SHAPES = (as_it_is, empty, long, daily_posts, crowded, three_quests)
