"""The handbook's nine tables, and the keys by which its logs and links are unique."""

NINE = (
    "challenges",
    "user_challenges",
    "challenge_logs",
    "quests",
    "user_quests",
    "quest_logs",
    "badges",
    "user_badges",
    "kai_interactions",
)
"""The tables in an order in which they can be created."""

UNIQUE_KEYS: dict[str, tuple[str, ...]] = {
    "user_challenges": ("user_id", "challenge_id"),
    "challenge_logs": ("user_id", "challenge_id", "day_number"),
    "user_quests": ("user_id", "quest_id"),
    "quest_logs": ("user_id", "quest_id", "day_number"),
    "user_badges": ("user_id", "badge_id"),
}
"""One row each of these: the handbook's five UNIQUE constraints, by table."""

USER_COLUMNS = ("id", "firstname", "lastname", "email")
"""What the bot needs of `userdata`, and fills when it adds a row."""

FILLED = frozenset(
    {
        "is_active",
        "difficulty",
        "created_at",
        "updated_at",
        "current_day",
        "start_date",
        "completed",
        "earned_at",
        "context_type",
    }
)
"""Columns of the nine that may be NULL by the handbook, and that the bot never leaves so."""

CLOSED = ("discord.erase_audit(person bigint)",)
"""The bot's functions that may not be called by every role."""
