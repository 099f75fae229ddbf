"""The life of an incident in seven chapters: what each event changes, and how it reads in words.
Where an incident stands after it is in `status`, because read models need that alone.

Every chapter has the same three parts in the same order: which events belong to it, `fold`, and
`words`. The commands that lead to the events are in the chapter of the same name.
"""
