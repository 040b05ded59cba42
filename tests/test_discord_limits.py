"""The checks of outgoing bodies: each rule fires on a bad one, all are silent on good ones."""

from typing import Any

import discord
import pytest
import simcord
from discord import app_commands, ui
from discord.http import handle_message_parameters
from discord.webhook.async_ import interaction_message_response_params

from tests import openapi
from tests.discord_limits import (
    Json,
    check_choices,
    check_commands,
    check_message,
    check_modal,
    check_no_pings,
    check_request,
)

needs_description = pytest.mark.skipif(
    not openapi.available(), reason="Discord's API description is not beside the project"
)
CALLBACK = "/interactions/123/a-token_1/callback"
V2 = 1 << 15
NOBODY = discord.AllowedMentions.none()


class Card(ui.LayoutView):
    """One of every component that a message may hold."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        zones = [discord.SelectOption(label=name, emoji="🌍") for name in ("UTC", "Paris")]
        member = discord.SelectDefaultValue(id=5, type=discord.SelectDefaultValueType.user)
        picture = ui.Thumbnail[Card]("https://example.org/a.png", description="A leaf")
        reflect = ui.Button[Card](label="Reflect", emoji="🌱", custom_id="reflect")
        heart = ui.Button[Card](emoji=discord.PartialEmoji(name="heart", id=5), custom_id="heart")
        reflect.callback = show_modal
        container = ui.Container[Card](accent_colour=0x00AA00)
        for item in (
            ui.TextDisplay[Card]("# The power of kindness"),
            ui.Section[Card]("Day 3 of 7", "🌱🌱🌱", accessory=picture),
            ui.Section[Card]("How was it?", accessory=reflect),
            ui.Separator[Card](spacing=discord.SeparatorSpacing.large),
            ui.MediaGallery[Card](discord.MediaGalleryItem("https://example.org/b.png")),
            ui.ActionRow[Card](ui.Button(label="Website", url="https://example.org"), heart),
            ui.ActionRow[Card](ui.Select(custom_id="zone", options=zones, max_values=2)),
            ui.ActionRow[Card](ui.UserSelect(custom_id="who", default_values=[member])),
            ui.ActionRow[Card](ui.ChannelSelect(custom_id="where")),
        ):
            container.add_item(item)
        self.add_item(container)


class Reflect(ui.Modal, title="Add a reflection"):
    """A modal with the inputs that go into labels."""

    intro = ui.TextDisplay[Any]("How did it feel?")
    words = ui.Label[Any](
        text="Your words",
        description="Only you can see them",
        component=ui.TextInput(
            custom_id="words", style=discord.TextStyle.long, min_length=2, default="It felt good"
        ),
    )
    mood = ui.Label[Any](
        text="Mood",
        component=ui.Select(options=[discord.SelectOption(label="Glad")], required=False),
    )
    picture = ui.Label[Any](text="Picture", component=ui.FileUpload(required=False))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(view=Card())


async def show_modal(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Reflect())


class Challenge(app_commands.Group, description="Challenges"):
    """A group with a group, and every kind of option."""

    days = app_commands.Group(name="days", description="The days of a challenge")

    @app_commands.command(description="Join a challenge")
    @app_commands.choices(period=[app_commands.Choice(name="This week", value="week")])
    async def join(
        self,
        interaction: discord.Interaction,
        challenge: int,
        points: app_commands.Range[int, 1, 100],
        member: discord.Member | None = None,
        role: discord.Role | None = None,
        channel: discord.TextChannel | None = None,
        file: discord.Attachment | None = None,
        share: bool = False,
        pace: app_commands.Range[float, 0.5, 2.0] = 1.0,
        period: str = "week",
        words: app_commands.Range[str, 1, 4000] = "…",
    ) -> None: ...

    @join.autocomplete("challenge")
    async def names(self, _: discord.Interaction, __: str) -> list[app_commands.Choice[int]]:
        return [app_commands.Choice(name="The power of kindness", value=7)]

    @days.command(name="add", description="Add a day")
    async def add(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content="Added")
        await interaction.followup.send("By the way", embed=discord.Embed(title="Day 1"))
        await interaction.user.send("Hello")


@app_commands.allowed_contexts(guilds=True, dms=True)
@app_commands.allowed_installs(guilds=True, users=True)
async def show_card(interaction: discord.Interaction) -> None:
    await interaction.response.send_message(view=Card())


@app_commands.context_menu(name="Award a badge")
@app_commands.default_permissions(moderate_members=True)
async def award(interaction: discord.Interaction, member: discord.Member) -> None: ...


class Bot(discord.Client):
    """A bot with these commands."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True), allowed_mentions=NOBODY)
        self.tree = app_commands.CommandTree(self)
        me = app_commands.Command[Any, [], None](
            name="me", description="Your profile", callback=show_card
        )
        self.tree.add_command(Challenge())
        self.tree.add_command(me)
        self.tree.add_command(award)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    def payloads(self) -> list[Json]:
        return [command.to_dict(self.tree) for command in self.tree.get_commands(type=None)]


def classic_view() -> ui.View:
    """Buttons and a select as they stand under a message with content."""
    view = ui.View(timeout=None)
    view.add_item(ui.Button(label="Done", custom_id="done"))
    view.add_item(ui.RoleSelect(custom_id="role"))
    return view


def an_embed() -> discord.Embed:
    now = discord.utils.utcnow()
    embed = discord.Embed(title="Day 1", url="https://example.org", colour=0xAA, timestamp=now)
    embed.add_field(name="Points", value="10").set_footer(
        text="KAI", icon_url="https://a.org/k.png"
    )
    return embed.set_image(url="attachment://day.png").set_author(name="KAI")


# --- silence on what discord.py builds


def test_a_command_tree_passes() -> None:
    commands = Bot().payloads()

    assert check_request("PUT", "/applications/1/commands", commands) == []
    assert check_request("PUT", "/applications/1/guilds/2/commands", commands) == []
    assert check_request("POST", "/applications/1/commands", commands[0]) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/channels/1/messages"),
        ("PATCH", "/channels/1/messages/2"),
        ("POST", "/webhooks/1/a-token"),
        ("PATCH", "/webhooks/1/a-token/messages/@original"),
        ("PATCH", "/webhooks/1/a-token/messages/3"),
    ],
)
async def test_messages_pass(method: str, path: str) -> None:
    card = handle_message_parameters(view=Card(), previous_allowed_mentions=NOBODY)
    classic = handle_message_parameters(
        "Hi", embed=an_embed(), view=classic_view(), nonce=2**63, previous_allowed_mentions=NOBODY
    )
    for sent in (card, classic):
        assert sent.payload is not None
        assert check_request(method, path, sent.payload) == []
        assert check_no_pings(sent.payload) == []


@pytest.mark.parametrize("kind", [4, 7])
async def test_interaction_messages_pass(kind: int) -> None:
    sent = interaction_message_response_params(
        type=kind,
        view=Card(),
        flags=discord.MessageFlags(ephemeral=True),
        previous_allowed_mentions=NOBODY,
    )
    assert sent.payload is not None
    assert check_request("POST", CALLBACK, sent.payload) == []
    assert check_no_pings(sent.payload) == []


async def test_other_callbacks_pass() -> None:
    choice = app_commands.Choice(name="The power of kindness", value=7)
    bodies: list[Json] = [
        {"type": 5, "data": {"flags": 64}},
        {"type": 6},
        {"type": 8, "data": {"choices": [choice.to_dict()]}},
        {"type": 8, "data": {"choices": []}},
        {"type": 9, "data": Reflect().to_dict()},
    ]
    for body in bodies:
        assert check_request("POST", CALLBACK, body) == []
        assert check_no_pings(body) == []


async def test_what_simcord_records_can_be_checked() -> None:
    async with simcord.run(Bot()) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("kindness")
        member = guild.add_member(env.create_user("member"))
        await member.slash(channel, "challenge days add")
        await member.autocomplete(channel, "challenge join", "challenge", "pow")
        card = await member.slash(channel, "me")
        assert card.response is not None
        modal = await member.click(card.response, label="Reflect")
        await member.submit_modal(modal, {"words": "It felt good"})
        sent = [(r.method, r.path, r.json) for r in env.http_requests if r.json is not None]

    ends = {path.rpartition("/")[2] for _, path, _ in sent}
    assert {"commands", "callback", "@original", "messages", "channels"} <= ends
    assert {body["type"] for _, path, body in sent if path.endswith("callback")} == {4, 5, 7, 8, 9}
    for method, path, body in sent:
        assert check_request(method, path, body) == []
        assert isinstance(body, list) or check_no_pings(body) == []


# --- one bad body for each rule


def command(*options: Json, **rest: Any) -> Json:
    return {"name": "quest", "type": 1, "description": "Quests", "options": [*options], **rest}


def option(kind: int = 3, **rest: Any) -> Json:
    return {"name": "words", "type": kind, "description": "Your words", **rest}


def choices(count: int, size: int = 1) -> list[Json]:
    return [{"name": f"{n:02}", "value": "v" * size} for n in range(count)]


SUB = option(1, name="start")
MENU = {"name": "Award a badge", "type": 2}
BAD_COMMANDS: list[tuple[str, Json]] = [
    ("'Words' is no name", command(option(name="Words"))),
    ("'two words' is no name", command(option(name="two words"))),
    ("'Quest' is no name", command(name="Quest")),
    ("'Quête' is no name", command(name_localizations={"fr": "Quête"})),
    ("description: is empty", command(description="")),
    ("description: is empty", command(option(description=" "))),
    ("description: 101 characters", command(option(description="d" * 101))),
    ("description: 101 characters", command(description_localizations={"fr": "d" * 101})),
    ("options: 26 of them", command(*(option(name=f"o{n}") for n in range(26)))),
    ("'words' 2 times", command(option(), option())),
    ("required", command(option(), option(name="more", required=True))),
    ("choices: 26 of them", command(option(choices=choices(26)))),
    ("choices name: is empty", command(option(choices=[{"name": "", "value": "a"}]))),
    ("choices name: 101", command(option(choices=[{"name": "n" * 101, "value": 1}]))),
    ("choices value: 101", command(option(choices=choices(1, size=101)))),
    ("'00' 2 times", command(option(choices=choices(1) * 2))),
    ("together with autocomplete", command(option(choices=choices(1), autocomplete=True))),
    ("min_value 2 is over max_value 1", command(option(4, min_value=2, max_value=1))),
    ("min_length 2 is over max_length 0", command(option(min_length=2, max_length=0))),
    ("beside subcommands", command(SUB, option())),
    ("beside subcommands", command(option(2, options=[option()]))),
    ("options: 0 of them", command(option(2, options=[]))),
    ("deeper than", command(option(1, options=[SUB]))),
    ("deeper than", command(option(2, options=[option(2, options=[SUB])]))),
    ("neither description nor options", MENU | {"description": "Badges"}),
    ("33 characters", MENU | {"name": "m" * 33}),
]


def told(lines: list[str], words: str) -> bool:
    """Whether exactly this was said."""
    return len(lines) == 1 and words in lines[0]


@pytest.mark.parametrize(("words", "bad"), BAD_COMMANDS)
def test_a_bad_command_is_told(words: str, bad: Json) -> None:
    assert told(check_commands([bad]), words)


@pytest.mark.parametrize(("kind", "most"), [(1, 100), (2, 15), (3, 15)])
def test_too_many_commands_are_told(kind: int, most: int) -> None:
    description = {"description": "Quests"} if kind == 1 else {}
    commands = [{"name": f"c{n}", "type": kind, **description} for n in range(most + 1)]

    assert check_commands(commands[:-1]) == []
    assert told(check_commands(commands), f"{most + 1} of them, not 0 to {most}")
    assert told(check_commands([commands[0], *commands[:5]]), "'c0' 2 times")


def test_a_command_holds_8000_characters() -> None:
    """25 options of 5 + 100 and 25 choices of 2 + 10 each make 10,125 with their values."""
    options = [option(name=f"o{n:04}", description="d" * 100, choices=[]) for n in range(25)]
    small = command(*options)  # 11 + 25 * 105 = 2,636
    for one in options[:17]:
        one["choices"] = choices(25, size=10)  # 300 each

    assert check_commands([small]) == []  # 7,736
    options[17]["description_localizations"] = {"fr": "e" * 99}  # shorter: counts for nothing
    options[17]["choices"] = choices(22, size=10)
    assert check_commands([small]) == []  # 8,000
    small["name_localizations"] = {"fr": "quêtes"}
    assert told(check_commands([small]), "8001 characters in all")


def test_choices_of_an_autocomplete_are_checked() -> None:
    assert check_choices(choices(25, size=100)) == []
    assert told(check_choices(choices(26)), "26 of them")
    assert told(
        check_request("POST", CALLBACK, {"type": 8, "data": {"choices": choices(1, size=101)}}),
        "101 characters",
    )


def text(content: str = "Hello") -> Json:
    return {"type": 10, "content": content}


def button(custom_id: str = "done", **rest: Any) -> Json:
    return {"type": 2, "style": 1, "custom_id": custom_id, "label": "Done", **rest}


def link(url: str) -> Json:
    return {"type": 2, "style": 5, "label": "Website", "url": url}


def select(**rest: Any) -> Json:
    zones = [{"label": zone, "value": zone} for zone in ("UTC", "Paris")]
    return {"type": 3, "custom_id": "zone", "options": zones, **rest}


def row(*components: Json) -> Json:
    return {"type": 1, "components": [*components]}


def card(*components: Json) -> Json:
    return {"flags": V2, "components": [*components]}


def embedded(**rest: Any) -> Json:
    return {"embeds": [{"title": "Day 1", **rest}]}


def section(*texts: Json, **rest: Any) -> Json:
    return {"type": 9, "components": [*texts], "accessory": button(), **rest}


WRONG = "ftp://example.org/a.png"
BAD_MESSAGES: list[tuple[str, Json]] = [
    ("is empty", {"content": " "}),
    ("2001 characters", {"content": "c" * 2001}),
    ("beside Components V2", card(text()) | {"content": "Hello"}),
    ("beside Components V2", card(text()) | embedded()),
    ("beside Components V2", card(text()) | {"poll": {"question": {"text": "How?"}}}),
    ("without the Components V2 flag", {"components": [text()]}),
    ("6 of them", {"components": [row(button(f"b{n}")) for n in range(6)]}),
    ("components with all inside: 41", card(*(row(button(f"b{n}")) for n in range(20)), text())),
    ("4001 displayed", card(text("t" * 2000), {"type": 17, "components": [text("t" * 2001)]})),
    ("content: is empty", card(text(" "))),
    ("'done' 2 times", card(section(text()), row(button()))),
    ("id: 7 2 times", card(text() | {"id": 7}, text() | {"id": 7})),
    ("custom_id: 101 characters", card(row(button("i" * 101)))),
    ("neither label nor emoji", card(row(button(label="")))),
    ("label: 81 characters", card(row(button(label="l" * 81)))),
    ("a link has a url alone", card(row(link("https://example.org") | {"custom_id": "done"}))),
    ("a link has a url alone", card(row(button(url="https://example.org")))),
    ("a link has a url alone", card(row(button() | {"custom_id": None}))),
    ("is no http address", card(row(link("example.org")))),
    ("is no http address", card(row(link(WRONG)))),
    ("0 of them, not 1 to 5", card(row())),
    ("6 of them, not 1 to 5", card(row(*(button(f"b{n}") for n in range(6))))),
    ("shares its row", card(row(select(), button()))),
    ("shares its row", card(row(select(), select(custom_id="more")))),
    ("3 values of 2 options", card(row(select(max_values=3)))),
    ("min_values 2 is over max_values 1", card(row(select(min_values=2, max_values=1)))),
    ("options: 0 of them", card(row(select(options=[], max_values=0)))),
    ("options: 26 of them", card(row(select(options=[{"value": n} for n in range(26)])))),
    ("'UTC' 2 times", card(row(select(options=[{"value": "UTC"}, {"value": "UTC"}])))),
    (
        "defaults: 2 of them",
        card(row(select(options=[{"value": n, "default": True} for n in range(2)]))),
    ),
    ("defaults: 2 of them", card(row({"type": 8, "custom_id": "w", "default_values": [1, 2]}))),
    ("defaults: 2 of them", card(row({"type": 5, "custom_id": "w", "default_values": [1, 2]}))),
    ("0 of them, not 1 to 3", card(section())),
    ("4 of them, not 1 to 3", card(section(*[text()] * 4))),
    ("texts and an accessory", card(section(text(), accessory=None))),
    ("texts and an accessory", card(section({"type": 14}))),
    ("0 of them, not 1 to 40", card({"type": 17, "components": []})),
    ("no address or file", card({"type": 12, "items": [{"media": {"url": WRONG}}]})),
    ("no address or file", card(section(text(), accessory={"type": 11, "media": {"url": ""}}))),
    ("no address or file", card({"type": 13, "file": {"url": "day.txt"}})),
    ("an empty embed", {"embeds": [{"color": 5}]}),
    ("6001 characters", {"embeds": [{"description": "d" * 4000}, {"description": "d" * 2001}]}),
    ("fields[0].name: is empty", embedded(fields=[{"name": "", "value": "10"}])),
    ("fields[0].value: is empty", embedded(fields=[{"name": "Points", "value": " "}])),
    ("fields[0].name: 257", embedded(fields=[{"name": "n" * 257, "value": "10"}])),
    ("fields[0].value: 1025", embedded(fields=[{"name": "Points", "value": "v" * 1025}])),
    ("embeds[0].url", embedded(url="attachment://a.png")),
    ("embeds[0].author.url", embedded(author={"name": "KAI", "url": WRONG})),
    ("embeds[0].author.icon_url", embedded(author={"name": "KAI", "icon_url": WRONG})),
    ("embeds[0].footer.icon_url", embedded(footer={"text": "KAI", "icon_url": WRONG})),
    ("embeds[0].image.url", embedded(image={"url": WRONG})),
    ("embeds[0].thumbnail.url", embedded(thumbnail={"url": ""})),
]


@pytest.mark.parametrize(("words", "bad"), BAD_MESSAGES)
def test_a_bad_message_is_told(words: str, bad: Json) -> None:
    assert told(check_message(bad, is_new=True), words)
    assert told(check_message({"type": 4, "data": bad}, is_new=True), words)


def test_an_edit_may_leave_things_out() -> None:
    assert check_message({"content": None, "embeds": [], "attachments": []}) == []
    assert check_message({"attachments": [{"id": 0}]}, is_new=True) == []
    assert check_message(card({"type": 2, "style": 6, "sku_id": "5"}), is_new=True) == []


def label(component: Json | None, **rest: Any) -> Json:
    return {"type": 18, "label": "Your words", "component": component, **rest}


def text_input(**rest: Any) -> Json:
    return {"type": 4, "custom_id": "words", "style": 2, **rest}


def modal(*components: Json, **rest: Any) -> Json:
    return {"title": "Reflect", "custom_id": "reflect", "components": [*components], **rest}


BAD_MODALS: list[tuple[str, Json]] = [
    ("title: is empty", modal(label(text_input()), title="")),
    ("title: 46 characters", modal(label(text_input()), title="t" * 46)),
    ("custom_id: is empty", modal(label(text_input()), custom_id=None)),
    ("custom_id: 101 characters", modal(label(text_input()), custom_id="i" * 101)),
    ("0 of them, not 1 to 5", modal()),
    ("6 of them, not 1 to 5", modal(*[text()] * 6)),
    ("label: is empty", modal(label(text_input(), label=""))),
    ("label: 46 characters", modal(label(text_input(), label="l" * 46))),
    ("description: 101 characters", modal(label(text_input(), description="d" * 101))),
    ("a label without an input", modal(label(None))),
    ("not within 0 to 4000", modal(label(text_input(max_length=4001)))),
    ("not within 0 to 4000", modal(label(text_input(max_length=0)))),
    ("not within 0 to 4000", modal(label(text_input(min_length=4001)))),
    ("min_length 5 is over max_length 4", modal(label(text_input(min_length=5, max_length=4)))),
    ("value: 4001 characters", modal(label(text_input(value="v" * 4001)))),
    ("value: 5 characters", modal(label(text_input(value="v" * 5, max_length=4)))),
    ("value: 1 characters", modal(label(text_input(value="v", min_length=2)))),
    ("placeholder: 101 characters", modal(label(text_input(placeholder="p" * 101)))),
    ("'words' 2 times", modal(label(text_input()), label(text_input()))),
    ("3 values of 2 options", modal(label(select(max_values=3)))),
]


@pytest.mark.parametrize(("words", "bad"), BAD_MODALS)
def test_a_bad_modal_is_told(words: str, bad: Json) -> None:
    assert told(check_modal(bad), words)
    assert told(check_modal({"type": 9, "data": bad}), words)


@pytest.mark.parametrize(
    ("words", "mentions"),
    [
        ("missing", None),
        ("parse is not empty", discord.AllowedMentions.all().to_dict()),
        ("parse is not empty", discord.AllowedMentions(everyone=False, roles=False).to_dict()),
        ("pings 6", {"parse": [], "users": [5, 6]}),
        ("pings 7", {"parse": [], "roles": ["7"]}),
    ],
)
def test_words_that_could_ping_are_told(words: str, mentions: Any) -> None:
    message = {"content": "@everyone", "allowed_mentions": mentions}

    assert told(check_no_pings(message, may_ping={5}), words)
    assert told(check_no_pings({"type": 4, "data": message}, may_ping={5}), words)
    assert check_no_pings({"content": "Hi", "allowed_mentions": NOBODY.to_dict()}) == []


# --- which rules belong to which request


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/channels/1/messages"),
        ("PATCH", "/channels/1/messages/2"),
        ("POST", "/webhooks/1/a-token"),
        ("PATCH", "/webhooks/1/a-token/messages/@original"),
        ("PATCH", "https://discord.com/api/v10/webhooks/1/a-token/messages/3?thread_id=4"),
    ],
)
def test_a_message_is_checked_on_every_path(method: str, path: str) -> None:
    assert told(check_request(method, path, card(row(button(label="")))), "neither label nor emoji")


def test_a_new_message_is_not_empty() -> None:
    assert told(check_request("POST", "/channels/1/messages", {"content": ""}), "is empty")
    assert told(check_request("POST", CALLBACK, {"type": 4, "data": {}}), "is empty")
    assert check_request("PATCH", "/channels/1/messages/2", {"content": ""}) == []
    assert check_request("POST", CALLBACK, {"type": 7, "data": {"content": ""}}) == []


def test_commands_and_modals_are_checked_on_their_paths() -> None:
    bad = command(option(min_length=2, max_length=1))
    for path in ("/applications/1/commands", "/applications/1/guilds/2/commands"):
        assert told(check_request("PUT", path, [bad]), "is over")
        assert told(check_request("POST", path, bad), "is over")
    bad = modal(label(text_input(min_length=2, max_length=1)))
    assert told(check_request("POST", CALLBACK, {"type": 9, "data": bad}), "is over")


# --- Discord's description


@needs_description
@pytest.mark.parametrize(
    ("method", "path", "body", "line"),
    [
        ("POST", CALLBACK, {"type": 99}, "body: {'type': 99} is none of: type [8], type [4, 5]"),
        ("POST", CALLBACK, {"type": 4, "data": {"content": 5}}, "data.content: 5 is not of type"),
        ("POST", "/webhooks/1/a-token", {"tts": 5, "embeds": 5}, "embeds: 5 is not of type"),
        (
            "PATCH",
            "/webhooks/1/a-token/messages/@original",
            card(row(button(label="l" * 81))),
            "components[0].components[0].label: 'llllllllllll...lllllllllllll' is too long (80)",
        ),
        ("POST", "/channels/1/messages", card({"type": 14, "spacing": 3}), "3 is none of: "),
        ("POST", "/channels/1/messages", embedded(url="example"), "'example' is not a 'uri'"),
        ("POST", "/channels/1/messages", embedded(timestamp="2026-01-01T00:00:00"), "'date-time'"),
        ("PATCH", "/channels/1/messages/2", {"allowed_mentions": {"users": [-1]}}, "minimum"),
        ("PUT", "/applications/1/commands", [{"type": 1}], "[0]: 'name' is a required property"),
        ("POST", "/applications/1/guilds/2/commands", command(option(4, choices=choices(1))), "0"),
        ("POST", "/users/@me/channels", {"recipient_id": "me"}, "recipient_id: 'me' does not"),
    ],
)
def test_the_description_is_applied(method: str, path: str, body: Any, line: str) -> None:
    assert told(openapi.validate(method, path, body), line)


@needs_description
def test_requests_and_bodies_that_discord_does_not_know() -> None:
    assert told(openapi.validate("POST", "/channel/1/messages", {}), "describes no POST /channel/1")
    assert told(openapi.validate("POST", "/channels/1/messages", None), "needs a body")
    assert told(openapi.validate("POST", "/channels/1/typing", {}), "takes no body")
    assert openapi.validate("POST", "/channels/1/typing", None) == []
    assert openapi.validate("GET", "/users/@me", None) == []
    assert openapi.validate("POST", "/users/@me/channels", {"recipient_id": 2**60}) == []
    assert openapi.validate("POST", "/users/@me/channels", {"recipient_id": "5"}) == []
