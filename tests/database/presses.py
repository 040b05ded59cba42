"""One press of one member, by the real actions: for the stories and the races."""

from typing import Any

from bot.actions import awarding, doing, joining, pressing, profile, reflecting, today
from bot.actions.services import Services
from bot.errors import UserError
from tests.database.small_catalogue import member


async def press(services: Services, deed: str, who: int, *args: Any) -> object:
    """What a member does, by their Discord id: the action's answer, or the sentence they see."""
    caller = member(services, who, guild_id=1)
    try:
        match deed:
            case "done":
                return (await doing.complete_day(services, caller, *args))[1]
            case "did":
                return (await pressing.press(services, caller, *args))[1].result
            case "reflect":
                return (await reflecting.reflect(services, caller, *args))[1]
            case "join":
                return await joining.join(services, caller, *args)
            case "switch":
                return await joining.join(services, caller, *args, switch=True)
            case "leave challenge":
                return await joining.leave_challenge(services, caller)
            case "leave quest":
                return await joining.leave_quest(services, caller, *args)
            case "see challenge":
                return (await today.todays_challenge(services, caller))[1]
            case "see quests":
                return (await today.todays_quests(services, caller))[1]
            case "move":
                return await profile.set_zone(services, caller, *args)
            case "award":
                subject = member(services, args[0], guild_id=1)
                return await awarding.award(services, caller, subject, args[1], None)
            case "hello":
                return await profile.read_me(services, caller)
            case _:
                raise ValueError(deed)
    except UserError as error:
        return error
