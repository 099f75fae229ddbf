"""What happened to the record in a period, for auditors: who wrote, read, corrected, erased.

One pass over the log, in bounded memory; on the way every stored byte is hashed again and compared
with what was signed. The same log gives the same report, but for what lies outside it: keys, the
access journal, and who can be named.
"""
