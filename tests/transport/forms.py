"""Filling in a form as the client does: what it sends back for a modal's components."""

from __future__ import annotations

from typing import cast

from tests.transport.messages import items_of
from tests.transport.people import Json

TEXT_INPUT = 4


def submitted(component: Json, left: dict[str, str | list[str]]) -> Json:
    """A modal's component as the client sends it back; takes its fields from `left`."""
    kind: int = component["type"]
    if kind == 18:
        inner = _input(component["component"], component["label"], left)
        return {"type": 18, "id": component["id"], "component": inner}
    if kind == 1:
        inputs = [_input(c, c.get("label", ""), left) for c in component["components"]]
        return {"type": 1, "id": component["id"], "components": inputs}
    return {"type": kind, "id": component["id"]}


def _input(part: Json, label: str, left: dict[str, str | list[str]]) -> Json:
    sent: Json = {key: part[key] for key in ("type", "id", "custom_id")}
    keys = [key for key in (part["custom_id"], label) if key in left]
    given = left.pop(keys[0]) if keys else None
    if part["type"] == TEXT_INPUT:
        text = cast("str", part.get("value") or "" if given is None else given)
        low, high = part.get("min_length") or 0, part.get("max_length") or 4000
        if (not text and part.get("required", True)) or (text and len(text) < low):
            raise ValueError(f"{label!r} is too short: {text!r}")
        if len(text) > high:
            raise ValueError(f"{label!r} takes {high} characters, not {len(text)}")
        return sent | {"value": text}
    values = [o["value"] for o in items_of(part, "options") if o.get("default")]
    return sent | {"values": values if given is None else list(given)}
