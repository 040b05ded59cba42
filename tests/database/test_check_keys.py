"""`db check` on keys, foreign keys, checks and indexes: what is done, and what is found then."""

import pytest

from db.care.keys import UNIQUE_KEYS
from tests.database.checked import Found, found_and_mended

USERS, LOGS_KEY = "public.userdata", "challenge_logs_user_id_challenge_id_day_number_key"

DRIFTS: dict[str, tuple[str, Found]] = {
    "addresses are not unique": (
        "ALTER TABLE public.userdata DROP CONSTRAINT userdata_email_key",
        {("breaking", "missing unique constraint", f"{USERS}.userdata_email_key")},
    ),
    "addresses are unique otherwise": (
        (
            "ALTER TABLE public.userdata DROP CONSTRAINT userdata_email_key;"
            "CREATE UNIQUE INDEX userdata_email_key ON public.userdata (lower(email))"
        ),
        {("breaking", "missing unique constraint", f"{USERS}.userdata_email_key")},
    ),
    "no primary key": (
        "ALTER TABLE public.user_badges DROP CONSTRAINT user_badges_pkey",
        {("breaking", "missing primary key", "public.user_badges.user_badges_pkey")},
    ),
    "another primary key": (
        (
            "ALTER TABLE public.user_badges DROP CONSTRAINT user_badges_pkey,"
            " ADD PRIMARY KEY (user_id, badge_id)"
        ),
        {("breaking", "missing primary key", "public.user_badges.user_badges_pkey")},
    ),
    "a unique index instead of the primary key": (
        (
            "ALTER TABLE public.user_badges DROP CONSTRAINT user_badges_pkey;"
            "CREATE UNIQUE INDEX user_badges_id ON public.user_badges (id)"
        ),
        {("note", "name", "public.user_badges.user_badges_id")},
    ),
    **{
        f"{table} without its key": (
            f"ALTER TABLE public.{table} DROP CONSTRAINT {table}_{'_'.join(columns)}_key",
            {
                (
                    "breaking",
                    "missing unique constraint",
                    f"public.{table}.{table}_{'_'.join(columns)}_key",
                )
            },
        )
        for table, columns in UNIQUE_KEYS.items()
    },
    "the key as an index, in another order": (
        (
            f"ALTER TABLE public.challenge_logs DROP CONSTRAINT {LOGS_KEY};"
            "CREATE UNIQUE INDEX once ON public.challenge_logs (day_number, challenge_id, user_id)"
        ),
        {("note", "name", "public.challenge_logs.once")},
    ),
    "the key for some rows": (
        (
            f"ALTER TABLE public.challenge_logs DROP CONSTRAINT {LOGS_KEY};"
            f"CREATE UNIQUE INDEX {LOGS_KEY} ON public.challenge_logs"
            " (user_id, challenge_id, day_number) WHERE completed"
        ),
        {("breaking", "missing unique constraint", f"public.challenge_logs.{LOGS_KEY}")},
    ),
    "the key, checked late": (
        (
            f"ALTER TABLE public.challenge_logs DROP CONSTRAINT {LOGS_KEY};"
            f"ALTER TABLE public.challenge_logs ADD CONSTRAINT {LOGS_KEY}"
            " UNIQUE (user_id, challenge_id, day_number) DEFERRABLE"
        ),
        {("breaking", "missing unique constraint", f"public.challenge_logs.{LOGS_KEY}")},
    ),
    "the key of more columns": (
        (
            "ALTER TABLE public.user_badges DROP CONSTRAINT user_badges_user_id_badge_id_key;"
            "CREATE UNIQUE INDEX wider ON public.user_badges (user_id, badge_id, earned_at)"
        ),
        {
            (
                "breaking",
                "missing unique constraint",
                "public.user_badges.user_badges_user_id_badge_id_key",
            ),
            ("note", "extra index", "public.user_badges.wider"),
        },
    ),
    "no foreign key": (
        "ALTER TABLE public.user_quests DROP CONSTRAINT user_quests_quest_id_fkey",
        {("drift", "missing foreign key", "public.user_quests.user_quests_quest_id_fkey")},
    ),
    "a foreign key that keeps rows": (
        (
            "ALTER TABLE public.user_quests DROP CONSTRAINT user_quests_quest_id_fkey;"
            "ALTER TABLE public.user_quests ADD CONSTRAINT user_quests_quest_id_fkey"
            " FOREIGN KEY (quest_id) REFERENCES public.quests"
        ),
        {("drift", "foreign key", "public.user_quests.user_quests_quest_id_fkey")},
    ),
    "a foreign key to another table": (
        (
            "ALTER TABLE public.user_quests DROP CONSTRAINT user_quests_quest_id_fkey;"
            "ALTER TABLE public.user_quests ADD CONSTRAINT user_quests_quest_id_fkey"
            " FOREIGN KEY (quest_id) REFERENCES public.challenges ON DELETE CASCADE"
        ),
        {("drift", "foreign key", "public.user_quests.user_quests_quest_id_fkey")},
    ),
    "a foreign key that does not look at the rows that were there": (
        (
            "ALTER TABLE public.user_quests DROP CONSTRAINT user_quests_quest_id_fkey;"
            "ALTER TABLE public.user_quests ADD CONSTRAINT user_quests_quest_id_fkey"
            " FOREIGN KEY (quest_id) REFERENCES public.quests ON DELETE CASCADE NOT VALID"
        ),
        {("drift", "foreign key", "public.user_quests.user_quests_quest_id_fkey")},
    ),
    "a foreign key of another name": (
        (
            "ALTER TABLE public.user_quests"
            " RENAME CONSTRAINT user_quests_quest_id_fkey TO fk_user_quests_quest"
        ),
        {("note", "name", "public.user_quests.fk_user_quests_quest")},
    ),
    "a foreign key too many, without an index": (
        (
            "ALTER TABLE public.kai_interactions ADD CONSTRAINT to_challenges"
            " FOREIGN KEY (context_id) REFERENCES public.challenges"
        ),
        {
            ("note", "extra foreign key", "public.kai_interactions.to_challenges"),
            ("note", "unindexed foreign key", "public.kai_interactions.to_challenges"),
        },
    ),
    "a second foreign key of a column": (
        (
            "ALTER TABLE public.user_quests ADD CONSTRAINT a_second"
            " FOREIGN KEY (quest_id) REFERENCES public.quests"
        ),
        {("note", "extra foreign key", "public.user_quests.a_second")},
    ),
    "a foreign key of the bot's": (
        "ALTER TABLE discord.accounts DROP CONSTRAINT accounts_user_id_fkey",
        {("drift", "missing foreign key", "discord.accounts.accounts_user_id_fkey")},
    ),
    "a check of the bot's": (
        "ALTER TABLE discord.accounts DROP CONSTRAINT accounts_points_check",
        {("drift", "missing check", "discord.accounts.accounts_points_check")},
    ),
    "a check too many": (
        (
            "ALTER TABLE public.user_quests ADD CONSTRAINT known_status"
            " CHECK (status IN ('active', 'completed', 'cancelled'))"
        ),
        {("note", "extra check", "public.user_quests.known_status")},
    ),
    "a check of people": (
        "ALTER TABLE public.userdata ADD CHECK (firstname <> '')",
        set(),
    ),
    "no index": (
        "DROP INDEX public.idx_quests_active",
        {("drift", "missing index", "public.quests.idx_quests_active")},
    ),
    "no index of a foreign key": (
        "DROP INDEX public.idx_user_quests_user_id",
        {("drift", "missing index", "public.user_quests.idx_user_quests_user_id")},
    ),
    "an index of another name": (
        "ALTER INDEX public.idx_quests_active RENAME TO quests_by_active",
        {("note", "name", "public.quests.quests_by_active")},
    ),
    "an index of another order": (
        (
            "DROP INDEX public.idx_quest_logs_day;"
            "CREATE INDEX idx_quest_logs_day ON public.quest_logs (day_number, quest_id)"
        ),
        {
            ("drift", "missing index", "public.quest_logs.idx_quest_logs_day"),
            ("note", "extra index", "public.quest_logs.idx_quest_logs_day"),
        },
    ),
    "an index of another kind": (
        (
            "DROP INDEX public.idx_user_quests_user_id;"
            "CREATE INDEX idx_user_quests_user_id ON public.user_quests USING hash (user_id)"
        ),
        {
            ("drift", "missing index", "public.user_quests.idx_user_quests_user_id"),
            ("note", "extra index", "public.user_quests.idx_user_quests_user_id"),
        },
    ),
    "an index of some rows": (
        (
            "DROP INDEX public.idx_quests_active;"
            "CREATE INDEX idx_quests_active ON public.quests (is_active) WHERE is_active"
        ),
        {
            ("drift", "missing index", "public.quests.idx_quests_active"),
            ("note", "extra index", "public.quests.idx_quests_active"),
        },
    ),
    "a condition that the bot's index should have": (
        (
            "DROP INDEX discord.idx_guilds_one_home;"
            "CREATE UNIQUE INDEX idx_guilds_one_home ON discord.guilds (is_home, id)"
        ),
        {
            ("breaking", "missing index", "discord.guilds.idx_guilds_one_home"),
            ("note", "extra index", "discord.guilds.idx_guilds_one_home"),
        },
    ),
    "an index too many, of an odd name": (
        'CREATE INDEX "questName" ON public.quests (name)',
        {
            ("note", "extra index", "public.quests.questName"),
            ("note", "name", "public.quests.questName"),
        },
    ),
    "a unique index too many": (
        "CREATE UNIQUE INDEX one_name ON public.quests (name)",
        {("drift", "extra unique index", "public.quests.one_name")},
    ),
    "an index of people": ("CREATE INDEX by_name ON public.userdata (lastname)", set()),
}


@pytest.mark.parametrize("name", DRIFTS)
async def test_what_differs_is_found(database_url: str, name: str) -> None:
    change, wanted = DRIFTS[name]
    assert await found_and_mended(database_url, change) == wanted
