"""The one thing that the playground raises for the person who starts it."""


class PlaygroundError(Exception):
    """The playground cannot be opened; the message is one sentence that says what to do."""
