"""Is the log whole, and does everything else agree with it? Read again, event by event.

It runs beside a server: what is written meanwhile is left to the next time.
"""
