"""What members and moderators do: one function per deed, called by cogs, KAI's tools and posts."""
