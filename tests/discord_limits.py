"""The rules of Discord that neither its OpenAPI description nor SimCord checks, over raw bodies.

Every function takes JSON as discord.py sends it (and SimCord's `env.http_requests` records it) and
answers with one short line for each broken rule. The rules are those of Discord's reference pages
"Application Commands", "Component Reference" and "Message"; lengths are counted in code points.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from tests import openapi

Json = dict[str, Any]

_MENUS = 15  # context menus of a kind (the description's 130 commands are 100 + 15 + 15)
_COMPONENTS_V2 = 1 << 15
_SUBCOMMAND, _GROUP = 1, 2  # types of option
_ROW, _BUTTON, _STRING_SELECT, _TEXT = 1, 2, 3, 10  # types of component
_LINK, _PREMIUM = 5, 6  # styles of button

# Discord also takes the vowel signs of Devanagari and Thai, which \w leaves out; none are used.
_NAME = re.compile(r"[-'\w]{1,32}")
_WEB = re.compile(r"https?://[^\s/]\S*")
_WEB_OR_FILE = re.compile(r"(https?|attachment)://[^\s/]\S*")


def check_request(method: str, path: str, body: Any) -> list[str]:
    """Everything that fits one request: Discord's description, where it is there, and the rules."""
    described = openapi.validate(method, path, body) if openapi.available() else []
    return described + (_check_by_path(method, urlsplit(path).path, body) if body else [])


def check_commands(commands: list[Json]) -> list[str]:
    """A whole tree as it is synced: all global commands, or all of one guild."""
    return list(_commands(commands))


def check_choices(choices: list[Json], where: str = "choices") -> list[str]:
    """The choices of an option, or the answer to an autocomplete."""
    return list(_choices(choices, where))


def check_message(body: Json, *, is_new: bool = False) -> list[str]:
    """A message or an edit, or the callback that carries it; a new message may not be empty."""
    return list(_message(_data(body), is_new=is_new))


def check_modal(body: Json) -> list[str]:
    """A modal, or the interaction callback that carries it."""
    return list(_modal(_data(body)))


def check_no_pings(body: Json, may_ping: Collection[int] = ()) -> list[str]:
    """Whether a message made of a member's or a model's words can ping others than `may_ping`.

    The client's own `allowed_mentions` count: discord.py writes them into the body of every message
    and edit, `{"parse": []}` for `AllowedMentions.none()`. A body that shows nothing (a deferral,
    a modal, choices) has no line, nor has pinging the author of the message replied to.
    """
    data = _data(body)
    if "title" in data or not any(data.get(key) for key in ("content", "embeds", "components")):
        return []
    if data.get("allowed_mentions") is None:
        return ["allowed_mentions: missing, every mention in the text pings"]
    allowed = _one(data, "allowed_mentions")
    found = [] if allowed.get("parse") == [] else ["allowed_mentions: parse is not empty"]
    listed: list[Any] = _many(allowed, "users") + _many(allowed, "roles")
    return found + [f"allowed_mentions: pings {i}" for i in listed if int(i) not in may_ping]


def _check_by_path(method: str, path: str, body: Any) -> list[str]:
    if re.search(r"/applications/\d+(/guilds/\d+)?/commands$", path):
        return check_commands(body if method == "PUT" else [body])
    if re.search(r"/interactions/\d+/[^/]+/callback$", path):
        match body.get("type"):
            case 4 | 7 as kind:
                return check_message(body, is_new=kind == 4)
            case 8:
                return check_choices(_many(_data(body), "choices"))
            case 9:
                return check_modal(body)
            case _:
                return []
    if method == "POST" and re.search(r"/channels/\d+/messages$|/webhooks/\d+/[^/]+$", path):
        return check_message(body, is_new=True)
    if re.search(r"/(channels/\d+|webhooks/\d+/[^/]+)/messages/(\d+|@original)$", path):
        return check_message(body)
    return []


# --- reading JSON, and the rules that recur


def _data(body: Json) -> Json:
    """What a callback carries; any other body itself (none of them is just a type and data)."""
    return _one(body, "data") if body.keys() <= {"type", "data"} else body


def _one(item: Json, key: str) -> Json:
    return item.get(key) or {}


def _many(item: Json, key: str) -> list[Json]:
    return item.get(key) or []


def _text(where: str, text: str | None, most: int, *, least: int = 1) -> Iterator[str]:
    if len((text or "").strip()) < least:
        yield f"{where}: is empty"
    elif len(text or "") > most:
        yield f"{where}: {len(text or '')} characters, at most {most}"


def _count(where: str, items: Collection[Any], most: int, *, least: int = 0) -> Iterator[str]:
    if not least <= len(items) <= most:
        yield f"{where}: {len(items)} of them, not {least} to {most}"


def _unique(where: str, values: Iterable[Any]) -> Iterator[str]:
    for value, times in Counter(value for value in values if value).items():
        if times > 1:
            yield f"{where}: {value!r} {times} times"


def _ordered(where: str, item: Json, low: str, high: str) -> Iterator[str]:
    least, most = item.get(low), item.get(high)
    if least is not None and most is not None and least > most:
        yield f"{where}: {low} {least} is over {high} {most}"


def _address(where: str, url: str | None, allowed: re.Pattern[str]) -> Iterator[str]:
    if not allowed.fullmatch(url or ""):
        yield f"{where}: {url!r} is no {'http address' if allowed is _WEB else 'address or file'}"


# --- commands


def _commands(commands: list[Json]) -> Iterator[str]:
    for kind, most in ((1, 100), (2, _MENUS), (3, _MENUS)):
        names = [command.get("name") for command in commands if command.get("type", 1) == kind]
        yield from _count(f"commands of type {kind}", names, most)
        yield from _unique(f"commands of type {kind}", names)
    for command in commands:
        where = f"/{command.get('name')}"
        if command.get("type", 1) == 1:
            yield from _named(where, command)
            yield from _options(where, command, parent=None)
        else:
            for name in _spellings(command, "name"):
                yield from _text(where, name, 32)
            if command.get("options") or command.get("description"):
                yield f"{where}: a context menu has neither description nor options"
        if (size := _size(command)) > 8000:
            yield f"{where}: {size} characters in all, at most 8000"


def _spellings(item: Json, key: str) -> list[str]:
    """A text and its translations."""
    return [item.get(key) or "", *_one(item, f"{key}_localizations").values()]


def _named(where: str, item: Json) -> Iterator[str]:
    for name in _spellings(item, "name"):
        if not _NAME.fullmatch(name) or name != name.lower():
            yield f"{where}: {name!r} is no name (1 to 32 lower-case letters, digits, - or _)"
    for description in _spellings(item, "description"):
        yield from _text(f"{where} description", description, 100)


def _size(item: Json) -> int:
    """Characters of names, descriptions and choice values; of translations the longest counts."""
    own = sum(max(map(len, _spellings(item, key))) for key in ("name", "description"))
    inner = _many(item, "options") + _many(item, "choices")
    return own + len(str(item.get("value", ""))) + sum(map(_size, inner))


def _options(where: str, item: Json, parent: int | None) -> Iterator[str]:
    """The options of a command (`parent` None), of a group or of a subcommand."""
    options = _many(item, "options")
    plain = [option for option in options if option.get("type") not in {_SUBCOMMAND, _GROUP}]
    yield from _count(f"{where} options", options, 25, least=int(parent == _GROUP))
    yield from _unique(f"{where} options", (option.get("name") for option in options))
    if plain and (parent == _GROUP or len(plain) < len(options)):
        yield f"{where}: options beside subcommands"
    needed = [bool(option.get("required")) for option in plain]
    if needed != sorted(needed, reverse=True):
        yield f"{where}: a required option after an optional one"
    for option in options:
        inner, kind = f"{where} {option.get('name')}", option.get("type")
        yield from _named(inner, option)
        if kind not in {_SUBCOMMAND, _GROUP}:
            yield from _values(inner, option)
        elif parent == _SUBCOMMAND or (parent == _GROUP and kind == _GROUP):
            yield f"{inner}: deeper than command, group, subcommand"
        else:
            yield from _options(inner, option, kind)


def _values(where: str, option: Json) -> Iterator[str]:
    choices = _many(option, "choices")
    yield from _choices(choices, f"{where} choices")
    yield from _unique(f"{where} choices", (choice.get("name") for choice in choices))
    if choices and option.get("autocomplete"):
        yield f"{where}: choices together with autocomplete"
    yield from _ordered(where, option, "min_value", "max_value")
    yield from _ordered(where, option, "min_length", "max_length")


def _choices(choices: list[Json], where: str) -> Iterator[str]:
    yield from _count(where, choices, 25)
    for choice in choices:
        for name in _spellings(choice, "name"):
            yield from _text(f"{where} name", name, 100)
        if isinstance(value := choice.get("value"), str):
            yield from _text(f"{where} value", value, 100, least=0)


# --- messages and modals


def _message(data: Json, *, is_new: bool) -> Iterator[str]:
    content: str = data.get("content") or ""
    embeds, components = _many(data, "embeds"), _many(data, "components")
    attached = [data.get(key) for key in ("sticker_ids", "poll", "attachments")]
    if is_new and not (content.strip() or embeds or components or any(attached)):
        yield "message: is empty"
    # Described as 4,000, which is for members with Nitro.
    yield from _text("content", content, 2000, least=0)
    if (data.get("flags") or 0) & _COMPONENTS_V2:
        if content or embeds or any(attached[:2]):
            yield "message: content, embeds, stickers or a poll beside Components V2"
    else:
        yield from _count("components", components, 5)
        if any(component.get("type") != _ROW for component in components):
            yield "components: other than action rows, without the Components V2 flag"
    yield from _components(components)
    for i, embed in enumerate(embeds):
        yield from _embed(f"embeds[{i}]", embed)
    if (size := sum(map(_displayed, embeds))) > 6000:
        yield f"embeds: {size} characters in all, at most 6000"


def _modal(data: Json) -> Iterator[str]:
    yield from _text("title", data.get("title"), 45)
    yield from _text("custom_id", data.get("custom_id"), 100)
    yield from _count("components", _many(data, "components"), 5, least=1)
    yield from _components(_many(data, "components"))


def _components(components: list[Json]) -> Iterator[str]:
    nodes = list(_walk("components", components))
    yield from _count("components with all inside", nodes, 40)
    yield from _unique("custom_id", (node.get("custom_id") for _, node in nodes))
    yield from _unique("id", (node.get("id") for _, node in nodes))
    shown = sum(len(node.get("content") or "") for _, node in nodes)
    if shown > 4000:
        yield f"components: {shown} displayed characters, at most 4000"
    for where, node in nodes:
        if node.get("custom_id") is not None:
            yield from _text(f"{where}.custom_id", node["custom_id"], 100)
        if check := _CHECKS.get(node.get("type", 0)):
            yield from check(where, node)


def _walk(where: str, components: list[Json]) -> Iterator[tuple[str, Json]]:
    """Every component and its place, also children, accessories and a label's input."""
    for i, node in enumerate(components):
        yield f"{where}[{i}]", node
        yield from _walk(f"{where}[{i}].components", _many(node, "components"))
        for key in ("accessory", "component"):
            if inner := _one(node, key):
                yield from _walk(f"{where}[{i}].{key}", [inner])


def _row(where: str, row: Json) -> Iterator[str]:
    kinds = [node.get("type") for node in _many(row, "components")]
    yield from _count(where, kinds, 5, least=1)
    if len(kinds) > 1 and set(kinds) != {_BUTTON}:
        yield f"{where}: a select or an input shares its row"


def _button(where: str, button: Json) -> Iterator[str]:
    label, is_link = button.get("label") or "", button.get("style") == _LINK
    yield from _text(f"{where}.label", label, 80, least=0)
    if button.get("style") == _PREMIUM:
        return
    if not label.strip() and not button.get("emoji"):
        yield f"{where}: a button with neither label nor emoji"
    if is_link == bool(button.get("custom_id")) or (button.get("url") and not is_link):
        yield f"{where}: a link has a url alone, any other button a custom_id alone"
    if is_link:
        yield from _address(f"{where}.url", button.get("url"), _WEB)


def _select(where: str, select: Json) -> Iterator[str]:
    """A select of options, or of users, roles or channels (which have no options)."""
    options, most = _many(select, "options"), select.get("max_values") or 1
    yield from _ordered(where, select, "min_values", "max_values")
    if select.get("type") == _STRING_SELECT:
        yield from _count(f"{where}.options", options, 25, least=1)
        yield from _unique(f"{where}.options", (option.get("value") for option in options))
        if options and (wanted := max(most, select.get("min_values") or 0)) > len(options):
            yield f"{where}: {wanted} values of {len(options)} options"
    chosen = [option for option in options if option.get("default")]
    yield from _count(f"{where} defaults", chosen + _many(select, "default_values"), most)


def _text_input(where: str, node: Json) -> Iterator[str]:
    value, least, most = node.get("value"), node.get("min_length") or 0, node.get("max_length")
    yield from _ordered(where, node, "min_length", "max_length")
    if not 0 <= least <= 4000 or not 1 <= (4000 if most is None else most) <= 4000:
        yield f"{where}: lengths from {least} to {most}, not within 0 to 4000"
    if value and not least <= len(value) <= (most or 4000):
        yield f"{where}.value: {len(value)} characters, not {least} to {most or 4000}"
    yield from _text(f"{where}.placeholder", node.get("placeholder"), 100, least=0)


def _section(where: str, section: Json) -> Iterator[str]:
    texts = [node.get("type") for node in _many(section, "components")]
    yield from _count(where, texts, 3, least=1)
    if set(texts) - {_TEXT} or not section.get("accessory"):
        yield f"{where}: a section has texts and an accessory"


def _text_display(where: str, node: Json) -> Iterator[str]:
    yield from _text(f"{where}.content", node.get("content"), 4000)


def _media(where: str, node: Json) -> Iterator[str]:
    """A thumbnail, a file, or the pictures of a gallery."""
    for item in _many(node, "items") or [node]:
        url = (_one(item, "media") or _one(item, "file")).get("url")
        yield from _address(where, url, _WEB_OR_FILE)


def _container(where: str, container: Json) -> Iterator[str]:
    yield from _count(where, _many(container, "components"), 40, least=1)


def _label(where: str, label: Json) -> Iterator[str]:
    yield from _text(f"{where}.label", label.get("label"), 45)
    yield from _text(f"{where}.description", label.get("description"), 100, least=0)
    if not label.get("component"):
        yield f"{where}: a label without an input"


_CHECKS: dict[int, Callable[[str, Json], Iterator[str]]] = {
    _ROW: _row,
    _BUTTON: _button,
    **dict.fromkeys((_STRING_SELECT, 5, 6, 7, 8), _select),
    4: _text_input,
    9: _section,
    _TEXT: _text_display,
    **dict.fromkeys((11, 12, 13), _media),  # thumbnail, gallery, file
    17: _container,
    18: _label,
}


# --- embeds


def _displayed(embed: Json) -> int:
    """Characters that count towards a message's 6,000 for embeds."""
    texts = [embed.get("title"), embed.get("description")]
    texts += [_one(embed, "footer").get("text"), _one(embed, "author").get("name")]
    texts += [field.get(key) for field in _many(embed, "fields") for key in ("name", "value")]
    return sum(len(text or "") for text in texts)


def _embed(where: str, embed: Json) -> Iterator[str]:
    if not _displayed(embed) and not _one(embed, "image") and not _one(embed, "thumbnail"):
        yield f"{where}: an empty embed"
    for i, field in enumerate(_many(embed, "fields")):
        yield from _text(f"{where}.fields[{i}].name", field.get("name"), 256)
        yield from _text(f"{where}.fields[{i}].value", field.get("value"), 1024)
    for path, allowed in _EMBED_ADDRESSES.items():
        part, _, key = path.rpartition(".")
        url = (_one(embed, part) if part else embed).get(key)
        if url is not None:
            yield from _address(f"{where}.{path}", url, allowed)


_EMBED_ADDRESSES = {
    "url": _WEB,
    "author.url": _WEB,
    "author.icon_url": _WEB_OR_FILE,
    "footer.icon_url": _WEB_OR_FILE,
    "image.url": _WEB_OR_FILE,
    "thumbnail.url": _WEB_OR_FILE,
}
