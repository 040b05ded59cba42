"""Every setting that cannot be used is refused in one sentence that names it and not its value."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.settings import Settings, SettingsError, load
from tests.process.bots import PROJECT

WRONG = {
    "DEFAULT_ZNOE=UTC": "DEFAULT_ZNOE in .env is not a setting of this bot; see .env.example for "
    "those there are.",
    "DEFAULT_ZONE=Mars/Olympus": "DEFAULT_ZONE must be a time zone name such as America/Toronto or "
    "UTC.",
    "PLAYGROUND_PORT=eighty": "PLAYGROUND_PORT is not right: input should be a valid integer, "
    "unable to parse string as an integer.",
    "PLAYGROUND_PORT=70000": "PLAYGROUND_PORT is not right: input should be less than or equal to "
    "65535.",
    "POOL_SIZE=1": "POOL_SIZE is not right: input should be greater than or equal to 2.",
    "HOME_GUILD_IDS=12, Get Kinder": "HOME_GUILD_IDS must be server ids (numbers), separated by "
    "commas.",
    "HOME_GUILD_IDS=0": "HOME_GUILD_IDS must be server ids (numbers), separated by commas.",
    "HOME_GUILD_IDS=9999999999999999999": "HOME_GUILD_IDS must be server ids (numbers), separated "
    "by commas.",
    "LOG_LEVEL=loud": "LOG_LEVEL is not right: input should be 'DEBUG', 'INFO', 'WARNING' or "
    "'ERROR'.",
    "DATABASE_URL=mysql://u:hidden-word@h/d": "DATABASE_URL must be an address that begins with "
    "postgresql://.",
    "DATABASE_URL=postgresql://u:hidden/word@h/d": "DATABASE_URL must be an address that begins "
    "with postgresql://.",
    "DISCORD_API_URL=discord.com": "DISCORD_API_URL must be an address that begins with http://.",
    "DISCORD_GATEWAY_URL=https://discord.gg": "DISCORD_GATEWAY_URL must be an address that begins "
    "with ws://.",
    "DISCORD_TOKEN=Bot hidden-word": "DISCORD_TOKEN must be the bot's token and nothing else, "
    "without any space in it.",
    'DISCORD_TOKEN="hidden\\nword"': "DISCORD_TOKEN must be the bot's token and nothing else, "
    "without any space in it.",
    "KAI_MODEL=gpt-5-mini": "KAI_MODEL must be openai:NAME or anthropic:NAME, such as "
    "openai:gpt-5-mini.",
    "KAI_MODEL=openai:gpt-5-mini": "KAI_API_KEY must be set for KAI_MODEL, unless KAI_BASE_URL "
    "names a server of your own that needs none.",
    "KAI_API_KEY=hidden-word": "KAI_MODEL must be set where KAI_BASE_URL or KAI_API_KEY is.",
    "KAI_MODEL=openai:x\nKAI_API_KEY=hidden word": "KAI_API_KEY must be the model's API key and "
    "nothing else, without any space in it.",
    "KAI_BASE_URL=localhost:11434/v1": "KAI_BASE_URL must be an address that begins with http://.",
    "KAI_SECONDS=0": "KAI_SECONDS is not right: input should be greater than or equal to 1.",
    "KAI_CONCURRENT=65": "KAI_CONCURRENT is not right: input should be less than or equal to 64.",
    "# me\n\nhidden-word": "Line 3 of .env is not a setting such as DEFAULT_ZONE=America/Toronto.",
    "DISCORD TOKEN=hidden-word": "Line 1 of .env is not a setting such as "
    "DEFAULT_ZONE=America/Toronto.",
    'DISCORD_TOKEN="hidden-word': "Line 1 of .env is not a setting such as "
    "DEFAULT_ZONE=America/Toronto.",
}


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting but those of the test."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(("line", "sentence"), WRONG.items(), ids=WRONG)
def test_a_wrong_line_is_named(line: str, sentence: str) -> None:
    Path(".env").write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load()
    assert str(refused.value) == sentence


def test_the_environment_is_checked_as_the_file_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_ZONE", "Mars/Olympus")
    with pytest.raises(SettingsError, match=r"^DEFAULT_ZONE must be a time zone name"):
        load()


def test_a_file_in_another_encoding_is_refused() -> None:
    Path(".env").write_bytes("DEFAULT_ZONE=UTC # für alle\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"^\.env is not a UTF-8 text file\.$"):
        load()


def test_a_file_as_editors_and_shells_leave_it_is_read() -> None:
    lines = (
        "\ufeff# ours",
        "export DISCORD_TOKEN= 'one.two' ",
        "DATABASE_URL=' postgresql://bot:p%40ss@localhost/kind '",
        "HOME_GUILD_IDS=12, 34",
        "DEFAULT_ZONE=america/toronto",
        "DISCORD_API_URL=",
    )
    Path(".env").write_bytes("\r\n".join(lines).encode())
    settings = load()
    assert settings.discord_token == SecretStr("one.two")
    assert settings.database_url == SecretStr("postgresql://bot:p%40ss@localhost/kind")
    assert settings.home_guild_ids == (12, 34)
    assert settings.default_zone == "America/Toronto"
    assert settings.discord_api_url is None


def test_nothing_needs_to_be_set() -> None:
    settings = load()
    assert (settings.discord_token, settings.database_url) == (None, None)
    assert settings.playground_port == 8790


def test_the_example_shows_every_setting_and_sets_none() -> None:
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    Path(".env").write_text(text, encoding="utf-8")
    assert load() == Settings()
    shown = [line.removeprefix("# ") for line in text.splitlines() if "=" in line]
    assert [line.partition("=")[0] for line in shown] == [n.upper() for n in Settings.model_fields]
    Path(".env").write_text("\n".join(shown), encoding="utf-8")
    load()
