"""What leaves the house when an alarm opens: who is told, in which words, by which way, did it arrive.

`outbox` is the work, `channels` the ways (e-mail, webhook, SMS gateway), `words` the templates, `people` what
each person wants. Law: nothing is sent inside a transaction, and nothing is told twice to one subscription.
"""
