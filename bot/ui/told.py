"""What a server's administrators are told once, when its daily post needs them; and the hello."""

from collections.abc import Mapping
from typing import Any

from bot.ui.card import Card, Colour
from bot.ui.notices import notice
from bot.ui.text import line


def told_card(server: str, channel_id: int | None, about: Mapping[str, Any]) -> Card:
    """What happened to the daily post of a server, and what to do; `about` as the row has it."""
    channel = f"<#{channel_id}>" if channel_id else "its channel"
    match about["what"]:
        case "quest_ended":
            quest = about.get("quest")
            what = (
                f"**{line(str(quest))}** has come to its last day" if quest else "A quest is gone"
            )
            text = (
                f"{what} in the daily posts of **{line(server)}**. They go on with the Daily "
                "Spark; `/daily setup` chooses another quest."
            )
        case "no_permission":
            text = (
                f"I may no longer post in {channel} of **{line(server)}**, so its daily post is "
                "paused. Please give me View Channel, Send Messages and Read Message History "
                "there, and run `/daily resume`."
            )
        case _:
            text = (
                f"I can no longer find {channel} of **{line(server)}**, so its daily post is "
                "paused. `/daily setup` begins it again in another channel."
            )
    return notice(text, colour=Colour.KAI)


def hello_card() -> Card:
    """The first words in a new server."""
    return Card(
        Colour.KAI,
        "### 👋 Hello! I am the Get Kinder bot",
        "I bring small acts of kindness to your server: challenges, mystery quests and badges, "
        "with KAI, our kindness companion, who has an idea for every day. `/help` shows it all.",
        "Would you like one kind act here every day? Somebody who may manage this server begins "
        "it with `/daily setup`: you choose the channel and the time.",
    )
