"""What the parts of a profile say of one another, once its form is sound."""

from collections.abc import Iterable, Iterator
from typing import Any

from protocols.meters import compile as compiling
from protocols.meters import links, sound, types
from protocols.meters.points import BY_ALIAS, BY_OBIS, POINTS
from station.profiles.form import Problem, near


def faults(profile: dict[str, Any]) -> Iterator[Problem]:
    link = profile["link"]
    reads = {}
    good: list[dict[str, Any]] = []
    for at, read in enumerate(profile["reads"]):
        path = f"reads/{at}"
        if read["req"] in reads:
            yield Problem(
                f"{path}/req", f"{read['req']} stands in {reads[read['req']]} already", "join the two"
            )
        reads[read["req"]] = path
        sound = True
        for problem in _parts(read, path, link, profile.get("absent", ())):
            sound = False
            yield problem
        if sound:
            good.append(read)
            yield from _whole_read(profile, read, path)
    yield from _fallbacks(profile, reads, good)
    yield from _roles(profile, reads)
    yield from _secrets(profile)
    yield from _tests(profile)


def _tests(profile: dict[str, Any]) -> Iterator[Problem]:
    """One without points is for an answer that must be refused: bytes that no row takes."""
    for n, test in enumerate(profile["tests"]):
        if not test["points"] and not test.get("data") and not test.get("exchanges"):
            yield Problem(
                f"tests/{n}/points", "is empty: it proves nothing", "name points, or give bytes to be refused"
            )
    if not any(test["points"] for test in profile["tests"]):
        yield Problem("tests", "none has points", "add one that shows values")


def _point(name: str, path: str) -> Iterator[Problem]:
    if name not in BY_ALIAS and name not in BY_OBIS:
        yield Problem(
            path, f"no point is called {name}", near(name, (row[2] for row in POINTS)) or "see points.py"
        )


def _parts(read: dict[str, Any], path: str, link: str, absent: Any = ()) -> Iterator[Problem]:
    answers = links.LINKS[link][1]
    for n, part in enumerate(read["parts"]):
        here = f"{path}/parts/{n}"
        places = [name for name in ("at", "reg", "key") if name in part]
        if len(places) > 1:
            yield Problem(
                here, f"says where it stands {len(places)} times", "keep one of " + ", ".join(places)
            )
        elif ("key" in part) != (answers == "keys") and answers != "both":
            wanted = "key" if answers == "keys" else "at"
            yield Problem(here, f"a reader of {link} gives answers by {wanted}", f"use `{wanted}`")
        elif "reg" in part:
            yield from _register(read, part, f"{here}/reg", link)
        if ("point" in part) == ("points" in part):
            yield Problem(here, "has not either `point` or `points`", "name what it shows once")
            continue
        names = part.get("points") or [part["point"]]
        for m, name in enumerate(names):
            yield from (
                _point(name, f"{here}/points/{m}" if "points" in part else f"{here}/point") if name else ()
            )
        if "key" in part and len(names) > 1 and "{}" not in part["key"]:
            yield Problem(f"{here}/key", "is the same for all of `points`", "put {} where the number stands")
        yield from _field(part, names, here, absent)


_ANY_LENGTH = (types.ASCII, types.HEX, types.NUMERAL)  # where the reader gives them whole


def _register(read: dict[str, Any], part: dict[str, Any], path: str, link: str) -> Iterator[Problem]:
    if link != "modbus":
        yield Problem(path, "only Modbus has registers", "use `at`")
        return
    try:
        at = compiling.register_at(read["req"], part["reg"])
    except (IndexError, ValueError):
        yield Problem(path, f"cannot be found in the request {read['req']}", "function:0xADDRESS:count")
        return
    if not 0 <= at <= 255:
        yield Problem(
            path, f"register {part['reg']} is not in the request {read['req']}", "read it in another block"
        )


def _field(part: dict[str, Any], names: list[Any], here: str, absent: Any) -> Iterator[Problem]:
    kind, width, order = compiling.type_of(part)
    fixed = compiling.NAMES[part["type"]][1] or (width if kind in types.ORDERED else 0)
    if fixed and part.get("len", fixed) != fixed:
        yield Problem(f"{here}/len", f"{part['type']} has {fixed} bytes", "leave `len` out")
        return
    if not width and kind not in types.DECODED and not ("key" in part and kind in _ANY_LENGTH):
        missing = "order" if kind in types.ORDERED else "len"
        yield Problem(here, f"{part['type']} may be of any length", f"say it with `{missing}`")
        return
    if kind in types.DECODED and "key" not in part:
        yield Problem(
            f"{here}/type", f"{part['type']} is what stands under a key", "use `key`, or a type of bytes"
        )
    if "bit" in part and "bits" in part:
        yield Problem(here, "has `bit` and `bits`", "keep one")
    yield from _bits(part, 8 * width or 64, here)
    signed = types.NUMERIC + 4 * types.INT <= kind < types.NUMERIC + 4 * types.FLOAT
    if signed and {"FF", "ff"} & {*part.get("absent", absent)}:
        yield Problem(
            f"{here}/absent", "FF fills are -1 in a signed number", "give the part an `absent` of its own"
        )
    rows = [BY_ALIAS.get(name) or BY_OBIS.get(name) for name in names if name]
    for row in rows:
        if row is not None:
            yield from _shape(part, row, kind, width, order, here)


def _bits(part: dict[str, Any], width: int, here: str) -> Iterator[Problem]:
    first, count = part.get("bits", (part.get("bit", 0), 1))
    if count < 1:
        yield Problem(f"{here}/bits", "takes no bit", "[first bit, number of bits]")
    elif first + count > width:
        name = "bits" if "bits" in part else "bit"
        yield Problem(
            f"{here}/{name}", f"bit {first + count - 1} is not in {width} bits", "bits count from 0"
        )


def _shape(part: dict[str, Any], row: Any, kind: int, width: int, order: str, here: str) -> Iterator[Problem]:
    """Whether a field of this type can show this point."""
    alias, unit, sort = row[2], row[3] or "no unit", row[5]
    if (kind in types.TEXTS) != (sort == "text"):
        shows = "a text" if kind in types.TEXTS else "a number"
        yield Problem(
            f"{here}/type", f"{part['type']} is {shows}, {alias} is not", "choose another type or point"
        )
        return
    clock = kind in types.TIMES
    if sort == "time" and not clock and not (kind == types.NUMBER or types.NUMERIC <= kind < types.ASCII):
        yield Problem(f"{here}/type", f"{alias} is a time, {part['type']} is none", "use a type of times")
        return
    if clock and sort not in ("time", "duration"):
        yield Problem(
            f"{here}/type", f"{part['type']} is a time, {alias} is none", "choose another type or point"
        )
        return
    try:
        shift = 0 if clock else compiling.shift_of(part, row)
    except ValueError as error:
        yield Problem(f"{here}/unit", str(error), f"a unit of the same kind as {unit}")
        return
    if ("bit" in part or "bits" in part or "map" in part) and shift:
        yield Problem(here, "bits and maps are for states, which have no scale", "leave `scale` out")
    elif not sound.fits(kind, width, shift, order):
        yield Problem(here, f"{part['type']} of {width} bytes, scaled by 10^{shift}, cannot be read",
                      "see the table of types in docs/meter-profiles.md")  # fmt: skip


def _whole_read(profile: dict[str, Any], read: dict[str, Any], path: str) -> Iterator[Problem]:
    """Its fields beside one another."""
    most = profile.get("limits", {}).get("bytes", 2048)
    room = _room(read["req"]) if profile["link"] == "modbus" else -1
    taken: dict[int, dict[str, Any]] = {}
    shown = set()
    for part in compiling.fields(read, profile["link"]):
        no = compiling.point(part["point"])[0]
        if no in shown:
            yield Problem(path, f"shows {part['point']} twice", "name one of the two differently")
        shown.add(no)
        width = compiling.type_of(part)[1]
        at = part.get("at", 0)
        if at > 255:
            yield Problem(
                path, f"{part['point']} begins at byte {at}, an answer is cut up to 255", "split the block"
            )
        if at + width > most:
            yield Problem(
                path, f"{part['point']} ends behind byte {most}, which is the limit", "split the block"
            )
        if "key" in part:
            continue
        if 0 <= room < at + width:
            yield Problem(
                path,
                f"{part['point']} ends behind byte {room}, all that {read['req']} brings",
                "ask for more",
            )
        for byte in range(at, at + width):
            other = taken.setdefault(byte, part)
            if other is not part and not ({"bit", "bits", "map"} & {*part}):
                yield Problem(
                    path, f"{part['point']} and {other['point']} share byte {byte}", "correct `at` or `len`"
                )
                break


SECRETS = ("password", "encryption_key", "authentication_key", "operator")


def _secrets(profile: dict[str, Any]) -> Iterator[Problem]:
    """A profile is signed, not sealed: everybody may read it."""
    places = [("options", profile.get("options", {}))]
    places += [
        (f"controls/{n}/fields", control.get("fields", {}))
        for n, control in profile.get("controls", {}).items()
    ]
    for path, fields in places:
        for name in SECRETS:
            if name in fields:
                yield Problem(
                    f"{path}/{name}", "is a secret, and everybody may read a profile", "leave it to -o and -f"
                )


def _modbus(request: str) -> tuple[int, ...]:
    """(function, address, count); () for what is no such request, of which the reader tells."""
    try:
        numbers = [int(text[2:], 16) if text[:2] == "0x" else int(text) for text in request.split(":")]
    except ValueError:
        return ()
    return tuple(numbers) if len(numbers) == 3 else ()


def _room(request: str) -> int:
    """Bytes that the answer to a Modbus request has; -1 not known."""
    asked = _modbus(request)
    if not asked or asked[0] > 4:
        return -1
    return (asked[2] + 7) // 8 if asked[0] < 3 else 2 * asked[2]


def _single_places(
    profile: dict[str, Any], read: dict[str, Any], reads: dict[str, str], path: str
) -> Iterator[Problem]:
    """The n-th single brings the n-th field: of Modbus, requests say so themselves."""
    asked = _modbus(read["req"])
    if profile["link"] != "modbus" or not asked or asked[0] not in (3, 4):
        return
    fields = compiling.fields(read, profile["link"])
    for n, (single, field) in enumerate(zip(read.get("fallback", ()), fields, strict=False)):
        at, width = field.get("at", 0), compiling.type_of(field)[1]
        place = asked[0], asked[1] + at // 2, (width + 1) // 2
        if single not in reads and (at % 2 or width % 2 or _modbus(single) != place):
            yield Problem(
                f"{path}/{n}",
                f"{single} is not where {field['point']} stands",
                "{}:0x{:04X}:{}".format(*place),
            )


def _replaced(profile: dict[str, Any], read: dict[str, Any]) -> set[int]:
    """Points of a block that its singles show."""
    own = {other["req"]: other for other in profile["reads"]}
    fields = compiling.fields(read, profile["link"])
    shown: set[int] = set()
    for n, single in enumerate(read.get("fallback", ())):
        found = compiling.fields(own[single], profile["link"]) if single in own else fields[n : n + 1]
        shown |= {compiling.point(field["point"])[0] for field in found}
    return shown


def cautions(profile: dict[str, Any]) -> Iterator[Problem]:
    """Of a profile without faults: what is lost where a meter refuses a block."""
    frozen = {*profile.get("freeze", {}).values()}
    polled = {*profile.get("fast", ()), *profile.get("slow", ())} - frozen
    for at, read in enumerate(profile["reads"]):
        if not read.get("fallback"):
            continue
        covered = _replaced(profile, read) | _shows(profile, polled - {read["req"]})
        fields = compiling.fields(read, profile["link"])
        lost = [field["point"] for field in fields if compiling.point(field["point"])[0] not in covered]
        if lost:
            yield Problem(
                f"reads/{at}/fallback",
                f"no other read shows {', '.join(lost)}: lost where a meter refuses the block",
                "add single reads",
            )


def _fallbacks(
    profile: dict[str, Any], reads: dict[str, str], good: list[dict[str, Any]]
) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for at, read in enumerate(profile["reads"]):
        path = f"reads/{at}/fallback"
        singles = read.get("fallback", ())
        if read["req"] in singles:
            yield Problem(path, "a block cannot replace itself", "name the single reads")
        if len(set(singles)) != len(singles):
            yield Problem(path, "names a read twice", "name each once")
        if read in good:
            yield from _single_places(profile, read, reads, path)
        fields = sum(sum(map(bool, part.get("points", " "))) for part in read["parts"])
        if len(singles) > fields:
            yield Problem(path, f"has {len(singles)} reads for {fields} parts", "one a part, or fewer")
        keyed = any("key" in part for part in read["parts"])
        for single in singles:
            other = taken.setdefault(single, path)
            if other != path and single not in reads:
                yield Problem(path, f"{single} stands in {other} already", "it can replace one field only")
            if keyed and single not in reads:
                yield Problem(path, f"{single} has no parts: by key none can be guessed", "add it to `reads`")


def _shows(profile: dict[str, Any], requests: Iterable[str]) -> set[int]:
    return {
        compiling.point(part["point"])[0]
        for read in profile["reads"]
        if read["req"] in requests
        for part in compiling.fields(read, profile["link"])
    }


def _roles(profile: dict[str, Any], reads: dict[str, str]) -> Iterator[Problem]:
    asked = [(f"{role}/{n}", req) for role in ("fast", "slow") for n, req in enumerate(profile.get(role, ()))]
    asked += [(f"freeze/{name}", req) for name, req in profile.get("freeze", {}).items()]
    controls = profile.get("controls", {}).items()
    asked += [(f"controls/{name}/verify/read", control["verify"]["read"]) for name, control in controls]
    asked += [(f"tests/{n}/read", test["read"]) for n, test in enumerate(profile["tests"])]
    singles = {single for read in profile["reads"] for single in read.get("fallback", ())}
    fine = True
    for path, req in asked:
        if req not in reads and not (path.startswith("tests") and req in singles):
            fine = False
            yield Problem(path, f"{req} is not among `reads`", near(req, reads) or "add it there")
    if not profile.get("fast") and not profile.get("slow"):
        yield Problem("slow", "nothing would be read", "name the reads in `fast` or `slow`")
    names = [(role, profile[role]) for role in ("power", "energy") if role in profile]
    names += [
        (f"{role}/{n}", name) for role in ("curve", "daily") for n, name in enumerate(profile.get(role, ()))
    ]
    names += [(f"controls/{name}/verify/point", control["verify"]["point"]) for name, control in controls]
    names += [
        (f"tests/{n}/points/{name}", name)
        for n, test in enumerate(profile["tests"])
        for name in test["points"]
    ]
    for path, name in names:
        for problem in _point(name, path):
            fine = False
            yield problem
    if fine and not any(list(_parts(read, "", profile["link"])) for read in profile["reads"]):
        yield from _shown_points(profile, names)
    for name, control in controls:
        yield from _control(control, f"controls/{name}")


def _shown_points(profile: dict[str, Any], names: list[tuple[str, str]]) -> Iterator[Problem]:
    everything = _shows(profile, {read["req"] for read in profile["reads"]})
    fast = _shows(profile, profile.get("fast", ()))
    for path, name in names:
        no = compiling.point(name)[0]
        if path in ("power", "energy") and fast and no not in fast:
            yield Problem(
                path, f"{name} is in no read of `fast`", "control works with it: read it each second"
            )
        elif not path.startswith("tests") and no not in everything:
            yield Problem(path, f"no read shows {name}", "add a read, or leave it out")
    for name, control in profile.get("controls", {}).items():
        verify = control["verify"]
        if compiling.point(verify["point"])[0] not in _shows(profile, [verify["read"]]):
            yield Problem(
                f"controls/{name}/verify",
                f"{verify['read']} does not show {verify['point']}",
                "choose another read",
            )


def _control(control: dict[str, Any], path: str) -> Iterator[Problem]:
    if ("data" in control) and "fields" in control:
        yield Problem(
            path, "has `data` and `fields`", "`data` is written, `fields` are for the reader's control"
        )
    if "data" in control and "req" not in control:
        yield Problem(path, "writes data to nothing", "say `req`")
