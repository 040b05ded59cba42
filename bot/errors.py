"""What can go wrong, as a member reads it.

A `UserError` is a kind sentence that says what to do, shown to that member alone. It carries its
data raw (names, instants); whoever shows it escapes them. Anything else that is raised is a fault
of ours: the member sees a short reference, the log has the rest.
"""

import datetime as dt
from collections.abc import Callable

from bot.rules.points import Kind


class UserError(Exception):
    """A sentence for the member. `{names}` in it are filled with the keyword values on show."""

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.values = values
        self.returned_text: str | None = None

    def render(self, escape: Callable[[str], str]) -> str:
        """The sentence with its values: texts through `escape`, instants as Discord times."""

        def shown(value: object) -> object:
            if isinstance(value, dt.datetime):
                return f"<t:{int(value.timestamp())}:R>"
            return escape(value) if isinstance(value, str) else value

        return self.sentence.format(**{name: shown(value) for name, value in self.values.items()})

    def returning(self, text: str | None) -> "UserError":
        """The same error, handing `text` back to its writer so that nothing typed is lost."""
        self.returned_text = text
        return self


class Suspended(UserError):
    """The website has suspended this user."""

    def __init__(self) -> None:
        super().__init__(
            "Your Get Kinder account is paused at the moment. "
            "Please write to the Get Kinder team through the website to sort it out."
        )


class Unknown(UserError):
    """An id or a name that is not in the catalogue, typed past the autocomplete."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"There is no such {kind}. Start typing its name and pick it from the list, "
            f"or look through `/{kind} list`."
        )


class Retired(UserError):
    """Nobody new can take a retired item up."""

    def __init__(self, kind: Kind, name: str) -> None:
        super().__init__(
            f"**{{name}}** is no longer open to join. `/{kind} list` shows those that are.",
            name=name,
        )


class AlreadyJoined(UserError):
    """The member is on this item now."""

    def __init__(self, kind: Kind, name: str) -> None:
        super().__init__(
            f"You are already on **{{name}}**. `/{kind} today` shows what today asks.", name=name
        )


class AlreadyFinished(UserError):
    """One row a member and item: a completed one cannot be taken again."""

    def __init__(self, kind: Kind, name: str, on: dt.date | None, suggestion: str | None) -> None:
        when = f" on {on.day} {on:%B %Y}" if on else ""
        verb = "join" if kind == "challenge" else "start"
        other = f"How about **{{suggestion}}** next? `/{kind} {verb}` takes you there."
        super().__init__(
            f"You finished **{{name}}**{when}, and it stays yours. "
            + (other if suggestion else f"`/{kind} list` shows what else there is."),
            name=name,
            suggestion=suggestion,
        )


class NotJoined(UserError):
    """The member is not on this item, on one that they named by its id, or on none at all."""

    def __init__(self, kind: Kind, name: str | None = None, *, named: bool = False) -> None:
        verb = "join" if kind == "challenge" else "start"
        which = "**{name}**" if name else f"that {kind}" if named else f"a {kind}"
        super().__init__(
            f"You are not on {which} at the moment. `/{kind} {verb}` gets you going, "
            f"and `/{kind} list` shows what there is.",
            name=name,
        )


class AddressTaken(UserError):
    """The member's address is that of an account that somebody can sign in to on the website."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody has registered on the Get Kinder website with the address that I keep for "
            "this member, so I put no days there. Nothing was changed: please write to the Get "
            "Kinder team, who can free that address."
        )


class TooManyQuests(UserError):
    """Three quests at most are active at once."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"You are on {limit} quests already, which is plenty for one day. "
            "Finish one, or leave one with `/quest leave`, and then start this one."
        )


class WhichQuest(UserError):
    """Several quests are active and none was named. `quests` are their names by id."""

    def __init__(self, quests: dict[int, str]) -> None:
        super().__init__("You are on several quests. Which one did you do today?")
        self.quests = quests


class MustSwitch(UserError):
    """One challenge at a time: joining another asks to switch."""

    def __init__(self, challenge_id: int, name: str, current: str) -> None:
        super().__init__(
            "You are on **{current}** now, and one challenge at a time is the rule. "
            "Do you want to switch to **{name}**? Your days so far are kept, "
            "and you can come back to them.",
            name=name,
            current=current,
        )
        self.challenge_id = challenge_id


class TooEarly(UserError):
    """Today's day is done already; the next opens at `opens`."""

    def __init__(self, name: str, opens: dt.datetime) -> None:
        super().__init__(
            "Today's day of **{name}** is already done. The next one opens {opens}.",
            name=name,
            opens=opens,
        )


class DayMoved(UserError):
    """The card that was pressed is of another day or another challenge than today's."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(
            f"That card is of another day, so nothing was changed. `/{kind} today` shows where "
            "you are now."
        )


class PostClosed(UserError):
    """The daily post that was pressed has made place for a newer one."""

    def __init__(self) -> None:
        super().__init__(
            "That post has had its day, so nothing was changed. A new act comes with the newest "
            "post of this server."
        )


class SomebodyWasFaster(UserError):
    """Another press or another device got there first, and again on the second look."""

    def __init__(self) -> None:
        super().__init__(
            "That changed while you were pressing, perhaps from another device. Please look again."
        )


class ReflectionClosed(UserError):
    """A reflection can be added until the local midnight after its day was done."""

    def __init__(self, name: str) -> None:
        super().__init__(
            "A reflection can be added until midnight on the day it belongs to, and that day of "
            "**{name}** has passed. Your words are below, so that you can keep them.",
            name=name,
        )


class OfferGone(UserError):
    """What KAI offered was done before, has been forgotten, or was for somebody else."""

    def __init__(self) -> None:
        super().__init__(
            "That offer is no longer there: it was taken up already, KAI has forgotten it, or it "
            "was for somebody else. Nothing was changed. `/kai ask` brings a new one."
        )


class BadText(UserError):
    """A text that PostgreSQL cannot keep as it was written, or that is too long or empty."""

    def __init__(self, what: str, problem: str) -> None:
        super().__init__(f"{what} {problem}")


class NotAllowed(UserError):
    """The member may not do this here."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"This needs {needed}. Ask somebody who has it, if it should be done.")


class Conflict(UserError):
    """A rule of badges or of the catalogue forbids it; the sentence says which and what to do."""
