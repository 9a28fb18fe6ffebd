"""Why an enabled control does not act: the numbers of protocols.uplink.codes.REASONS that each second needs.

Written out, because a number that is looked up in the text costs a terminal a name in its heap; a test holds
them against the text. Reasons that only answer a command are looked up where they are given.
"""

GUARANTEED = 20
GUARANTEE_UNREADABLE = 21
NOT_ENABLED = 40
OUTSIDE_PERIOD = 41
NO_SETPOINT = 42
NO_READING = 43
BELOW_SAFETY_SETPOINT = 44
BELOW_SETPOINT = 45
ALL_ROUNDS_TRIPPED = 46
HIGHER_PRIORITY = 47
ABOVE_THRESHOLD = 48
NOT_REST_DAY = 50
BEFORE_START = 51
AFTER_END = 52
MEASURING = 53
CLOCK_UNSET = 8
