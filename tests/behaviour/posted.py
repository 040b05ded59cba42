"""A daily post in the town: its row in the ledger, and its message in the room."""

import re
from typing import Any

import discord
from simcord import InteractionResult, MemberActor

from bot.actions.types import Post
from bot.ui.posts import post_card
from tests.behaviour.town import Town
from tests.database.posted import ACT, in_ledger

SPARK = "Daily Spark"
POST = """
SELECT p.id, p.guild_id, p.channel_id, p.local_date, p.quest_id, q.name AS quest, q.total_days,
       q.difficulty, p.day_number AS day, p.act, 0 AS doers
  FROM discord.daily_posts p JOIN quests q ON q.id = p.quest_id
 WHERE p.id = $1"""


class Posted:
    """A post that was sent, and ways to use it and to look at its message."""

    def __init__(self, town: Town, post_id: int, message: discord.Message) -> None:
        self.town = town
        self.id = post_id
        self.message = message

    async def press(self, who: MemberActor, label: str) -> InteractionResult:
        """Press a button under it."""
        return await who.click(self.message, label=label)

    async def reflect(self, who: MemberActor, words: str) -> InteractionResult:
        """Press Reflect, and send the form."""
        form = await self.press(who, "Reflect")
        assert form.modal is not None
        return await who.submit_modal(form, {"reflection": words})

    async def shown(self) -> str:
        """All that the message says now."""
        message = await self.message.channel.fetch_message(self.message.id)
        view = discord.ui.LayoutView.from_message(message)
        items = view.walk_children()
        return "\n".join(i.content for i in items if isinstance(i, discord.ui.TextDisplay))

    async def count(self) -> int:
        """How many have done it, as the message says."""
        said = re.search(r"\*\*([\d,]+) (?:person|people)\b", await self.shown())
        return int(said[1].replace(",", "")) if said else 0

    def edits(self) -> int:
        """How often the message was edited so far."""
        path = f"/channels/{self.message.channel.id}/messages/{self.message.id}"
        return sum(r.method == "PATCH" and r.path == path for r in self.town.env.http_requests)


async def send_post(town: Town, quest: str = SPARK, **columns: Any) -> Posted:
    """Send today's post of a quest, as the engine does; `columns` are those of its row."""
    quest_id = await town.item_id("quest", quest)
    given: dict[str, Any] = {
        "guild_id": town.guild.id,
        "channel_id": town.room.id,
        "message_id": None,
    }
    given |= columns
    post_id = await in_ledger(town.pool, quest_id, town.env.now(), **given)
    row = await town.row(POST, post_id)
    room = town.bot.get_partial_messageable(row["channel_id"], guild_id=row["guild_id"])
    row["act"] = row["act"] or ACT
    message = await room.send(view=post_card(Post(**row)))
    if given.get("status", "sent") == "sent":
        sql = "UPDATE discord.daily_posts SET message_id = $2 WHERE id = $1"
        await town.value(sql, post_id, message.id)
    return Posted(town, post_id, message)
