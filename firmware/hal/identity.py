"""run.json -> facts and identity: what a board is (boards/<name>/board.json) and whose device it is."""

import binascii
import json

RUN = ("board", "ports", "flash", "identity")
NEEDED = ("device", "shard", "keys", "broker", "utc_offset_s")
OF_PRODUCT = {"terminal": ("multiplier", "meter"), "concentrator": ("lines", "profiles")}
ROLES = ("operator", "approver")


class BoardError(ValueError):
    """The start file or the board file cannot be used; args[0] says why."""


def _load(path):
    try:
        with open(path) as f:
            return json.load(f)
    except (OSError, ValueError) as e:
        raise BoardError("cannot read " + path + ": " + repr(e)) from None


def _need(found, names, what):
    if not isinstance(found, dict):
        raise BoardError(what + " is not an object")
    missing = [name for name in names if name not in found]
    if missing:
        raise BoardError(what + " lacks " + " ".join(missing))


def _keys(texts):
    try:
        return {role: binascii.unhexlify(texts[role]) for role in ROLES}
    except (KeyError, TypeError, ValueError) as e:
        raise BoardError("identity keys: " + repr(e)) from None


def load(path):
    """Return (run, facts, identity) of a start file; `identity["keys"]` comes out as bytes."""
    run = _load(path)
    _need(run, RUN, path)
    facts, identity = _load(run["board"]), run["identity"]
    for name, port in facts[
        "ports"
    ].items():  # what it is good for is told to people, and would lie in the heap
        facts["ports"][name] = {key: port[key] for key in port if key == "optional"}
    _need(identity, NEEDED + OF_PRODUCT[facts["product"]], "identity")
    identity.setdefault("multiplier", 1)
    identity["keys"] = _keys(identity["keys"])
    return run, facts, identity
