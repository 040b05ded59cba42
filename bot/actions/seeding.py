"""The starter catalogue: a validated TOML file, loaded so that running it again changes nothing."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.actions.services import Clock
from db import seed
from db.pool import Pool
from db.seed import SeedItem

STANDING_SLUG = "daily-spark"
CATALOGUE = Path(__file__).parent.parent / "catalogue.toml"

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, Field(min_length=1)]


class CatalogueError(Exception):
    """The catalogue file is not right; the message says where."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SeedDay(_Strict):
    """A challenge day, as `discord.challenge_days` keeps it."""

    day_number: int = Field(ge=1)
    day_title: str = Field(min_length=1, max_length=255)
    principle: Text
    body: Text
    suggested_acts: tuple[Text, ...]


class SeedChallenge(_Strict):
    """A challenge with a text for each of its days."""

    slug: Slug
    name: str = Field(min_length=1, max_length=150)
    description: Text
    total_days: int = Field(ge=1)
    ai_prompt_template: Text | None = None
    day: tuple[SeedDay, ...]

    @model_validator(mode="after")
    def _every_day_once(self) -> Self:
        if [day.day_number for day in self.day] != list(range(1, self.total_days + 1)):
            raise ValueError(f"{self.slug} must have each of its {self.total_days} days, in order")
        return self


class SeedQuest(_Strict):
    """A quest; its seed is the theme that KAI varies on."""

    slug: Slug
    name: str = Field(min_length=1, max_length=150)
    description: Text
    total_days: int = Field(ge=1)
    difficulty: Literal["Easy", "Medium", "Hard"]
    random_task_seed: Text


class SeedBadge(_Strict):
    """A badge: earned by points, or given by moderators when it has none."""

    slug: Slug
    name: str = Field(min_length=1, max_length=100)
    icon: str = Field(min_length=1, max_length=255)
    description: Text
    points_required: int | None = Field(default=None, ge=1)


class Catalogue(_Strict):
    """The whole file."""

    challenge: tuple[SeedChallenge, ...]
    quest: tuple[SeedQuest, ...]
    badge: tuple[SeedBadge, ...]

    @model_validator(mode="after")
    def _slugs_differ(self) -> Self:
        for items in (self.challenge, self.quest, self.badge):
            slugs = [item.slug for item in items]
            if len(set(slugs)) < len(slugs):
                raise ValueError("two items of one kind have the same slug")
        return self


def read_catalogue(path: Path = CATALOGUE) -> Catalogue:
    """The catalogue in a file. Raises CatalogueError with the first thing that is wrong in it."""
    try:
        return Catalogue.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValidationError, tomllib.TOMLDecodeError, OSError) as error:
        raise CatalogueError(f"{path.name}: {error}") from error


async def seed_catalogue(pool: Pool, clock: Clock, path: Path = CATALOGUE) -> dict[str, int]:
    """Load the catalogue, all or nothing; gives how many of each kind were new."""
    return await seed.load(pool, _seed_items(read_catalogue(path)), clock())


async def seed_if_empty(pool: Pool, clock: Clock) -> bool:
    """Load the starter catalogue when there is nothing in the catalogue yet."""
    empty = await seed.is_empty(pool)
    if empty:
        await seed_catalogue(pool, clock)
    return empty


async def ensure_standing_quest(pool: Pool, clock: Clock) -> bool:
    """See that the standing quest of daily posts is there; gives whether it was looked for anew.

    On a catalogue that was filled before there was one, or that lost it, the quest of its name
    becomes it, else a new one.
    """
    if await seed.has_quest(pool, STANDING_SLUG):
        return False
    wanted = [item for item in _seed_items(read_catalogue()) if _is_standing(item)]
    await seed.load(pool, wanted, clock())
    return True


def _is_standing(item: SeedItem) -> bool:
    return item.kind == "quest" and item.slug == STANDING_SLUG


def _seed_items(catalogue: Catalogue) -> list[SeedItem]:
    challenges = [
        SeedItem(
            "challenge",
            item.slug,
            item.model_dump(exclude={"slug", "day"}),
            tuple(day.model_dump() for day in item.day),
        )
        for item in catalogue.challenge
    ]
    quests = [SeedItem("quest", q.slug, q.model_dump(exclude={"slug"})) for q in catalogue.quest]
    badges = [SeedItem("badge", b.slug, b.model_dump(exclude={"slug"})) for b in catalogue.badge]
    return [*challenges, *quests, *badges]
