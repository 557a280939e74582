"""The track record: past months replayed with what was known then, and scored."""
