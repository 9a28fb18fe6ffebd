"""Hands and eyes of the end-to-end tests: commands go in by the station's service functions, facts are read
from its database and from the world's truth."""

import time

from hil.plugin import DEVICE
from protocols.uplink import messages, parameters
from protocols.uplink.codes import ADDRESSED, APPEND, PERIOD, PHASES, REASONS
from station import controls, plans, prepaid
from station.approvals.policy import BY_POLICY
from station.controls import byname
from station.store import commands, db, events, live, schema

STEP_S = 60  # longest wait for one thing; generous, as the machine may be busy
POLL_S = 0.2
ROUNDS = 3
GROUP_FIELDS = (  # of a row of NOW.groups
    "group power_w setpoint_w control remaining_wh remaining_yuan_e4 month_wh plan_id last_order".split()
)
# A power control that warns and trips at the next reading: round 1 alone, and the record soon after it.
LOOP = {"rounds": 1, "alarm_s": [2], "slide_s": 1, "safety_w": 0, "post_trip_s": 2}


class Rig:
    def __init__(self, station, world, terminal, net):
        self.station, self.world, self.terminal, self.net = station, world, terminal, net
        self.engine = db.engine(station.home)

    def close(self):
        self.engine.dispose()

    # ---- eyes

    def ask(self, function, *args):
        with db.reading(self.engine) as c:
            return function(c, *args)

    def now(self):
        """The last live state at the station; {} before the first."""
        return self.ask(live.latest, DEVICE) or {}

    def powered(self):
        return self.now().get("power_w") is not None

    def why(self, control, group=1):
        """(phase, reason) of a control in words as last told; None while the terminal has no row for it."""
        rows = [row for row in self.now().get("controls", ()) if (row[0], row[3]) == (control, group)]
        return (PHASES[rows[0][1]], REASONS[rows[0][2]]) if rows else None

    def group(self, number=1):
        """What NOW tells of a summation group, by GROUP_FIELDS; {} while it tells nothing."""
        rows = [row for row in self.now().get("groups", ()) if row[0] == number]
        return dict(zip(GROUP_FIELDS, rows[0], strict=True)) if rows else {}

    def holds(self, mask):
        """Wait until the world sees exactly these rounds tripped."""
        self.wait(lambda: self.world.truth()["tripped"] == mask, f"trip outputs {mask:03b}")

    def events(self, name=None):
        """Events at the station, oldest first."""
        found = self.ask(events.recent, DEVICE, 200)
        return [event for event in reversed(found) if name in (None, event["name"])]

    def event(self, name, **wanted):
        """Wait for an event of this name whose data holds `wanted`; return it."""

        def there():
            hits = [e for e in self.events(name) if all(e["data"].get(k) == v for k, v in wanted.items())]
            return hits[-1] if hits else None

        return self.wait(there, f"event {name} {wanted}")

    def command(self, number):
        return self.ask(commands.get, DEVICE, number)

    def stored(self):
        """[(stream row, sequence)] of every record at the station, in order."""
        found = self.rows(schema.records)
        return sorted((row["stream_id"], row["seq"]) for row in found)

    def assert_whole(self):
        """Each stream is stored without a hole and without a double (the key forbids doubles)."""
        by_stream = {}
        for stream, seq in self.stored():
            by_stream.setdefault(stream, []).append(seq)
        for stream, numbers in by_stream.items():
            assert numbers == list(range(1, len(numbers) + 1)), (stream, numbers)

    def rows(self, table):
        """All rows of a table as dicts; for counting what is stored."""
        return self.ask(lambda c: [dict(row) for row in c.execute(table.select()).mappings()])

    def wait(self, met, what, limit_s=STEP_S):
        """Poll until `met()` gives something; return it. The failure says what both sides knew."""
        end = time.monotonic() + limit_s
        while True:
            found = met()
            if found:
                return found
            if time.monotonic() > end:
                known = [(e["name"], e["data"]) for e in self.events()]
                raise AssertionError(f"not within {limit_s} s: {what}\nevents {known}\nnow {self.now()}")
            time.sleep(POLL_S)

    # ---- hands

    def send(self, kind, params, within_s=300, scope=ADDRESSED):
        with db.writing(self.engine) as c:
            return controls.submit(
                c, DEVICE, kind, params, "test", "", db.now_s() + within_s, scope, leave=BY_POLICY
            )

    def done(self, number, state="executed", limit_s=STEP_S):
        """Wait for the command's end, which must be `state`; return the row."""
        final = commands.FINAL
        row = self.wait(
            lambda: (r := self.command(number)) and r["state"] in final and r, f"end of {number}", limit_s
        )
        assert row["state"] == state, row
        return row

    def plan(self, setpoint_kw, safety_kw=50, alarm_s=3, rounds=(1, 2, 3), post_trip_s=2):
        params = plans.build(
            [(0, 48, setpoint_kw)], rounds, [alarm_s], 1, safety_kw, post_trip_s=post_trip_s, have=ROUNDS
        )
        return self.done(self.send(messages.PERIOD_PLAN, params))

    def release(self, control):
        return self.done(self.send(messages.RELEASE, {"control": control}))

    def release_plan(self):
        return self.release(PERIOD)

    def configure(self, section, state="executed", **values):
        """Set a section of the parameters; return the command's row and its version."""
        version = self.ask(byname.next_version, DEVICE, section)
        params = {"section": section, "version": version, "values": parameters.write(section, values)}
        return self.done(self.send(messages.PARAMETERS, params), state), version

    def reason(self, number):
        """In words why the device refused this command."""
        return REASONS[self.done(number, "refused")["reason"]]

    def buy(self, value_kwh, alarm_kwh, trip_kwh=0, flag=APPEND, rounds=(1,)):
        number = self.ask(prepaid.next_order, DEVICE)
        params = prepaid.build(number, flag, value_kwh, alarm_kwh, trip_kwh, rounds, ROUNDS)
        return self.done(self.send(messages.PURCHASE, params)), number

    def trip(self, *rounds, delay_s=0, within_s=300):
        return self.send(messages.TRIP, controls.trip(rounds, delay_s, 0, ROUNDS), within_s)

    def permit(self, *rounds):
        return self.send(messages.PERMIT_CLOSE, controls.permit(rounds, ROUNDS))

    def guarantee(self, on):
        return self.done(self.send(messages.GUARANTEE, controls.guarantee(on)))

    def load(self, watts):
        self.world.ask(load_w=watts)
