"""What is recorded, played again: a period to a digest, a whole log to another store.

It reads stored bytes and folds them without any keys, so that what comes out is the same on every
machine and from either store, and stays the same when somebody is forgotten.
"""
