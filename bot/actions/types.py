"""The rows that actions hand out, by the names that the other rooms may use."""

from db.badges import HeldBadge
from db.catalogue import Choice, Item, ItemView, Scope
from db.catalogue_edits import BadgeFields, DayFields, ItemFields
from db.members import Caller, Me
from db.pool import TROUBLE, Pool
from db.profiles import ActiveItem, Profile, Rank
from db.rows import Badge, DayLog, DayText, Enrolment, Post

__all__ = [
    "TROUBLE",
    "ActiveItem",
    "Badge",
    "BadgeFields",
    "Caller",
    "Choice",
    "DayFields",
    "DayLog",
    "DayText",
    "Enrolment",
    "HeldBadge",
    "Item",
    "ItemFields",
    "ItemView",
    "Me",
    "Pool",
    "Post",
    "Profile",
    "Rank",
    "Scope",
]
