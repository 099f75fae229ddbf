"""Logs of every earlier version: whatever was once written opens, reads, answers and goes on."""
