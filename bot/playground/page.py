"""The playground's list of conversations: what this is, what to try first, and the doors."""

from html import escape
from pathlib import Path
from typing import Final

from aiohttp import web

from bot.playground.world import Place, Viewer, World

_TITLE: Final = "Get Kinder playground"
_STATIC: Final = Path(__file__).with_name("static")
_FIRST_STEPS: Final = (
    ("/help", "what the bot can do"),
    ("/challenge join", "seven days, a small act each"),
    ("/quest start", "a mystery task a day, written by KAI"),
    ("/me", "your level, points, streak and badges"),
    ("/playground tomorrow", "a day goes by, and the daily post arrives"),
)
_SAFE: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def html(text: str, *, status: int = 200) -> web.Response:
    """A page of ours, with headers that let it load its own style sheet and nothing else."""
    return web.Response(status=status, text=text, content_type="text/html", headers=_SAFE)


def static(name: str) -> web.Response:
    """One of our own files. Raises HTTPNotFound for any other name."""
    path = _STATIC / name
    if path.parent != _STATIC or not path.is_file():
        raise web.HTTPNotFound(text="There is no such file here.")
    kind = {".css": "text/css", ".js": "text/javascript"}[path.suffix]
    return web.Response(text=path.read_text(encoding="utf-8"), content_type=kind, headers=_SAFE)


def problem(status: int, sentence: str) -> web.Response:
    """What went wrong, in plain words, with the way back."""
    body = f"""
      <h1>That did not work</h1>
      <p class="lead" role="alert">{escape(sentence)}</p>
      <p><a class="door" href="/">All conversations</a></p>"""
    return html(_document(body), status=status)


def front(world: World) -> str:
    """The first page."""
    channels = "".join(_card(place) for place in world.places if not place.is_direct)
    direct = "".join(_card(place) for place in world.places if place.is_direct)
    steps = "".join(
        f"<li><code>{escape(command)}</code> <span>{escape(what)}</span></li>"
        for command, what in _FIRST_STEPS
    )
    return _document(f"""
      <h1>{_TITLE}</h1>
      <p class="lead">Everything here is real except Discord: the bot, its database and its clock
        are those that run on a live server. The server itself and the people in it are simulated
        on this machine, and no message reaches Discord.</p>
      <section aria-labelledby="first">
        <h2 id="first">What to try first</h2>
        <p>Open <strong>#kindness</strong> as anybody, type <code>/</code> in the message box and
          pick a command:</p>
        <ol class="steps">{steps}</ol>
      </section>
      <section aria-labelledby="channels">
        <h2 id="channels">Channels</h2>
        <div class="cards">{channels}</div>
      </section>
      <section aria-labelledby="direct">
        <h2 id="direct">Direct messages with the bot</h2>
        <div class="cards">{direct}</div>
      </section>
      <p class="note">One conversation is open at a time: opening another puts the tabs of the first
        to sleep, and reloading such a tab wakes it. The moderator can use <code>/moderate</code>
        and <code>/catalog</code> too. The conversations are drawn by SimCord.</p>""")


def _card(place: Place) -> str:
    doors = "".join(_door(place, viewer) for viewer in place.viewers)
    lead = "" if place.is_direct else "<span>View as</span>"
    return f"""
        <article class="card">
          <h3>{escape(place.name)}</h3>
          <p>{escape(place.about)}</p>
          <p class="doors">{lead}{doors}</p>
        </article>"""


def _door(place: Place, viewer: Viewer) -> str:
    text = "Open" if place.is_direct else viewer.name
    label = f"Open {place.name}" if place.is_direct else f"View {place.name} as {viewer.name}"
    return (
        f'<a class="door" href="/open/{escape(place.key)}/{escape(viewer.key)}"'
        f' aria-label="{escape(label)}">{escape(text)}</a>'
    )


def _document(body: str) -> str:
    return f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{_TITLE}</title>
    <link rel="stylesheet" href="/playground/page.css">
  </head>
  <body>
    <main>{body}
    </main>
  </body>
</html>
"""
