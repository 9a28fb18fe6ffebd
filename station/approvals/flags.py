"""What makes a customer one that a second person looks at. Pure: facts of store.approvals -> names."""

from collections.abc import Mapping
from typing import Any

from protocols.uplink.codes import GUARANTEE_OFF
from station.store.devices import OFFLINE_AFTER_S

Facts = Mapping[str, Any]

FLAGS = {  # flag -> holds for facts of a device; part of what is approved
    "guaranteed": lambda d: d["guarantee"] not in (None, GUARANTEE_OFF),  # any doubt counts as guaranteed
    "excluded": lambda d: bool(d["excluded"]),
    "key": lambda d: bool(d.get("key")),
}
OFFLINE = "offline"  # comes and goes by itself: shown, no part of what is approved


def of(facts: Facts) -> tuple[str, ...]:
    return tuple(flag for flag, holds in FLAGS.items() if holds(facts))


def offline(facts: Facts, t_s: int) -> bool:
    return facts["last_seen_s"] is None or t_s - facts["last_seen_s"] > OFFLINE_AFTER_S
