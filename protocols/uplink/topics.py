"""MQTT topics between device and station, `lk/1/<shard>/<device>/<up|down>/<leaf>`, spelt only here."""

ROOT = "lk/1"

# up: session, the record streams, and the live state (QoS 0, never stored by the device)
HELLO, EV, DA, LG, CV, NOW = "hello", "ev", "da", "lg", "cv", "now"
UP = (HELLO, EV, DA, LG, CV, NOW)
# down: welcome, stored watermark, command
WELCOME, MARK, CMD = "hi", "mark", "cmd"
DOWN = (WELCOME, MARK, CMD)

# streams by the number that stands in messages and in the database: important events and results; freezes
# and statistics; general events and diagnostics; curves, which must not push freezes out of a full flash
STREAMS = {1: EV, 2: DA, 3: LG, 4: CV}
STREAM_NO = {EV: 1, DA: 2, LG: 3, CV: 4}

MAX_ID = 24


def valid_id(text) -> bool:
    """A device id: 1..24 of A-Z a-z 0-9 and `-`, so that it is one safe topic level everywhere."""
    return 0 < len(text) <= MAX_ID and all(
        "0" <= c <= "9" or "a" <= c <= "z" or "A" <= c <= "Z" or c == "-" for c in text
    )


def valid_shard(text) -> bool:
    """Two lower-case hex digits, given at enrolment."""
    return len(text) == 2 and all(c in "0123456789abcdef" for c in text)


def up(shard, device, leaf) -> str:
    return "/".join((ROOT, shard, device, "up", leaf))


def down(shard, device, leaf) -> str:
    return "/".join((ROOT, shard, device, "down", leaf))


def all_up(shard="+") -> str:
    """The station's subscription, for one shard or all."""
    return "/".join((ROOT, shard, "+", "up", "+"))


def all_down(shard, device) -> str:
    """The device's one subscription."""
    return down(shard, device, "+")


def parse_up(topic):
    """Return (shard, device, leaf), or None for a topic that is not of the contract."""
    parts = topic.split("/")
    if len(parts) != 6 or "/".join(parts[:2]) != ROOT or parts[4] != "up":
        return None
    shard, device, leaf = parts[2], parts[3], parts[5]
    if leaf not in UP or not valid_id(device) or not valid_shard(shard):
        return None
    return shard, device, leaf
