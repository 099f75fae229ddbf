"""How something stood at another moment, what differs between two moments, and why it is so.

`moments` says what a moment is and finds the state then; `differing` and `reasons` compare states.
`asking` answers the lists of read models as of a past moment: from the log, or with the lake's help
to know which incidents to look at.
"""
