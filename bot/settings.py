"""Settings from the environment and `.env`: one frozen object, built once in `main()`.

A wrong value or an unknown name ends in `SettingsError`, one sentence without any secret in it.
"""

import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.rules.days import find_zone

POSTGRES = ("postgresql", "postgres")
LARGEST_ID = 2**63 - 1  # of a Discord id in a BIGINT


class SettingsError(Exception):
    """The settings cannot be used; the message is a sentence for the person who runs the bot."""


class Settings(BaseSettings):
    """Everything that may differ between one installation and another. See `.env.example`."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    discord_token: SecretStr | None = None
    database_url: SecretStr | None = None
    home_guild_ids: Annotated[tuple[int, ...], NoDecode] = ()
    default_zone: str = "UTC"
    data_dir: Path = Path(".data")
    playground_port: int = Field(default=8790, ge=1, le=65535)
    pool_size: int = Field(default=10, ge=2, le=100)
    kai_model: str | None = None
    kai_api_key: SecretStr | None = None
    kai_base_url: str | None = None
    kai_seconds: float = Field(default=20, ge=1, le=60)
    kai_member_turns: int = Field(default=50, ge=1)
    kai_guild_turns: int = Field(default=1000, ge=1)
    kai_day_tokens: int = Field(default=2_000_000, ge=1)
    kai_concurrent: int = Field(default=8, ge=1, le=64)
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"
    discord_api_url: str | None = None
    discord_gateway_url: str | None = None

    @field_validator("discord_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        return _one_word(value, "the bot's token")

    @field_validator("home_guild_ids", mode="before")
    @classmethod
    def _ids(cls, value: object) -> object:
        if isinstance(value, str):
            parts = value.replace(",", " ").split()
            if not all(part.isdecimal() and 0 < int(part) <= LARGEST_ID for part in parts):
                raise ValueError("must be server ids (numbers), separated by commas")
            return tuple(int(part) for part in parts)
        return value

    @field_validator("default_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        zone = find_zone(value)
        if zone is None:
            raise ValueError("must be a time zone name such as America/Toronto or UTC")
        return zone

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        return SecretStr(check_url(value.get_secret_value(), POSTGRES))

    @field_validator("kai_model")
    @classmethod
    def _model(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"(openai|anthropic):\S+", value):
            raise ValueError("must be openai:NAME or anthropic:NAME, such as openai:gpt-5-mini")
        return value

    @field_validator("kai_api_key")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        return _one_word(value, "the model's API key")

    @model_validator(mode="after")
    def _model_and_key(self) -> Self:
        if self.kai_model is None:
            if self.kai_base_url is not None or self.kai_api_key is not None:
                raise ValueError("KAI_MODEL must be set where KAI_BASE_URL or KAI_API_KEY is")
        elif self.kai_api_key is None and self.kai_base_url is None:
            raise ValueError(
                "KAI_API_KEY must be set for KAI_MODEL, unless KAI_BASE_URL names a server of your "
                "own that needs none"
            )
        return self

    @field_validator("discord_api_url", "kai_base_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        return None if value is None else check_url(value, ("http", "https")).rstrip("/")

    @field_validator("discord_gateway_url")
    @classmethod
    def _websocket(cls, value: str | None) -> str | None:
        return None if value is None else check_url(value, ("ws", "wss"))


def _one_word(value: SecretStr | None, what: str) -> SecretStr | None:
    """A secret without the white space around it; there may be none inside. Raises ValueError."""
    if value is None:
        return None
    word = value.get_secret_value().strip()
    if not re.fullmatch(r"[!-~]+", word):
        raise ValueError(f"must be {what} and nothing else, without any space in it")
    return SecretStr(word)


def check_url(value: str, schemes: tuple[str, ...]) -> str:
    """An address of one of these schemes, trimmed. Raises ValueError, which never shows it."""
    value = value.strip()
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in schemes:
        raise ValueError(f"must be an address that begins with {schemes[0]}://")
    return value


def load(env_file: Path | None = Path(".env")) -> Settings:
    """Read the environment and the file.

    Raises SettingsError, naming the setting and what it must be, never its value.
    """
    try:
        if env_file is not None and env_file.is_file():
            _check_lines(env_file)
        return Settings(_env_file=env_file)  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{env_file} is not a UTF-8 text file.") from error


def _check_lines(env_file: Path) -> None:
    """Refuse a line that the reader of such files would pass over, and a setting with it."""
    with env_file.open(encoding="utf-8") as lines:
        for binding in parse_stream(lines):
            if binding.error or (binding.key is not None and binding.value is None):
                text = binding.original.string
                blank = text[: -len(text.lstrip())].count("\n")
                raise SettingsError(
                    f"Line {binding.original.line + blank} of {env_file} is not a setting such as "
                    "DEFAULT_ZONE=America/Toronto."
                )


def _sentence(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    if not problem["loc"]:  # two settings that do not go together; the reason names them
        return f"{problem['msg'].removeprefix('Value error, ')}."
    name = str(problem["loc"][0]).upper()
    if problem["type"] == "extra_forbidden":
        return f"{name} in .env is not a setting of this bot; see .env.example for those there are."
    reason = problem["msg"].removeprefix("Value error, ")
    if reason.startswith("must"):
        return f"{name} {reason}."
    return f"{name} is not right: {reason[:1].lower()}{reason[1:]}."
