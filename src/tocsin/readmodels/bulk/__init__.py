"""How are read models made from a long history, by several processes and with few writes?

Each process reads its share of the streams, folds it in memory, and hands the rows over when a
stretch of the log is done: then each row that it touched is written once, not once for every page.
One process writes, all rows of a stretch together with the position, so that what is there is at
any moment what a follower would have written up to that position.
"""
