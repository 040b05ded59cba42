"""`/catalog`: challenges, quests and badges, kept by those who manage the home server."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Range, Transform
from discord.ext import commands

from bot.actions import keeping
from bot.actions.keeping import MAX_BADGE_NAME, MAX_DAYS, MAX_NAME, MAX_TITLE
from bot.actions.types import DayFields, ItemFields
from bot.errors import NotAllowed
from bot.rules.points import DIFFICULTIES, Kind, difficulty_of
from bot.ui.access import ACCESS, require
from bot.ui.answering import answer, open_form
from bot.ui.buttons import Press
from bot.ui.forms import Field, Form
from bot.ui.manner import Manner
from bot.ui.notices import notice
from bot.ui.nouns import BadgeOption, ItemOption
from bot.ui.text import line
from cogs.common import Part

if TYPE_CHECKING:
    from bot.client import KindnessBot

AnyChallenge = Transform[int, ItemOption("challenge", "any")]
AnyQuest = Transform[int, ItemOption("quest", "any")]
FORM = {"manner": Manner.FORM}
YES_NO = {"yes": "Yes", "no": "No, only those on it may finish"}


@app_commands.guild_only()
@app_commands.default_permissions(ACCESS["catalog"])
class Catalog(Part, commands.GroupCog, group_name="catalog"):
    """Add and change challenges, quests and badges"""

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Only those who manage a home server, whatever Discord's own setting says."""
        try:
            require(interaction, "catalog", self.bot.home_guild_ids)
        except NotAllowed as error:
            raise app_commands.CheckFailure from error  # discord.py lets nothing else through
        return True

    @app_commands.command(name="challenge-add", extras=FORM)
    async def challenge_add(self, interaction: discord.Interaction) -> None:
        """Add a challenge"""
        await self._add(interaction, "challenge")

    @app_commands.command(name="quest-add", extras=FORM)
    async def quest_add(self, interaction: discord.Interaction) -> None:
        """Add a mystery quest"""
        await self._add(interaction, "quest")

    async def _add(self, interaction: discord.Interaction, kind: Kind) -> None:
        async def submit(submitted: discord.Interaction, values: dict[str, str]) -> None:
            require(submitted, "catalog", self.bot.home_guild_ids)
            fields = _item_fields(kind, values)
            item_id = await keeping.add_item(self.services, self.caller(submitted), kind, fields)
            said = f"**{line(fields.name)}** is in the catalogue and open to join."
            await self._say(submitted, said, Press("Look", "view", kind, item_id))

        empty = ItemFields("", None, 7, None, "Medium")
        await open_form(interaction, Form(f"A new {kind}", _form_fields(kind, empty), submit))

    @app_commands.command(name="challenge-edit", extras=FORM)
    @app_commands.describe(challenge="Which one")
    async def challenge_edit(
        self, interaction: discord.Interaction, challenge: AnyChallenge
    ) -> None:
        """Change a challenge, or open it again"""
        await self._edit(interaction, "challenge", challenge)

    @app_commands.command(name="quest-edit", extras=FORM)
    @app_commands.describe(quest="Which one")
    async def quest_edit(self, interaction: discord.Interaction, quest: AnyQuest) -> None:
        """Change a quest"""
        await self._edit(interaction, "quest", quest)

    async def _edit(self, interaction: discord.Interaction, kind: Kind, item_id: int) -> None:
        before = await keeping.read_item(self.services, kind, item_id)

        async def submit(submitted: discord.Interaction, values: dict[str, str]) -> None:
            require(submitted, "catalog", self.bot.home_guild_ids)
            fields = _item_fields(kind, values, before)
            await keeping.edit_item(self.services, self.caller(submitted), kind, item_id, fields)
            said = f"**{line(fields.name)}** is changed."
            await self._say(submitted, said, Press("Look", "view", kind, item_id))

        fields = _form_fields(kind, before, editing=True)
        await open_form(interaction, Form(f"Change the {kind}", fields, submit))

    @app_commands.command(name="challenge-retire")
    @app_commands.describe(challenge="Which one")
    async def challenge_retire(
        self, interaction: discord.Interaction, challenge: AnyChallenge
    ) -> None:
        """Close a challenge to newcomers; those on it may finish"""
        await self._retire(interaction, "challenge", challenge)

    @app_commands.command(name="quest-retire")
    @app_commands.describe(quest="Which one")
    async def quest_retire(self, interaction: discord.Interaction, quest: AnyQuest) -> None:
        """Close a quest to newcomers; those on it may finish"""
        await self._retire(interaction, "quest", quest)

    async def _retire(self, interaction: discord.Interaction, kind: Kind, item_id: int) -> None:
        name = await keeping.retire_item(self.services, self.caller(interaction), kind, item_id)
        await self._say(
            interaction,
            f"**{line(name)}** is closed to newcomers. Those who are on it may finish it.",
        )

    @app_commands.command(name="challenge-day", extras=FORM)
    @app_commands.describe(challenge="Which one", day="Which day of it")
    async def challenge_day(
        self,
        interaction: discord.Interaction,
        challenge: AnyChallenge,
        day: Range[int, 1, MAX_DAYS],
    ) -> None:
        """Write the title and text of one day of a challenge"""
        before = await keeping.read_challenge_day(self.services, challenge, day)

        async def submit(submitted: discord.Interaction, values: dict[str, str]) -> None:
            require(submitted, "catalog", self.bot.home_guild_ids)
            fields = DayFields(
                before.challenge,
                before.total_days,
                values["title"],
                values["principle"],
                values["body"],
            )
            await keeping.set_challenge_day(
                self.services, self.caller(submitted), challenge, day, fields
            )
            await self._say(submitted, f"Day {day} of **{line(before.challenge)}** is written.")

        fields = [
            Field("title", "Title", value=before.title, limit=MAX_TITLE),
            Field(
                "principle",
                "The thought behind it",
                value=before.principle or "",
                required=False,
                limit=MAX_TITLE,
            ),
            Field("body", "What to do", value=before.body or "", required=False, long=True),
        ]
        await open_form(interaction, Form(f"Day {day}", fields, submit))

    @app_commands.command(name="badge-add", extras=FORM)
    async def badge_add(self, interaction: discord.Interaction) -> None:
        """Add a badge"""

        async def submit(submitted: discord.Interaction, values: dict[str, str]) -> None:
            require(submitted, "catalog", self.bot.home_guild_ids)
            fields = keeping.badge_fields(**values)
            await keeping.add_badge(self.services, self.caller(submitted), fields)
            await self._say(submitted, f"The badge {fields.icon} **{line(fields.name)}** is there.")

        await open_form(interaction, Form("A new badge", _badge_form(), submit))

    @app_commands.command(name="badge-edit", extras=FORM)
    @app_commands.describe(badge="Which one")
    async def badge_edit(
        self, interaction: discord.Interaction, badge: Transform[int, BadgeOption()]
    ) -> None:
        """Change a badge; nobody loses it by that"""
        before = await keeping.read_badge(self.services, badge)

        async def submit(submitted: discord.Interaction, values: dict[str, str]) -> None:
            require(submitted, "catalog", self.bot.home_guild_ids)
            fields = keeping.badge_fields(**values)
            await keeping.edit_badge(self.services, self.caller(submitted), badge, fields)
            await self._say(
                submitted, f"The badge {fields.icon} **{line(fields.name)}** is changed."
            )

        points = "" if before.points_required is None else str(before.points_required)
        form = _badge_form(before.name, before.icon or "", before.description or "", points)
        await open_form(interaction, Form("Change the badge", form, submit))

    async def _say(self, interaction: discord.Interaction, text: str, *buttons: Press) -> None:
        await answer(interaction, notice(text, buttons=list(buttons)))


def _form_fields(kind: Kind, item: ItemFields, *, editing: bool = False) -> list[Field]:
    fields = [
        Field("name", "Name", value=item.name, limit=MAX_NAME),
        Field("description", "Description", value=item.description or "", long=True),
        Field("total_days", "How many days?", value=str(item.total_days), limit=6),
    ]
    if kind == "challenge":
        hint = "May hold {day} {total_days} {challenge} {name}. Empty: the day's text alone."
        fields.append(
            Field("prompt", "What KAI writes each day", hint, item.prompt or "", False, long=True)
        )
        if editing:
            opened = "yes" if item.is_active else "no"
            fields.append(Field("open", "Open to join?", value=opened, options=YES_NO))
        return fields
    fields.append(
        Field("prompt", "Theme", "Words that KAI varies on.", item.prompt or "", required=False)
    )
    difficulty = difficulty_of(item.difficulty)
    levels: dict[str, str] = {level: level for level in DIFFICULTIES}
    fields.append(Field("difficulty", "Difficulty", value=difficulty, options=levels))
    return fields


def _item_fields(
    kind: Kind, values: dict[str, str], before: ItemFields | None = None
) -> ItemFields:
    was_open = before is None or before.is_active
    return keeping.item_fields(
        kind,
        name=values["name"],
        description=values["description"],
        total_days=values["total_days"],
        prompt=values["prompt"],
        difficulty=values.get("difficulty"),
        is_active=values["open"] == "yes" if "open" in values else was_open,
    )


def _badge_form(
    name: str = "", icon: str = "", description: str = "", points: str = ""
) -> list[Field]:
    return [
        Field("name", "Name", value=name, limit=MAX_BADGE_NAME),
        Field("icon", "Icon", "One emoji.", icon, limit=100),
        Field("description", "Description", value=description, long=True),
        Field(
            "points",
            "Points",
            "How many earn it. Empty: moderators give it.",
            points,
            required=False,
            limit=9,
        ),
    ]


async def setup(bot: "KindnessBot") -> None:
    """Load the group into the home servers."""
    homes = [discord.Object(guild_id) for guild_id in bot.home_guild_ids]
    await bot.add_cog(Catalog(bot), guilds=homes)
