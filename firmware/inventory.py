"""What a device is and what it counts: fields of HELLO and DIAG, of a Device `of`. Said seldom."""

import gc

from firmware.device import VERSION


def hello(of, said) -> dict:
    """`said`: what only this product says."""
    board = of.board
    said["device"] = board.identity["device"]
    said["epoch"] = of.epoch
    said["boot"] = of.boot
    said["firmware"] = VERSION
    said["product"] = board.facts["product"]
    said["board"] = board.facts["name"]
    said["last_command"] = of.gate.last
    return said


def diag(of, lines, store_errors) -> dict:
    """`lines`: exchanges that were answered, not answered, refused."""
    return {
        "heap_free": gc.mem_free(),
        "heap_used": gc.mem_alloc(),
        "line_ok": lines[0],
        "line_timeouts": lines[1],
        "line_bad": lines[2],
        "links": of.session.links,
        "restarts": of.supervisor.restarts,
        "flash_free": of.board.flash.free(),
        "discards": of.outbox.discards,
        "store_errors": store_errors,
    }
