"""The ways in which an interaction is answered."""

from enum import Enum


class Manner(Enum):
    """Who sees the answer, and where it appears."""

    PRIVATE = "only the member sees it"
    PUBLIC = "everybody in the channel sees it"
    REPLACE = "the member's own card is replaced; on a card that others see, PRIVATE"
    IN_PLACE = "as REPLACE; in a direct message, the message itself is replaced too"
    FORM = "a form opens at once, or a sentence that says why not"
