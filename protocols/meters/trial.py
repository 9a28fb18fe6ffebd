"""When a new meter profile has shown what it is worth. Pure; both runtimes."""

TRIAL_POLLS = 20  # reads after which a new profile has shown what it is worth
TRIAL_GOOD = 15  # of them must have given a value: a lossy line loses fewer
TRIAL_S = 86400  # a meter that is not heard is no proof against its profile, but not for ever


def verdict(polls, good, waited_s=0) -> str:
    """'' go on, "keep" or "roll_back" a profile on trial, `good` of whose `polls` reads gave a value.

    `polls`: reads at which the meter was heard. `waited_s`: seconds since a point reads by it.
    """
    if polls - good > TRIAL_POLLS - TRIAL_GOOD:
        return "roll_back"
    if good >= TRIAL_GOOD:
        return "keep"
    return "roll_back" if waited_s >= TRIAL_S else ""
