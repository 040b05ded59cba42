"""The rules of the game as pure functions: standard library only, no clock, no database."""
