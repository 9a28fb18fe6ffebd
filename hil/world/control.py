"""Control port of the world: JSON lines on loopback TCP. One object of verbs a line, one object answers.

    {"load_w": 230000}               -> {"ok": true}
    {"noise": 0.02, "truth": true}   -> {"ok": true, "truth": {...}}
    {"mute": 7}                      -> {"ok": false, "reason": "mute: not true or false"}

A scenario file uses the same verbs: {"steps": [{"at_s": 30, "load_w": 230000}, ...]}.
"""

import asyncio
import json

from hil.panel import KEYS
from hil.world.factory import ROUNDS

LINE_MAX = 4096
CLIENTS_MAX = 16
STEPS_MAX = 1000


class VerbError(ValueError):
    """What was asked is not a verb with a fitting value; args[0] says why."""


def flag(value):
    if not isinstance(value, bool):
        raise VerbError("not true or false")
    return value


def probability(value):
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise VerbError("not a number from 0 to 1")
    return float(value)


def whole(low, high, null=False):
    def check(value):
        if null and value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise VerbError(f"not a whole number from {low} to {high}" + " or null" * null)
        return value

    return check


def _key(value):
    if value not in tuple(KEYS):
        raise VerbError("not one of " + " ".join(KEYS))
    return value


# verb -> (check of the value, name of the World method that does it)
VERBS = {
    "load_w": (
        whole(0, 10_000_000, null=True),
        "set_load",
    ),  # with all switches closed; null = curve
    "close": (whole(1, ROUNDS), "close_switch"),  # the customer closes this round's switch by hand
    "recloses_after_s": (whole(0, 86_400, null=True), "set_recloses"),  # null = never
    "meter_clock_s": (whole(-(10**9), 10**9), "set_meter_clock"),  # error of the meter's clock
    "inputs": (whole(0, 0xFFFF), "set_inputs"),  # mask of the status inputs
    "key": (_key, "press"),
    "ac": (flag, "set_sampling"),  # AC samples each second
    "pulse_constant": (whole(0, 100_000), "set_pulses"),  # of channel 1, a kWh of the meter; 0 = none
    "mute": (flag, "set_mute"),
    "noise": (probability, "set_noise"),  # bit flips per byte
    "drop": (probability, "set_drop"),
    "late_reply_ms": (whole(0, 60_000), "set_late"),
    "turnaround_ms": (whole(1, 5_000), "set_turnaround"),
    "piece_bytes": (whole(1, 195), "set_piece"),  # longer answers come in follow-up frames
    "duplicate": (flag, "set_duplicate"),
    "babble": (flag, "set_babble"),
    "echo": (flag, "set_echo"),
    "truth": (flag, "truth"),
    "frames": (whole(1, 500), "frames"),  # the last n bursts of the line
}


def check_verbs(asked, verbs=VERBS) -> list:
    """[(verb, value)] of a decoded JSON object. VerbError for anything else."""
    if not isinstance(asked, dict):
        raise VerbError("not an object")
    out = []
    for verb, value in asked.items():
        if verb not in verbs:
            raise VerbError(f"{verb}: unknown verb")
        try:
            out.append((verb, verbs[verb][0](value)))
        except VerbError as error:
            raise VerbError(f"{verb}: {error}") from None
    return out


def obey(world, asked, verbs=VERBS) -> dict:
    """Check everything first, then do it all; a wrong verb leaves the world as it was."""
    try:
        answer = {"ok": True}
        for verb, value in check_verbs(asked, verbs):
            said = getattr(world, verbs[verb][1])(value)
            if said is not None:
                answer[verb] = said
    except VerbError as error:
        return {"ok": False, "reason": str(error)}
    return answer


def answer_line(world, line, verbs=VERBS) -> dict:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return {"ok": False, "reason": "not JSON"}
    return obey(world, asked, verbs)


def load_scenario(path) -> list:
    """[(at_s, verbs)] of a scenario file in order of time. VerbError when it is not one."""
    try:
        scenario = json.loads(path.read_text(encoding="utf-8"))
        steps = scenario["steps"]
        if not isinstance(steps, list) or len(steps) > STEPS_MAX:
            raise VerbError(f"{path}: steps is not a list of at most {STEPS_MAX}")
        out = [(_second(step.pop("at_s")), step) for step in steps]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VerbError(f"{path}: not a scenario: {error}") from error
    for _at_s, verbs in out:
        check_verbs(verbs)
    return sorted(out, key=lambda step: step[0])


def _second(value) -> int:
    whole(0, 10**7)(value)
    return value


async def serve(world, verbs=VERBS) -> tuple:
    """Open the port on loopback; return (server, port number)."""
    clients = 0

    async def client(reader, writer):
        nonlocal clients
        clients += 1
        try:
            if clients <= CLIENTS_MAX:
                await _talk(world, verbs, reader, writer)
        finally:
            clients -= 1
            writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", 0, limit=LINE_MAX)
    return server, server.sockets[0].getsockname()[1]


async def _talk(world, verbs, reader, writer):
    while True:
        try:
            line = await reader.readuntil()
        except asyncio.LimitOverrunError:
            writer.write(b'{"ok": false, "reason": "line too long"}\n')
            await writer.drain()
            return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        writer.write(json.dumps(answer_line(world, line, verbs)).encode() + b"\n")
        await writer.drain()
