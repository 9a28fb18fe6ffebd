"""Replay a file of cases against the decision core, on either runtime: `replay.py FILE [restart]`.

A case is a small factory and a script of what happens to it; what is printed is every change that its
`watch` names. With `restart` the core's memory goes through CBOR before every single step.
"""

import json
import sys

from firmware.control import core
from protocols import cbor
from protocols.uplink.codes import CONTROLS, PHASES, REASONS
from protocols.uplink.messages import COMMAND_NAMES

KINDS = {name: kind for kind, name in COMMAND_NAMES.items()}
START_S = 1790000000 // 86400 * 86400  # a local midnight; the terminal of the vectors keeps UTC
WATCH = ("tripped", "permitted", "alarm", "remaining_wh")


class Replay:
    def __init__(self, case, restart):
        self.case = case
        self.restart = restart
        self.rounds = len(case["sheds_w"])
        self.state = core.fresh(self.rounds)
        self.open = 0
        self.load_w = case["load_w"]
        self.energy_wh = 5000000
        self.run_s = 1000
        self.command = 0
        self.shown = {"tripped": 0, "permitted": 0, "alarm": 0}
        self.lines = []

    def sample(self, t_s):
        power_w = self.load_w
        for index, shed_w in enumerate(self.case["sheds_w"]):
            if power_w is not None and self.open >> index & 1:
                power_w -= shed_w
        start_s = START_S + self.case["local_s"]
        return core.Sample(start_s + t_s, start_s + t_s, self.run_s, power_w, self.energy_wh)

    def store_and_load(self):
        self.state = core.load(cbor.decode(cbor.encode(core.dump(self.state))), self.rounds)

    def say(self, t_s, text):
        self.lines.append(f"{t_s} {text}")

    def events(self, t_s, events):
        for name, data in events:
            words = [name]
            words.extend(f"{field}={data[field]}" for field in sorted(data))
            self.say(t_s, " ".join(words))

    def act(self, t_s, verb, *args):
        if verb == "load_w":
            self.load_w = args[0]
        elif verb == "use_wh":
            self.energy_wh += args[0]
        elif verb == "energy_wh":
            self.energy_wh = args[0]
        else:
            self.apply(t_s, verb, dict(args[0]))

    def apply(self, t_s, name, params):
        if "codes" in params:
            params["codes"] = bytes(params["codes"])
        self.command += 1
        result = core.apply(self.state, KINDS[name], params, self.sample(t_s), self.command)
        self.state, reason, events = result
        self.say(t_s, f"{name} -> {REASONS[reason]}")
        self.events(t_s, events)

    def step(self, t_s):
        self.state, out, events = core.step(self.state, self.sample(t_s))
        self.events(t_s, events)
        self.open |= out.tripped
        if self.case.get("recloses"):
            self.open = out.tripped
        seen = {name: getattr(out, name) for name in WATCH}
        for control, phase, reason in out.controls:
            seen[CONTROLS[control]] = PHASES[phase] + " " + REASONS[reason]
        for name in self.case["watch"]:
            if self.shown.get(name) != seen[name]:
                self.shown[name] = seen[name]
                self.say(t_s, f"{name} {seen[name]}")

    def run(self):
        script = self.case["script"]
        t_s = at = 0
        while t_s <= self.case["until_s"]:
            cut_s = 0
            while at < len(script) and script[at][0] <= t_s:
                if script[at][1] == "cut_s":
                    cut_s = script[at][2]
                else:
                    self.act(t_s, *script[at][1:])
                at += 1
            if cut_s:
                self.store_and_load()
                t_s += cut_s
                self.run_s += cut_s
            if self.restart:
                self.store_and_load()
            self.step(t_s)
            t_s += 5
            self.run_s += 5
        return self.lines


def replay(path, restart=False):
    """{case name: lines} of a file of cases."""
    with open(path) as file:
        cases = json.load(file)
    return {case["name"]: Replay(case, restart).run() for case in cases}


if __name__ == "__main__":
    result = replay(sys.argv[1], len(sys.argv) > 2)
    for case_name in sorted(result):
        print(case_name)
        for line in result[case_name]:
            print(" ", line)
