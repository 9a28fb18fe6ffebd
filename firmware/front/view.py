"""What display and console show of a Terminal `of`; loaded where there is one of them."""

from firmware.device import VERSION


def view(of) -> dict:
    """For display and console: the dict of front.pages.facts, but what front.panel keeps."""
    board = of.board
    local_s = of.local_s()
    heard_ago_s = None if of.heard_s is None else of.controller.run_s() - of.heard_s
    return {
        "outputs": of.controller.outputs,
        "local_s": local_s,
        "utc_offset_s": board.identity["utc_offset_s"],
        "messages": of.notices.messages(),
        "reminder": of.notices.text if of.notices.reminding(local_s) else "",
        "latest": of.points.main.latest,
        "multiplier": of.points.main.multiplier,
        "metering": [(p.no, p.power_w(), p.energy_wh(), p.silent_s) for p in of.points.points],
        "linked": int(of.session.state == "up"),
        "heard_s": heard_ago_s,
        "open": board.relays.open(),
        "device": board.identity["device"],
        "version": VERSION,
        "board": board.facts["name"],
        "boot": of.boot,
    }
