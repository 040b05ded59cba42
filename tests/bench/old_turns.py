"""A year of KAI's turns, long ago, as many as one likes, in words that compress as English does."""

import datetime as dt
import random
from typing import Final

import asyncpg

FIRST: Final = dt.datetime(2024, 1, 1)  # noqa: DTZ001  as the table has it
BEFORE: Final = dt.date(2025, 1, 1)
TEXTS: Final = 20_000
SEED: Final = 1

TEXTS_IN: Final = """
CREATE TEMPORARY TABLE texts AS
SELECT (n - 1)::int AS n, message, response FROM unnest($1::text[], $2::text[])
       WITH ORDINALITY AS t (message, response, n)"""

ADD: Final = """
INSERT INTO kai_interactions (user_id, context_type, message, assistant_response, created_at)
SELECT $1, 'chat', asked.message || ' ' || turn.n, answered.response,
       $2::timestamp + turn.n * ($3::interval / $4)
  FROM generate_series(0, $4 - 1) AS turn (n)
  JOIN texts asked ON asked.n = turn.n % $5
  JOIN texts answered ON answered.n = turn.n / 3 * 7 % $5
 ORDER BY turn.n"""

USER: Final = """
INSERT INTO userdata (firstname, lastname, email) VALUES ('Ann', '(Discord)', 'ann@x.invalid')
ON CONFLICT (email) DO UPDATE SET lastname = '(Discord)' RETURNING id"""


def sentences(count: int, words: int) -> list[str]:
    """Texts of about so many words, which compress as English does."""
    chance = random.Random(SEED)
    letters = "eeeeeetttttaaaaooooiiiinnnnsssshhhrrrddlucmfwygpbvk"
    pool = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(3000)]
    weights = [1 / rank for rank in range(1, len(pool) + 1)]
    return [
        " ".join(chance.choices(pool, weights, k=chance.randint(words // 2, words * 3 // 2)))
        for _ in range(count)
    ]


async def fill(url: str, turns: int) -> None:
    """Make the turns, spread over the months; PostgreSQL then has time to settle."""
    connection = await asyncpg.connect(url)
    try:
        user = await connection.fetchval(USER)
        span = dt.datetime.combine(BEFORE, dt.time()) - FIRST
        await connection.execute(TEXTS_IN, sentences(TEXTS, 20), sentences(TEXTS, 45))
        await connection.execute(ADD, user, FIRST, span, turns, TEXTS, timeout=300)
    finally:
        await connection.close()
    await vacuum(url)


async def vacuum(url: str) -> None:
    """Let PostgreSQL settle, so that nothing of what was before counts."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("VACUUM (ANALYZE) kai_interactions", timeout=300)
        await connection.execute("CHECKPOINT", timeout=300)
    finally:
        await connection.close()
