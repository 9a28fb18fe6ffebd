"""What must hold at every moment of every history, one function each, named as what it promises.

Each takes the house (with its own book), the moment before and the moment now, and raises AssertionError.
"""

from collections.abc import Iterator

from protocols.uplink import codes

LAMP_S = 60
ALL = []


def invariant(check):
    ALL.append(check)
    return check


def check_all(house, before, now) -> None:
    book_warnings(house, before, now)
    for check in ALL:
        try:
            check(house, before, now)
        except AssertionError as error:
            lines = "\n  ".join(map(str, house.told[-25:]))
            raise AssertionError(f"{check.__name__}: {error}\n  {lines}") from error
    book_lamps(house, before, now)


def bits(mask: int) -> Iterator[int]:
    while mask:
        yield mask & -mask
        mask &= mask - 1


def group_of(outputs, group):
    rows = [row for row in outputs.groups if row.group == group]
    assert rows, f"group {group} has no state any more"
    return rows[0]


def phases(outputs) -> dict:
    return {(row[3], row[0]): row[1] for row in outputs.controls}


def power_trips(before, now) -> Iterator[tuple[int, int]]:
    """(group, control) of each power control that tripped a round in this decision."""
    earlier = phases(before.outputs)
    recorded = {fields.get("group", 1) for name, fields in now.events if name == "power_control_trip"}
    for key, phase in phases(now.outputs).items():
        if key[1] in POWER and phase == codes.POST_TRIP:
            if earlier.get(key) != codes.POST_TRIP or key[0] in recorded:
                yield key


POWER = (codes.PERIOD, codes.FACTORY_REST, codes.BUSINESS_STOP, codes.DOWN_FLOAT)


# ---- the book of alarms and lamps ---------------------------------------------------------------


def book_warnings(house, before, now) -> None:
    """Adds what was heard since the moment before, then the warnings that begin now.

    A warning is [seconds heard, alarm_s, spent]. One that was broken off by a silence must be given again.
    """
    for key, warning in list(house.warnings.items()):
        warning[0] += now.heard_s
        if now.heard_s < now.run_s - before.run_s and not warning[2]:
            del house.warnings[key]
    for name, fields in now.events:
        if name == "power_control_alarm":
            house.warnings[fields.get("group", 1), fields["rounds"]] = [0, fields["alarm_s"], False]


def book_lamps(house, before, now) -> None:
    """[seconds shown, sure] of each lamp; after a restart it may go out earlier, or begin anew."""
    gone_s = max(0, now.run_s - before.run_s)
    for mask, lamp in list(house.lamps.items()):
        lamp[0] += gone_s
        lamp[1] = lamp[1] and not now.restarted
        if lamp[0] >= LAMP_S or now.outputs.tripped & mask:
            del house.lamps[mask]
    for mask in bits(before.outputs.tripped & ~now.outputs.tripped):
        house.lamps[mask] = [0, not now.restarted]
    if house.lost and now.restarted:
        house.lamps = {mask: [0, False] for mask in bits(now.outputs.permitted)}


# ---- the invariants -----------------------------------------------------------------------------


@invariant
def guaranteed_customer_is_never_tripped(house, before, now):
    if house.must_be_guaranteed():
        assert now.outputs.tripped == 0
        assert now.outputs.guarantee != codes.GUARANTEE_OFF
        house.remote = 0


@invariant
def unreadable_guarantee_counts_as_guaranteed(house, before, now):
    if house.unreadable:
        assert now.outputs.guarantee == codes.GUARANTEE_UNREADABLE
        assert now.outputs.tripped == 0


@invariant
def never_below_safety_setpoint(house, before, now):
    for group, control in power_trips(before, now):
        power_w = now.sample.groups[group - 1][0]
        assert power_w is not None, "tripped without a reading"
        assert abs(power_w) >= house.power[group, control]["safety_w"]


@invariant
def never_two_trips_for_one_alarm(house, before, now):
    """A trip takes one warning, given before, of a round that it then holds; no two trips take the same."""
    for group, _control in power_trips(before, now):
        mine = {key: warning for key, warning in house.warnings.items() if key[0] == group}
        assert any(not warning[2] and now.outputs.tripped & key[1] for key, warning in mine.items())


@invariant
def trip_needs_its_full_alarm(house, before, now):
    for group, _control in power_trips(before, now):
        spent = [
            key
            for key, warning in house.warnings.items()
            if key[0] == group
            and not warning[2]
            and warning[0] >= warning[1]
            and now.outputs.tripped & key[1]
        ]
        assert spent, f"warnings heard so far: {house.warnings}"
        house.warnings[spent[-1]][2] = True


@invariant
def one_trip_record_for_a_trip(house, before, now):
    for name, fields in now.events:
        if name == "power_control_trip":
            warning = house.warnings.pop((fields.get("group", 1), fields["rounds"]), None)
            assert house.lost or warning is not None, "a record of a trip that nobody warned of"
            assert house.lost or warning[2], "a record without its trip"
        if name == "remote_trip":
            for mask in bits(fields["rounds"]):
                left = house.remote_unrecorded.get(mask, 0)
                assert house.lost or left, "a second record of one trip"
                house.remote_unrecorded[mask] = max(0, left - 1)


@invariant
def purchase_never_applied_twice(house, before, now):
    """Nobody has more than what was paid for; numbers are applied once."""
    assert len(house.orders) == len(set(house.orders))
    for row in now.outputs.groups:
        account = house.accounts.get(row.group)
        if account is not None and row.remaining_wh is not None:
            assert row.remaining_wh <= account.paid_wh


@invariant
def purchase_never_lost(house, before, now):
    """remaining = sum of orders - use; what the meter did not show yet is still to be taken off."""
    for group in house.accounts:
        remaining_wh = group_of(now.outputs, group).remaining_wh
        assert remaining_wh is not None, "the balance is gone"
        assert remaining_wh >= house.remaining_wh(group)


@invariant
def released_control_lets_go_of_its_rounds(house, before, now):
    """Each open round is named by a control that is there."""
    held = house.remote
    for params in house.power.values():
        held |= params["rounds"]
    for rounds in house.month.values():
        held |= rounds
    for group, account in house.accounts.items():
        if account.enabled and house.remaining_wh(group) <= account.trip_wh:
            held |= account.rounds
    assert now.outputs.tripped & ~held == 0, f"only {held} may be open"


@invariant
def close_permitted_is_shown_for_exactly_60_s(house, before, now):
    gone_s = max(0, now.run_s - before.run_s)
    surely = may = before.outputs.tripped & ~now.outputs.tripped
    for mask, (shown_s, sure) in house.lamps.items():
        if shown_s + gone_s < LAMP_S and not now.outputs.tripped & mask:
            may |= mask
            surely |= mask if sure else 0
    if not now.restarted:
        assert now.outputs.permitted & surely == surely, "dark too early"
    if not (now.restarted and house.lost):
        assert now.outputs.permitted & ~may == 0, "still lit"
