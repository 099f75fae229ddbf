"""The real service under load, while it and what it stands on are killed."""
