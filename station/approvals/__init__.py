"""Two people for what one may not do alone: one proposes, another approves exactly that, it is done once.

`policy` says what needs two, `kinds` what can be proposed, `machine` how a proposal moves, `life` moves it.
Nothing is imported here: the rooms that ask `policy` are those that `kinds` calls.
"""
