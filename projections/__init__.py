"""The read models: one module each. A module that is put here is found, kept up to date, served.

None imports another: each is a room of its own, and can be thrown away and rebuilt alone.
"""
