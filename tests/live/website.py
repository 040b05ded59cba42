"""The website at work beside the bot: its statements, as its code had them."""

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncpg import Connection, Record

TYPES = {"suggested_acts": "jsonb"}


class Website:
    """The website's own connection, as the owner of its tables."""

    now = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)

    def __init__(self, connection: "Connection[Record]") -> None:
        self._connection = connection

    async def execute(self, sql: str, *args: Any) -> None:
        """Execute a statement."""
        await self._connection.execute(sql, *args)

    async def enrols(self, user: int, challenge: int, today: dt.date, day: int) -> None:
        """Put somebody on a challenge."""
        await self.execute(
            "INSERT INTO user_challenges (user_id, challenge_id, status, current_day, start_date)"
            " VALUES ($1, $2, 'active', $4, $3)",
            *(user, challenge, today, day),
        )

    async def reflects(self, user: int, challenge: int, day: int, text: str) -> None:
        """Write a reflection on a day that is not done, with the turn that it wrote."""
        await self.execute(
            "INSERT INTO challenge_logs (user_id, challenge_id, day_number, reflection, completed)"
            " VALUES ($1, $2, $3, $4, false)",
            *(user, challenge, day, text),
        )
        await self.execute(
            "INSERT INTO kai_interactions (user_id, context_type, context_id, message)"
            " VALUES ($1, 'reflection', $2, $3)",
            *(user, challenge, text),
        )

    async def marks(self, user: int, challenge: int, day: int, now: dt.datetime) -> None:
        """Mark a day as done that has no row yet."""
        await self.execute(
            "INSERT INTO challenge_logs (user_id, challenge_id, day_number, completed,"
            " completed_at) VALUES ($1, $2, $3, true, $4)",
            *(user, challenge, day, now.astimezone(dt.UTC).replace(tzinfo=None)),
        )

    async def moves(self, user: int, challenge: int, day: int) -> None:
        """Go on to the next day."""
        await self.execute(
            "UPDATE user_challenges SET current_day = $3 WHERE user_id = $1 AND challenge_id = $2",
            *(user, challenge, day),
        )

    async def shows(self, user: int) -> tuple[Any, ...] | None:
        """The challenge, day and status that its page shows."""
        row = await self._connection.fetchrow(
            "SELECT challenge_id, current_day, status FROM user_challenges"
            " WHERE user_id = $1 AND status = 'active' LIMIT 1",
            user,
        )
        return None if row is None else tuple(row)

    async def remakes_templates(self, challenge: int, day: int, columns: dict[str, Any]) -> None:
        """Make `challenge_day_templates` anew with these columns, and one row in it."""
        await self.execute("DROP TABLE IF EXISTS challenge_day_templates")
        made = "".join(f", {name} {TYPES.get(name, 'text')}" for name in columns)
        await self.execute(
            "CREATE TABLE challenge_day_templates"
            f" (id serial PRIMARY KEY, challenge_id int, day_number int{made})"
        )
        names = ", ".join(["challenge_id", "day_number", *columns])
        places = ", ".join(f"${number}" for number in range(1, len(columns) + 3))
        values = [json.dumps(v) if TYPES.get(name) else v for name, v in columns.items()]
        await self.execute(
            f"INSERT INTO challenge_day_templates ({names}) VALUES ({places})",
            *(challenge, day, *values),
        )
