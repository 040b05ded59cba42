"""Pictures for the simulated people: the bot's heart, and a letter for everybody else."""

from collections.abc import Mapping
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFont

FACE: Final = "0123456789abcdef0123456789abcdef"
"""The hash that stands in a picture's address; Discord's are as long."""

_SIDE: Final = 512
_SIZES: Final = ("", *(f"?size={2**power}" for power in range(4, 13)))
# Where SimCord looks for a picture, and what discord.py puts into a card that shows one.
_HOSTS: Final = ("https://cdn.simcord.invalid", "https://cdn.discordapp.com")


def assets(people: Mapping[int, bytes]) -> dict[str, tuple[str, bytes]]:
    """The addresses of those people's pictures, as `Env.preview` takes them."""
    return {
        f"{host}/avatars/{user_id}/{FACE}.png{size}": (f"{user_id}.png", picture)
        for user_id, picture in people.items()
        for host in _HOSTS
        for size in _SIZES
    }


def heart() -> bytes:
    """The bot's picture, a PNG."""
    image, pen = _canvas("#1c6b4a")
    pen.ellipse((126, 140, 266, 280), fill="#ffd9a0")
    pen.ellipse((246, 140, 386, 280), fill="#ffd9a0")
    pen.polygon(((138, 250), (374, 250), (256, 394)), fill="#ffd9a0")
    pen.polygon(((200, 200), (312, 200), (256, 300)), fill="#ffd9a0")
    return _png(image)


def letter(name: str, colour: str) -> bytes:
    """A member's picture, a PNG: their first letter on their colour."""
    image, pen = _canvas(colour)
    pen.text((_SIDE / 2, _SIDE / 2), name[0], "#ffffff", ImageFont.load_default(280), anchor="mm")
    return _png(image)


def _canvas(colour: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (_SIDE, _SIDE), colour)
    return image, ImageDraw.Draw(image)


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.thumbnail((128, 128))
    image.save(file, "PNG", optimize=True)
    return file.getvalue()
