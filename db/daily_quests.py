"""Which quests are a server's daily quest: they are nobody's to choose, and count for no limit.

Said of challenges, so that `twins` can read it for quests: no challenge is one.
"""

from db.posts import STANDING

STANDING_ITEM = STANDING.replace("'quest'", "'challenge'")
"""The id of the standing quest, in a statement for `twins`."""


def is_daily(item: str) -> str:
    """Whether an item, a column in a statement for `twins`, is the daily quest of a server."""
    return f"""({item} IS NOT DISTINCT FROM {STANDING_ITEM}
              OR EXISTS (SELECT FROM discord.guilds g
                          WHERE 'challenge' = 'quest' AND g.post_quest_id = {item}))"""
