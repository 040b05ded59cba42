"""Validates REST bodies against Discord's published OpenAPI description, kept beside the project.

Where `available()` is true, no line from `validate` means that the description accepts the request.
"""

import json
import re
import reprlib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

DOCUMENT = Path(__file__).resolve().parents[2] / "shared" / "discord" / "openapi.json"

# Any is JSON throughout: the description, or a body as decoded.
_LENGTHS = frozenset({"minLength", "maxLength", "minItems", "maxItems"})


def available() -> bool:
    """Whether Discord's description is there."""
    return DOCUMENT.is_file()


def validate(method: str, path: str, body: Any) -> list[str]:
    """Say in short lines what Discord's description finds wrong with a request.

    `path` is as discord.py formats it ('/channels/1/messages'); a host, '/api/v10' before it and
    a query after it do no harm. `body` is the decoded JSON, None for no body. A request that the
    description does not know gets a line too. Raises FileNotFoundError when not `available()`.
    """
    method = method.lower()
    template = _template(method, path)
    if template is None:
        return [f"Discord describes no {method.upper()} {path}"]
    request = _document()["paths"][template][method].get("requestBody")
    if request is None:
        return [] if body is None else [f"{method.upper()} {template} takes no body"]
    if body is None:
        return [f"{method.upper()} {template} needs a body"] if request.get("required") else []
    validator = _validator(method, template)
    return [] if validator is None else [_line(error) for error in validator.iter_errors(body)]


@cache
def _document() -> Any:
    document = json.loads(DOCUMENT.read_bytes())
    # Described as a string, but discord.py sends its ids (allowed_mentions, recipient_id) as
    # integers, and Discord takes both.
    snowflake = document["components"]["schemas"]["SnowflakeType"]
    snowflake.update(type=["string", "integer"], minimum=0)
    return document


@cache
def _template(method: str, path: str) -> str | None:
    """The described path that fits; words go before parameters ('@original', '{message_id}')."""
    asked = re.sub(r"^/api/v\d+", "", urlsplit(path).path).split("/")
    fitting = {
        template: sum(part.startswith("{") for part in parts)
        for template, operations in _document()["paths"].items()
        if method in operations and len(parts := template.split("/")) == len(asked)
        if all(p.startswith("{") or p == a for p, a in zip(parts, asked, strict=True))
    }
    return min(fitting, key=lambda template: fitting[template]) if fitting else None


@cache
def _validator(method: str, template: str) -> Any:
    """The checker of an operation's JSON body; None when it takes forms alone (stickers)."""
    content = _document()["paths"][template][method]["requestBody"]["content"]
    if "application/json" not in content:
        return None
    return _Validator(content["application/json"]["schema"], format_checker=_formats)


def _resolve(schema: Any) -> Any:
    """The schema itself, or the one that it refers to; all of them are in components/schemas."""
    if "$ref" not in schema:
        return schema
    return _document()["components"]["schemas"][
        schema["$ref"].removeprefix("#/components/schemas/")
    ]


def _reference(validator: Any, ref: str, instance: Any, _: Any) -> Iterator[ValidationError]:
    yield from validator.descend(instance, _resolve({"$ref": ref}))


def _union(validator: Any, branches: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    """Any branch will do; else report the one that the value was meant for.

    oneOf is read as anyOf: the description's branches exclude each other, by their type or by the
    value of their `type` property, and it writes unions that do not as anyOf.
    """
    schemas = [_resolve(branch) for branch in branches]
    meant = [schema for schema in schemas if _is_meant(validator, schema, instance)]
    found = [list(validator.descend(instance, schema)) for schema in meant]
    if not meant:
        expected = ", ".join(str(_mark(schema)) for schema in schemas)
        yield ValidationError(f"{reprlib.repr(instance)} is none of: {expected}")
    elif all(found):
        yield from min(found, key=len)


def _is_meant(validator: Any, schema: Any, instance: Any) -> bool:
    """Whether nothing that tells branches apart rules this one out."""
    if "const" in schema:
        return instance == schema["const"]
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(validator.is_type(instance, name) for name in types):
        return False
    kinds = _kinds(schema)
    if kinds and validator.is_type(instance, "object") and "type" in instance:
        return instance["type"] in kinds
    return True


def _kinds(schema: Any) -> Any:
    return schema.get("properties", {}).get("type", {}).get("enum")


def _mark(schema: Any) -> str:
    """What tells a branch apart, in words."""
    kinds = _kinds(schema)
    return f"type {kinds}" if kinds else str(schema.get("const", schema.get("type", "")))


def _line(error: ValidationError) -> str:
    """'data.components[0].label: 'Long…' is too long (80)', whatever the size of the body."""
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
    what = error.message.replace(repr(error.instance), reprlib.repr(error.instance), 1)
    limit = f" ({error.validator_value})" if error.validator in _LENGTHS else ""
    return f"{where.removeprefix('.') or 'body'}: {what}{limit}"


_formats = FormatChecker(formats=())


@_formats.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme)


@_formats.checks("date-time", raises=ValueError)
def _is_datetime(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


_Validator = validators.create(  # pyright: ignore[reportUnknownMemberType]  (a gap in the stubs)
    Draft202012Validator.META_SCHEMA,
    {
        **Draft202012Validator.VALIDATORS,
        "$ref": _reference,
        "oneOf": _union,
        "anyOf": _union,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER,
)
