"""KAI, the kindness companion: its voices, and the safety check that stands before them."""
