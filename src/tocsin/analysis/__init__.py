"""What do the numbers show? Trends in every form, what stands out in them, incidents alike.

The command line and the service ask here, so that both give the same answers. Nothing large is
imported before somebody asks.
"""
