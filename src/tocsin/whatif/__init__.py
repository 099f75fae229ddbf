"""What would have breached under another policy? History is replayed in memory; nothing changes."""
