"""Cards of a server's daily posts, for those who manage it."""

import datetime as dt

from bot.actions.daily import DailyPosts, LedgerRow, Schedule
from bot.ui.card import Card, Colour
from bot.ui.text import line, of_total, rows

TROUBLES = {
    "channel_gone": "the channel was gone",
    "no_permission": "I was not allowed to post there",
    "quest_gone": "its quest had been deleted",
    "history_unreadable": "I may not read the channel's history",
    "rate_limited": "Discord asked me to slow down",
}
OVERDUE = dt.timedelta(minutes=5)
PAUSES = {
    "asked": "Somebody paused them. `/daily resume` starts them again.",
    "channel_gone": "Their channel is gone. `/daily setup` with another one starts them again.",
    "no_permission": (
        "I was not allowed to post in {channel}. Give me View Channel, Send Messages and Read "
        "Message History there, and then `/daily resume`."
    ),
    "left": "I had been taken out of this server. `/daily resume` starts them again.",
}


def set_up_card(found: DailyPosts) -> Card:
    """What was set up, and when the first post comes."""
    schedule = found.schedule
    return Card(
        Colour.KAI,
        rows(
            "## 🌅 Daily posts are set up",
            f"Every day at **{schedule.time:%H:%M}** ({line(schedule.zone)}), KAI posts a kind act "
            f"in <#{schedule.channel_id}>.",
        ),
        rows(f"**The first one** comes {_when(schedule.next_at)}.", f"-# {_quest(found)}"),
        "-# Below is how it will look; its buttons work once it is posted. `/daily status` shows "
        "how things stand, `/daily post-now` sends today's at once.",
    )


def status_card(found: DailyPosts, missing: list[str], now: dt.datetime) -> Card:
    """How the daily posts stand: the next one, the last one, and what is wrong.

    `missing` are the permissions that the bot lacks in their channel now.
    """
    schedule, trouble = found.schedule, _trouble(found, missing, now)
    last = next((row for row in reversed(found.rows) if _is_past(row, now)), None)
    return Card(
        Colour.CARE if trouble else Colour.KAI,
        "## 🌅 Daily posts",
        rows(
            *_coming(found, now),
            _quest(found),
            f"-# {schedule.time:%H:%M} in {line(schedule.zone)}",
        ),
        f"**Last** {_result(last)}" if last else "No post has been due yet.",
        "\n".join(f"⚠️ {sentence}" for sentence in trouble),
    )


def _coming(found: DailyPosts, now: dt.datetime) -> list[str]:
    """What is on its way, what comes next, and what is left out before that."""
    schedule = found.schedule
    on_its_way = [row for row in found.rows if row.status == "planned"]
    said = [f"📮 The post of {_date(row.local_date)} is on its way." for row in on_its_way]
    if schedule.paused_at is None:
        said.append(f"**Next** {_when(schedule.next_at)} in <#{schedule.channel_id}>")
    else:
        said.append(f"⏸️ **Paused** since {_when(schedule.paused_at)}")
        said.append(PAUSES["asked"] if schedule.pause_reason == "asked" else "")
    skipped = [row for row in found.rows if row.due_at > now and row.status == "skipped"]
    if skipped:
        said.append(f"-# ⏭️ Skipped: {', '.join(_date(row.local_date) for row in skipped)}")
    return said


def _is_past(row: LedgerRow, now: dt.datetime) -> bool:
    return row.status != "planned" and row.due_at <= now


def _trouble(found: DailyPosts, missing: list[str], now: dt.datetime) -> list[str]:
    schedule = found.schedule
    channel = f"<#{schedule.channel_id}>"
    said: list[str] = []
    if schedule.paused_at is not None and schedule.pause_reason != "asked":
        said.append(PAUSES[schedule.pause_reason or "left"].format(channel=channel))
    if missing:
        said.append(missing_sentence(channel, missing))
    waiting = [row.send_at for row in found.rows if row.status == "planned"]
    if any(at < now - OVERDUE for at in (schedule.next_at, *waiting) if at is not None):
        said.append(
            "It is late: nothing of mine that sends posts seems to be running. Whoever runs me can "
            "start a worker; until three hours after its time the post still comes then."
        )
    if found.quest is None:
        said.append("Its quest is gone. `/daily setup` with another one brings the posts back.")
    return said


def missing_sentence(channel: str, missing: list[str]) -> str:
    """What the bot lacks in a channel (a mention), and what to do about it."""
    *others, last = missing
    names = f"{', '.join(others)} and {last}" if others else last
    return f"In {channel} I lack {names}. Please give me that in the channel's settings."


def _result(row: LedgerRow) -> str:
    on = _date(row.local_date)
    why = TROUBLES.get(row.trouble or "", line(row.trouble or ""))
    because = f": {why}" if why else ""
    match row.status:
        case "sent":
            return f"✅ {on}, sent {_when(row.sent_at)} in <#{row.channel_id}>."
        case "sending":
            return f"⏳ {on}, being sent{because and f' (so far{because})'}."
        case "skipped":
            return f"⏭️ {on}, skipped as you asked."
        case "missed":
            return (
                f"⚠️ {on}, missed{because}. It could not be sent within three hours of its time, "
                "and a post is never sent late. On the same day, `/daily post-now` still sends it."
            )
        case "unknown":
            return (
                f"❓ {on}, not known{because}. Discord did not say whether it arrived, and I could "
                "not look into the channel. So that nobody gets it twice, it is not sent again."
            )
        case _:
            return (
                f"⚠️ {on}, failed{because}. Once that is put right, `/daily post-now` sends it "
                "on the same day."
            )


def skipped_card(schedule: Schedule, date: dt.date) -> Card:
    """Which post is left out, and when the next one comes."""
    return Card(
        Colour.NOTE,
        f"⏭️ The post of **{_date(date)}** is skipped. The next one comes "
        f"{_when(schedule.next_at)}.",
    )


def paused_card() -> Card:
    """That nothing is posted from now on."""
    return Card(
        Colour.NOTE,
        "⏸️ Daily posts are paused. Nothing is lost: `/daily resume` goes on with the same day.",
    )


def resumed_card(schedule: Schedule) -> Card:
    """When the next post comes."""
    return Card(
        Colour.KAI,
        f"▶️ Daily posts go on. The next one comes {_when(schedule.next_at)} in "
        f"<#{schedule.channel_id}>.",
    )


def post_now_card(schedule: Schedule) -> Card:
    """That today's post is on its way, and when the next one comes."""
    return Card(
        Colour.KAI,
        f"📮 Today's post is on its way to <#{schedule.channel_id}>; it may take a minute or two.\n"
        f"-# The next one comes {_when(schedule.next_at)}.",
    )


def _quest(found: DailyPosts) -> str:
    if found.quest is None:
        return ""
    return f"**{line(found.quest.name)}**, day {of_total(found.day, found.quest.total_days)}"


def _date(date: dt.date) -> str:
    return f"{date:%A} {date.day} {date:%B}"


def _when(instant: dt.datetime | None) -> str:
    if instant is None:
        return "at a time that is not set"
    seconds = int(instant.timestamp())
    return f"<t:{seconds}:F> (<t:{seconds}:R>)"
