"""A member, another member who must never notice, and KAI with a stub model: all over sockets."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from bot.actions.budget import Budget, Limits
from bot.kai.companion import Kai
from bot.kai.model import open_voice
from db.pool import Pool
from tests.models.stub import ModelStub
from tests.transport.actors import Actor
from tests.transport.interactions import Exchange
from tests.transport.kindness import Days, running_bot
from tests.transport.standin import StandIn
from tests.transport.world import Json

LIMITS = Limits(
    member_turns=1000,
    guild_turns=1000,
    day_tokens=10_000_000,
    concurrent=8,
    call_seconds=30,
    member_at_once=64,
)
WITHIN = 25.0
"""Seconds in which a member has an answer, whatever the model does (issue 3, scenario table)."""

ROWS = """
SELECT jsonb_build_object(
    'challenges', (SELECT jsonb_agg(to_jsonb(t) ORDER BY id) FROM user_challenges t
                    WHERE user_id = $1),
    'quests', (SELECT jsonb_agg(to_jsonb(t) ORDER BY id) FROM user_quests t WHERE user_id = $1),
    'challenge_logs', (SELECT jsonb_agg(to_jsonb(t) ORDER BY id) FROM challenge_logs t
                        WHERE user_id = $1),
    'quest_logs', (SELECT jsonb_agg(to_jsonb(t) ORDER BY id) FROM quest_logs t WHERE user_id = $1),
    'badges', (SELECT jsonb_agg(to_jsonb(t) ORDER BY id) FROM user_badges t WHERE user_id = $1),
    'account', (SELECT to_jsonb(t) FROM discord.accounts t WHERE user_id = $1),
    'turns', (SELECT count(*) FROM kai_interactions WHERE user_id = $1))"""


@dataclass(frozen=True)
class Talk:
    """A conversation of Ann's with KAI, and the ways to look at what became of it."""

    stub: ModelStub
    discord: StandIn
    pool: Pool
    kai: Kai
    ann: Actor
    ben: Actor

    async def ask(self, message: str, who: Actor | None = None) -> Exchange:
        """`/kai ask`, until it is answered to the end."""
        exchange = await (who or self.ann).slash("kai ask", message=message)
        await exchange.answered(within=WITHIN)
        await self.discord.until(
            lambda: not exchange.text.endswith(" …"), WITHIN, "the whole answer"
        )
        return exchange

    async def turn(self, who: Actor | None = None) -> dict[str, Any]:
        """The member's latest turn, without its ids and times."""
        row = await self.pool.fetchrow(
            "SELECT context_type, context_id, message, assistant_response, function_called "
            "FROM kai_interactions k JOIN discord.accounts a USING (user_id) "
            "WHERE a.discord_id = $1 ORDER BY k.id DESC LIMIT 1",
            (who or self.ann).id,
        )
        assert row is not None, "no turn was written"
        return dict(row)

    async def turns(self) -> int:
        """How many turns there are, of anybody."""
        return await self.pool.fetchval("SELECT count(*) FROM kai_interactions")

    async def user_id(self, who: Actor) -> int:
        """The `userdata` id of a member."""
        return await self.pool.fetchval(
            "SELECT user_id FROM discord.accounts WHERE discord_id = $1", who.id
        )

    async def rows_of(self, who: Actor) -> Json:
        """All rows of a member's, to be compared with the same at another time."""
        return await self.pool.fetchval(ROWS, await self.user_id(who))

    async def effects_of(self, who: Actor) -> Json:
        """The same but for the turns."""
        return {name: rows for name, rows in (await self.rows_of(who)).items() if name != "turns"}

    async def item(self, kind: str, name: str) -> int:
        """The id of a challenge or quest."""
        return await self.pool.fetchval(f"SELECT id FROM {kind}s WHERE name = $1", name)

    async def join(self, who: Actor, kind: str, name: str) -> int:
        """Take an item up; gives its id."""
        item_id = await self.item(kind, name)
        command = "challenge join" if kind == "challenge" else "quest start"
        joined = await who.slash(command, **{kind: item_id})
        await joined.answered(within=10)
        assert name in joined.text, joined.text
        return item_id

    async def press(self, on: Exchange | Json, label: str, who: Actor | None = None) -> Exchange:
        """Press a button and wait for what it brings."""
        pressed = await (who or self.ann).press(on, label)
        await pressed.answered(within=WITHIN)
        return pressed

    def pinged(self) -> list[Any]:
        """Everybody who was pinged by anything that the bot has written where others read."""
        guild = self.discord.guild
        said = [m for channel in guild.channels for m in self.discord.messages_in(channel)]
        return [who for message in said for who in message["pinged"]]


@asynccontextmanager
async def talking(
    discord: StandIn,
    pool: Pool,
    stub: ModelStub,
    days: Days,
    *,
    api: str = "openai",
    seconds: float = 20,
    **limits: Any,
) -> AsyncGenerator[Talk]:
    """A running bot whose KAI speaks with the stub; Ann and Ben have used it before."""
    url = stub.openai_url if api == "openai" else stub.anthropic_url
    voice = open_voice(f"{api}:test-model", base_url=url, api_key=stub.key)
    kai = Kai(voice, Budget(pool, api, replace(LIMITS, **limits), days), seconds=seconds)
    try:
        async with running_bot(discord, pool, companion=kai, clock=days):
            ann, ben = await discord.add_member("Ann"), await discord.add_member("Ben")
            for one in (ann, ben):
                await (await one.slash("me")).answered(within=10)
            # Being welcomed is written after the answer; here it has been, some time ago.
            await pool.execute("UPDATE discord.accounts SET welcomed_at = $1", days())
            talk = Talk(stub, discord, pool, kai, ann, ben)
            before = await talk.rows_of(ben)
            yield talk
            assert await talk.rows_of(ben) == before, "another member's rows have changed"
            assert talk.pinged() == []
            assert stub.rejected == []
    finally:
        await voice.close()
