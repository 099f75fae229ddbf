"""One module for each trend: its definition in words, then as sums. A file put here is found."""
