"""What is wrong now, made out of events and of silence; planned outages; the duty log.

`kinds` says which event opens and clears what, `machine` is the pure core, `life` runs it over the store and
has what people do, `policy` holds the numbers a house may change. Law: per
device and kind one alarm holds.
"""
