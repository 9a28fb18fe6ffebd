"""Meter profiles that come by command: taken, proved, tried, kept or rolled back. A visit
(firmware/overlay.py).

Kv key `profiles`: [[slot, starts, now, before], ...]; now and before: [file, hash, id, revision] or None.
One commit of it, with the command, is the whole change; files are written before and removed after
(firmware/store/blobs.py).

    pieces -> <slot>.part --activate: signature, tests, newer, Reader--> on trial --good reads--> proved
                                                                            '--bad, 4th start--> before

Law of a trial (`starts` > 0): the points of the slot are read and the reads counted, but no value is shown
before the profile is proved. For control the point has no reading meanwhile, which trips nothing and ends
nothing, and its running total stands; with the first values after it, doubts are those of a changed meter
(register.py). A read at which the meter was not heard counts for nothing. A start during a trial begins it
anew, the third time at most: the fourth rolls back. So does a profile that cannot be loaded; one that has
proved itself and lacks only memory, or a flash that can be read, waits for the next start. What has no
profile before it is then read by the identity's of that number or not at all, and the station is told.

Law of a change: what may fail is done before the commit in kv (`_planned`), and a failure leaves the old
profile reading. What is done after it are assignments, and files whose fate does not matter.
"""

import sys
from binascii import unhexlify
from hashlib import sha256

from firmware.overlay import Overlay, leave, stay
from firmware.store import blobs
from firmware.store.kv import StoreError
from protocols import cbor
from protocols.uplink.codes import REASON_NO

PIECE, ACTIVATE, DISCARD, ROLL_BACK = 0, 1, 2, 3  # operations of the command `profile`
KEY = "profiles"
REVISIONS, IDS = "proved", 16  # kv key: [[id, revision], ...], the last of so many ids
SLOTS, STARTS = 4, 3
MAX_BYTES = 20480  # of a package on the way
SLOT, TRIED, NOW, BEFORE = 0, 1, 2, 3
FILE, HASH, ID, REV = 0, 1, 2, 3


class SlotError(Exception):
    """args: name of a reason, words."""


# ---- a command


def apply(points, params):
    """For the gate: (reason, {kv key: value}, commit function, words, bytes that are there)."""
    try:
        if not 1 <= params["slot"] <= SLOTS:
            raise SlotError("bad_params", "slot is 1..%d" % SLOTS)
        work = {PIECE: _piece, ACTIVATE: _activate, DISCARD: _discard, ROLL_BACK: _go_back}.get(params["op"])
        if work is None:
            raise SlotError("bad_params", "no such operation")
        rows, commit = work(points, params)
        held = blobs.size(blobs.part(points.path, params["slot"]))
        return 0, {} if rows is None else {KEY: rows}, commit, "", held
    except SlotError as refused:
        return REASON_NO[refused.args[0]], {}, None, refused.args[1], None
    except StoreError as error:
        return REASON_NO["storage_failed"], {}, None, error.args[0], None
    except MemoryError:
        _release(points, points.state)
        raise


def _nothing():
    pass


def _piece(points, params):
    total, at, data = params.get("total", 0), params.get("offset", 0), params.get("bytes", b"")
    if not at + len(data) <= total <= MAX_BYTES:
        raise SlotError("bad_params", "at most %d bytes" % MAX_BYTES)
    blobs.append(points.path, params["slot"], at, data)
    return None, _nothing


def _discard(points, params):
    blobs.discard(points.path, params["slot"])
    return None, _nothing


def _row(points, slot):
    for row in points.state:
        if row[SLOT] == slot:
            return row
    return [slot, 0, None, None]


def _with(points, row):
    """All rows with this one in the place of its slot's; a slot without a profile has none."""
    return [each for each in points.state if each[SLOT] != row[SLOT]] + ([row] if row[NOW] else [])


def _activate(points, params):
    slot, wanted = params["slot"], params.get("hash", b"")
    old = _row(points, slot)
    there = slot in [row[0] for row in points.hashes]
    if there and old[NOW][HASH] == wanted:  # asked once more: the first answer was lost
        return None, lambda: blobs.discard(points.path, slot)
    document, manifest = _proved(points, slot, wanted)
    number = 1 + max([0] + [each[FILE] for row in points.state for each in row[NOW:] if each])
    proved = old[BEFORE] if old[TRIED] else old[NOW]  # one that never proved itself is nothing to go back to
    rows = _with(points, [slot, 1, [number, wanted, manifest[1], manifest[2]], proved])
    commit = _planned(points, rows, slot, document)
    blobs.save(points.path, number, document)

    def done():
        commit()
        blobs.discard(points.path, slot)
        tidy(points)

    return rows, done


def _proved(points, slot, wanted):
    """(document, manifest) of the package that came, checked as a whole; it must be `wanted` (its hash).

    One that is refused goes. In two visits: the code for signatures has left when profile, Reader and tests
    come.
    """
    try:
        return _checked(points, slot, wanted)
    except SlotError:
        blobs.discard(points.path, slot)
        raise


def _checked(points, slot, wanted):
    keys = [unhexlify(key) for key in points.board.identity.get("profile_keys", ())]
    if not keys:
        raise SlotError("bad_profile", "unknown_key: the identity names none")
    with Overlay():
        found = _opened(blobs.load(blobs.part(points.path, slot), MAX_BYTES), keys, _highest(points, wanted))
    if sha256(found[1]).digest() != wanted:
        raise SlotError("bad_profile", "another one came")
    with Overlay():
        _tested(found)
    return found[1], found[0]


def _highest(points, wanted=None):
    """{id: highest revision that ever proved itself}: an older one does not come back by another slot.
    Without the id of the profile of hash `wanted` if a slot reads by it: what runs may run in another too."""
    held = points.kv.get(REVISIONS)
    runs = [row[NOW][ID] for row in points.state if row[NOW][HASH] == wanted and not row[TRIED]]
    rows = held if isinstance(held, list) else ()
    return {row[0]: row[1] for row in rows if len(row) == 2 and row[0] not in runs}


def _opened(data, keys, highest):
    """(manifest, profile, tests, b"") of a package that is signed, whole and newer than `highest`."""
    from protocols.meters import package

    try:
        found = package.opened(data, {package.key_id(key): key for key in keys})
        package.newer(found, highest)
    except package.PackageError as error:
        raise SlotError("bad_profile", "%s: %s" % error.args) from None
    return tuple(found[:3]) + (b"",)


def _tested(found):
    """Let the profile run its own tests with its Reader."""
    from protocols.meters import package
    from protocols.meters.reading import reader_of

    try:
        package.ready(package.Package(*found), _Module(reader_of(found[0][3])))
    except package.PackageError as error:
        raise SlotError("bad_profile", "%s: %s" % error.args) from None
    except KeyError:
        raise SlotError("bad_profile", "this firmware does not speak the protocol") from None


class _Module:
    def __init__(self, reader):
        self.Reader = reader


def _go_back(points, params):
    row = _row(points, params["slot"])
    if not row[BEFORE] and not row[TRIED]:  # a first trial is ended
        raise SlotError("bad_profile", "there is none before")
    rows = _with(points, [row[SLOT], 0, row[BEFORE], None])
    commit = _planned(points, rows, row[SLOT])

    def done():
        commit()
        tidy(points)

    return rows, done


def _planned(points, rows, slot, document=None):
    """A function after which what `rows` say of the slot counts. What may fail is done before: MemoryError,
    StoreError, SlotError. `document`: of its profile, if it is at hand."""
    profiles, trials = dict(points.profiles), dict(points.trials)
    profiles.pop(slot, None)
    trials.pop(slot, None)
    if slot in points.own:
        profiles[slot] = points.own[slot]
    for row in rows:
        if row[SLOT] == slot:
            profiles[slot] = _taken(points, row[NOW], document)
            if row[TRIED]:
                trials[slot] = [0, 0, 0, ""]
    hashes = _hashes(points, rows, profiles)
    rewire = points.rewired(profiles, trials) if points.points else None  # None: a start, none is made

    def commit():
        points.state, points.hashes, points.profiles, points.trials = rows, hashes, profiles, trials
        if rewire:
            rewire()
        _release(points, rows)

    return commit


def _hashes(points, rows, profiles):
    return [
        [slot, now[HASH][:8], int(starts > 0), now[ID]]
        for slot, starts, now, _before in rows
        if profiles.get(slot) is not points.own.get(slot)
    ]


def _taken(points, held, data):
    """The profile, with all that it is read by loaded."""
    if data is None:
        data = blobs.load(blobs.whole(points.path, held[FILE]), MAX_BYTES)
        if sha256(data).digest() != held[HASH]:
            raise SlotError("bad_profile", "altered")
    profile = _module(points, "")(cbor.decode(data))
    _module(points, profile.link)
    return profile


def _module(points, link):
    """Reader of a line protocol, of "" the interpreter: loaded once, held as long as a slot is in use."""
    if link not in points.modules:
        before = tuple(sys.modules)
        if link:
            from protocols.meters.reading import reader_of

            made = reader_of(link)
        else:
            from protocols.meters.interpret import Profile

            made = Profile
        stay(before)
        points.modules[link] = made
    return points.modules[link]


def _release(points, rows):
    """What no slot needs any longer takes no heap."""
    if not rows:
        points.modules = {}
        leave()


# ---- a trial


def judged(points, slot):
    """The trial of a slot has shown enough. MemoryError: nothing has changed."""
    polls, good, _waited_s, told = points.trials[slot]
    if told == "keep":
        _keep(points, slot)
    else:
        end(points, slot, "%d of %d reads" % (good, polls))


def _keep(points, slot):
    """Where flash refuses, the trial goes on; a restart meanwhile would try the profile anew."""
    row = _row(points, slot)
    rows = _with(points, [slot, 0, row[NOW], row[BEFORE]])
    told = [[held, rev] for held, rev in _highest(points).items() if held != row[NOW][ID]]
    revisions = (told + [[row[NOW][ID], row[NOW][REV]]])[-IDS:]
    hashes = _hashes(points, rows, points.profiles)
    if not _put(points, {KEY: rows, REVISIONS: revisions}):
        return
    points.state, points.hashes, trial = rows, hashes, points.trials.pop(slot)
    for point in points.points:
        if point.trial is trial:
            point.trial = None
    points.tell("profile_kept", {"slot": slot, "version": row[NOW][REV]})


def end(points, slot, why):
    """Roll the profile of a slot back. Where flash refuses, until the next start only."""
    row = _row(points, slot)
    rows, commit = _without(points, row)
    stands = _put(points, {KEY: rows})
    commit()
    points.tell("profile_rolled_back", {"slot": slot, "version": row[NOW][REV], "error": why})
    if stands:
        tidy(points)


def _without(points, row):
    """(rows, commit function) of a slot whose profile goes: with the one before it, if that can be used."""
    if row[BEFORE]:
        rows = _with(points, [row[SLOT], 0, row[BEFORE], None])
        try:
            return rows, _planned(points, rows, row[SLOT])
        except Exception as error:
            if points.points and isinstance(error, MemoryError):  # at a start there is no later
                raise
    rows = _with(points, [row[SLOT], 0, None, None])
    return rows, _planned(points, rows, row[SLOT])


def _put(points, entries):
    try:
        points.kv.put(entries)
    except StoreError:
        points.store_errors += 1
        return False
    return True


def start(points):
    """At a start: what stands, the starts counted of trials that a point reads by.

    Counted before anything is loaded: no profile makes starts fail for ever.
    """
    held, used = points.kv.get(KEY), [row[5] for row in points.wanted]
    points.state = [row for row in held if _is_row(row)] if isinstance(held, list) else []
    for row in points.state:
        if row[TRIED] and row[SLOT] in used:
            row[TRIED] += 1
    if any([row[TRIED] > 1 for row in points.state]):
        _put(points, {KEY: points.state})
    for row in list(points.state):
        why = _begun(points, row)
        if why:
            end(points, row[SLOT], why)
    tidy(points)


def _begun(points, row):
    """Let the slot's profile count; "", or why it is rolled back."""
    if row[TRIED] > STARTS + 1:
        return "%d starts without proof" % STARTS
    try:
        _planned(points, points.state, row[SLOT])()
    except Exception as error:  # whatever it is, the terminal starts
        passing = isinstance(error, (MemoryError, StoreError)) and not row[TRIED]
        if not (passing and blobs.size(blobs.whole(points.path, row[NOW][FILE]))):
            return "cannot be loaded"
    return ""


def _is_row(row):
    if (
        not isinstance(row, list)
        or len(row) != 4
        or type(row[SLOT]) is not int
        or type(row[TRIED]) is not int
    ):
        return False
    return 1 <= row[SLOT] <= SLOTS and _is_held(row[NOW]) and (row[BEFORE] is None or _is_held(row[BEFORE]))


def _is_held(held):
    kinds = (int, bytes, str, int)
    return isinstance(held, list) and len(held) == 4 and all([isinstance(h, k) for h, k in zip(held, kinds)])


def tidy(points):
    try:
        blobs.tidy(points.path, [each[FILE] for row in points.state for each in row[NOW:] if each])
    except MemoryError:
        pass  # the next time
