"""What does the system do by itself, and who sees to it that it is done exactly once?

Time passes for an incident: the timekeeper puts on record what falls due. Reactions answer facts in
the log with commands to the desk. One server at a time does each of these; any of them can.
"""
