"""What the terminal is and what it counts: fields of HELLO and DIAG, of a Terminal `of`. Said seldom."""

import gc

from firmware.reports import PRODUCT, VERSION


def hello(of) -> dict:
    board = of.board
    return {
        "device": board.identity["device"],
        "epoch": of.epoch,
        "boot": of.boot,
        "firmware": VERSION,
        "product": PRODUCT,
        "board": board.facts["name"],
        "multiplier": of.points.main.multiplier,
        "last_command": of.gate.last,
        "profiles": of.points.hashes,
    }


def diag(of) -> dict:
    ok, timeouts, bad = of.points.counts()
    return {
        "heap_free": gc.mem_free(),
        "heap_used": gc.mem_alloc(),
        "line_ok": ok,
        "line_timeouts": timeouts,
        "line_bad": bad,
        "links": of.session.links,
        "restarts": of.supervisor.restarts,
        "flash_free": of.board.flash.free(),
        "discards": of.outbox.discards,
        "store_errors": of.controller.store_errors + of.recorder.store_errors + of.points.store_errors,
    }
