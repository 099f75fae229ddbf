"""What is kept of a person, and how is it forgotten for good?

The log never changes. Who is forgotten has a key destroyed, and all that was made of the log while
it could be read is made again. The log itself says what is forgotten: whatever is restored from an
old backup is brought in line with it.
"""
