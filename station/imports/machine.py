"""How an import may move. Pure.

reading -> read -> running -> done | stopped      (read: compared, waits for a word)
read -> dropped                                   (nobody wants it, or nobody came back)
done | stopped -> undoing -> undone
stopped -> running                                (it goes on where it was)
"""

from collections.abc import Mapping

MOVES: Mapping[str, frozenset[str]] = {
    "reading": frozenset({"read", "dropped"}),
    "read": frozenset({"running", "dropped"}),
    "running": frozenset({"done", "stopped"}),
    "done": frozenset({"undoing"}),
    "stopped": frozenset({"running", "undoing"}),
    "undoing": frozenset({"undone"}),
    "undone": frozenset(),
    "dropped": frozenset(),
}
STATES = tuple(MOVES)
ACTS: Mapping[str, tuple[frozenset[str], str]] = {  # what a person does -> (from, to)
    "take": (frozenset({"read", "stopped"}), "running"),
    "stop": (frozenset({"running"}), "stopped"),
    "drop": (frozenset({"read"}), "dropped"),
    "undo": (frozenset({"done", "stopped"}), "undoing"),
}

DONE: Mapping[str, tuple[str, ...]] = {  # what a second press of the same finds
    "take": ("running", "done"),
    "stop": ("stopped",),
    "drop": ("dropped",),
    "undo": ("undoing", "undone"),
}


def may(act: str, state: str) -> bool:
    return state in ACTS[act][0]
