"""Daily posts and reminders: who is due, the queue's entrypoints, the message."""
