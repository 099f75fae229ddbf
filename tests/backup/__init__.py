"""Backups: made of a log that is written, whole or not at all, and put back into either store."""
