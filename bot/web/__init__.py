"""What the bot tells machines over HTTP."""
