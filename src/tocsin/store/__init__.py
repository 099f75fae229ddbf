"""The log: one ordered, append-only sequence of events. Only this package knows the library."""
