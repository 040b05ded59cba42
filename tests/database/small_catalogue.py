"""A small catalogue of short challenges and quests, so that a member can finish them all."""

import datetime as dt

from bot.actions.services import Services
from bot.kai.companion import Kai
from db.members import Caller
from db.pool import Pool

# Total days and, for a challenge, whether KAI guides it; for a quest, its difficulty.
CHALLENGES = [(1, False), (2, True), (3, False), (5, True)]
QUESTS = [(1, "Easy"), (2, "HARD"), (3, None), (4, "medium"), (5, "Hard")]
# NULL is given by hand; what is not above zero makes no sense and is never earned.
BADGES = [10, 25, 40, 75, 120, None, 0, -5]

EARNED = [points for points in BADGES if points and points > 0]
WORTH = {None: 15, "Easy": 10, "medium": 15, "Hard": 20, "HARD": 20}
QUEST_POINTS = {number: WORTH[difficulty] for number, (_, difficulty) in enumerate(QUESTS, start=1)}

FILL = """
WITH challenge AS (
    INSERT INTO public.challenges (name, total_days, ai_prompt_template)
    SELECT 'Challenge ' || days, days, CASE WHEN guided THEN 'Day {day} for {name}' END
      FROM unnest($1::int[], $2::bool[]) AS item (days, guided)
), quest AS (
    INSERT INTO public.quests (name, total_days, difficulty)
    SELECT 'Quest ' || days, days, difficulty
      FROM unnest($3::int[], $4::text[]) AS item (days, difficulty)
)
INSERT INTO public.badges (name, points_required)
SELECT concat('Badge ', points), points FROM unnest($5::int[]) AS item (points)"""

EMPTY = """
TRUNCATE public.userdata, public.challenges, public.quests, public.badges,
         discord.guilds, discord.audit_log RESTART IDENTITY CASCADE"""


async def start_over(pool: Pool) -> None:
    """Empty the database and fill the small catalogue in; every kind's ids count from 1."""
    await pool.execute(EMPTY)
    await pool.execute(
        FILL,
        [days for days, _ in CHALLENGES],
        [guided for _, guided in CHALLENGES],
        [days for days, _ in QUESTS],
        [difficulty for _, difficulty in QUESTS],
        BADGES,
    )


def services_at(pool: Pool, now: dt.datetime) -> Services:
    """The actions' services at an instant (aware UTC), with KAI's offline voice."""
    return Services(pool, Kai(), lambda: now)


def member(services: Services, discord_id: int, guild_id: int | None = None) -> Caller:
    """A member who speaks, in a server or in a direct message."""
    return services.caller(discord_id, f"Member {discord_id}", guild_id, "en-GB")
