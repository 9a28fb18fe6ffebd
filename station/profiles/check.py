"""Is it a profile? Every fault at once, each with its path in the document, a reason and what to do.

First the form (schema), then, as far as that is sound, what the parts say of one another, then the opinion of
the protocol's reader on the requests, and the profile's own tests.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from protocols import cbor
from protocols.lines.refused import Refused
from protocols.meters import compile as compiling
from protocols.meters import interpret, links, package, replay, sound
from protocols.meters.points import BY_NO
from station.profiles import cross, form
from station.profiles.form import Problem, near
from station.profiles.options import for_test, misfit, secrets


def problems(profile: Any) -> list[Problem]:
    """What is wrong with a profile that was read from JSON; [] for a good one."""
    faults = form.faults(profile)
    if faults:
        return faults
    return [*cross.faults(profile), *_requests(profile)] or list(_built(profile))


def cautions(profile: dict[str, Any]) -> list[Problem]:
    """What a good profile does not do and might."""
    told = list(cross.cautions(profile))
    if lacking := secrets(profile["link"], profile.get("options", {})):
        why = f"the meter is read with {', '.join(lacking)}, which terminals do not have"
        told.append(Problem("options", why, "read it with `loadkeeper meter read`"))
    return told


# ---- what the reader says -------------------------------------------------------------------------


def reader_of(link: str) -> Any:
    """The module of the link's reader, with test secrets for what needs them; None when there is none."""
    try:
        module = links.reader(link)
    except (ImportError, KeyError):
        return None

    def tried(address: str, options: dict[str, Any]) -> Any:
        return module.Reader(address, for_test(link, options))

    return SimpleNamespace(Reader=tried, OPTIONS=module.OPTIONS, CONTROLS=module.CONTROLS)


FAULTS = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)  # of a Reader given nonsense


def _requests(profile: dict[str, Any]) -> Iterator[Problem]:
    """The reader itself says whether it can ask so."""
    module = reader_of(profile["link"])
    if module is None:
        yield Problem("link", f"no reader for {profile['link']} is installed", "use one that is")
        return
    address, options = profile["address"], profile.get("options", {})
    wrong = list(_options(profile["link"], options, module)) or list(_size(options))
    if wrong:
        yield from wrong
        return
    try:
        module.Reader(address, options)
    except FAULTS as error:
        yield Problem("address", f"the reader of {profile['link']} refuses address or options: {error}")
        return
    for at, read in enumerate(profile["reads"]):
        asked = [
            ("req", read["req"]),
            *((f"fallback/{n}", req) for n, req in enumerate(read.get("fallback", ()))),
        ]
        for path, request in asked:
            why = _asks(module.Reader(address, options).read, request)
            if why:
                advice = f"see protocols/meters/readers/{links.LINKS[profile['link']][0]}.py"
                yield Problem(f"reads/{at}/{path}", f"the reader cannot ask {request!r}: {why}", advice)

    for name, control in profile.get("controls", {}).items():
        yield from _control(profile, module, name, control)


def _options(link: str, options: dict[str, Any], module: Any) -> Iterator[Problem]:
    known = module.OPTIONS
    for name, value in options.items():
        path = f"options/{name}"
        if name not in known:
            advice = near(name, known) or f"it has {', '.join(known) or 'none'}"
            yield Problem(path, f"the reader of {link} has no such option", advice)
        elif why := misfit(value, known[name]):
            yield Problem(path, f"{value!r:.60} {why}")
        elif name == "baud" and not sound.BAUD_LEAST <= value <= sound.BAUD_MOST:
            yield Problem(
                path, f"{value} is not {sound.BAUD_LEAST} to {sound.BAUD_MOST}", "the meter's first speed"
            )


def _size(options: dict[str, Any]) -> Iterator[Problem]:
    if (size := len(cbor.encode(options))) > sound.OPTIONS_BYTES:
        why = f"are {size} bytes for a device, {sound.OPTIONS_BYTES} may be"
        yield Problem("options", why, "shorten them")


# What people give when a control is sent, as far as the options have it
_GIVEN = {"level": 2, "password": "000000", "operator": "00000000"}


def _control(profile: dict[str, Any], module: Any, name: str, control: dict[str, Any]) -> Iterator[Problem]:
    """Whether the reader has it and can send it, up to the first thing it sends."""
    path, link = f"controls/{name}", profile["link"]
    given = {key: value for key, value in _GIVEN.items() if key in module.OPTIONS}
    reader = module.Reader(profile["address"], {**given, **profile.get("options", {})})
    if "data" in control:
        if not hasattr(reader, "write"):
            yield Problem(path, f"the reader of {link} cannot write", "leave it out")
        elif why := _asks(reader.write, control.get("req", ""), bytes.fromhex(control["data"])):
            yield Problem(path, f"the reader cannot write it: {why}", "see `req` and `data` there")
        return
    known = module.CONTROLS
    if name not in known:
        advice = near(name, known) or f"it has {', '.join(known) or 'none'}"
        yield Problem(path, f"the reader of {link} has no control {name}", advice)
        return
    fields, such = control.get("fields", {}), known[name]
    wrong = list(_fields(path, fields, such))
    if "valid_min" in control and "valid_until" not in such:
        wrong.append(
            Problem(f"{path}/valid_min", f"the reader of {link} tells the meter no time", "leave it out")
        )
    if wrong:
        yield from wrong
        return
    timed = "valid_min" in control
    sent = {key: value for key, value in such.items() if timed or not isinstance(value, tuple)}
    if why := _asks(reader.control, name, {**sent, **fields}):
        yield Problem(path, f"the reader cannot send it: {why}", "see `fields` and `valid_min` there")


def _fields(path: str, fields: dict[str, Any], such: dict[str, Any]) -> Iterator[Problem]:
    """`such`: values of the right kind; what is no text or number is made when the control is sent."""
    for key, value in fields.items():
        where = f"{path}/fields/{key}"
        if key not in such:
            yield Problem(
                where, "is no field of it", near(key, such) or f"it takes {', '.join(such) or 'none'}"
            )
        elif isinstance(such[key], tuple):
            yield Problem(where, "is a time that only the moment of sending knows", "use `valid_min`")
        elif why := misfit(value, type(such[key])):
            yield Problem(where, f"{value!r:.60} {why}")


def _asks(function: Any, *args: Any) -> str:
    try:
        next(function(*args))
    except StopIteration:
        return "it asks nothing"
    except Refused as error:
        return f"{error.reason} {error.detail}"
    except FAULTS as error:
        return str(error) or type(error).__name__
    return ""


# ---- what it becomes ------------------------------------------------------------------------------


def _built(profile: dict[str, Any]) -> Iterator[Problem]:
    try:
        data = compiling.encoded(profile)
    except (cbor.CborError, ValueError) as error:
        yield Problem("", f"cannot be packed: {error}", "no floats, and `options` of texts and whole numbers")
        return
    if len(data) > sound.MAX_BYTES:
        yield Problem("", f"is {len(data)} bytes for a device, {sound.MAX_BYTES} may be", "split it")
        return
    document = cbor.decode(data)
    if wrong := list(_for_device(document)):
        yield from wrong
        return
    try:
        ready = sound.checked(document)
    except sound.ProfileError as error:
        yield Problem("", f"a device would refuse it: {error}", "this is a gap in the checks: report it")
        return
    wrong = list(_tests(profile, ready, reader_of(profile["link"])))
    yield from wrong or list(tests_faults(tests_of(profile, ready))) or _work(profile, ready, document)


def _for_device(document: dict[int, Any]) -> Iterator[Problem]:
    """What a device refuses of what is sound for a computer."""
    for name, key in (("power", interpret.POWER), ("energy", interpret.ENERGY)):
        no = document[key]
        if no is not None and BY_NO[no][5] in ("text", "time"):
            yield Problem(
                name, f"{BY_NO[no][2]} is a {BY_NO[no][5]}, a device calculates with it", "name another"
            )
    if (keys := document[interpret.KEYS].count("\n") + 1) > sound.MAX_KEYS:
        yield Problem("reads", f"have {keys} keys, {sound.MAX_KEYS} may be", "leave some out")


def _work(profile: dict[str, Any], ready: interpret.Profile, document: dict[int, Any]) -> list[Problem]:
    tests = [test_of(profile, ready, test) for test in profile["tests"]]
    if (fields := package.tested(document, tests)) <= package.MAX_TESTED:
        return []
    why = f"read {fields} fields, {package.MAX_TESTED} may be: a device does nothing else meanwhile"
    return [Problem("tests", why, "leave some out, or test a smaller read")]


def tests_of(profile: dict[str, Any], ready: interpret.Profile) -> bytes:
    """Its tests as a package has them."""
    return cbor.encode([package.plain(test_of(profile, ready, test)) for test in profile["tests"]])


def tests_faults(tests: bytes) -> Iterator[Problem]:
    if len(tests) > package.TESTS_BYTES:
        why = f"are {len(tests)} bytes for a device, {package.TESTS_BYTES} may be"
        yield Problem("tests", why, "leave some out, or give `data` or `values` in place of `exchanges`")


def test_of(profile: dict[str, Any], ready: interpret.Profile, test: dict[str, Any]) -> list[Any]:
    """A profile's test as `replay` and a device take it."""
    if "exchanges" in test:
        given: Any = [[bytes.fromhex(request), bytes.fromhex(reply)] for request, reply in test["exchanges"]]
    elif "data" in test:
        given = bytes.fromhex(test["data"])
    else:
        given = {key: _value(value) for key, value in test["values"].items()}
    wanted = {compiling.point(name)[0]: value for name, value in test["points"].items()}
    return [ready.index(test["read"]), test.get("address", profile["address"]), given, wanted]


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def _tests(profile: dict[str, Any], ready: interpret.Profile, module: Any) -> Iterator[Problem]:
    for at, test in enumerate(profile["tests"]):
        path = f"tests/{at}"
        kinds = [name for name in ("exchanges", "data", "values") if name in test]
        if len(kinds) != 1:
            yield Problem(path, f"has {len(kinds)} of exchanges, data, values", "give one of them")
            continue
        try:
            prepared = test_of(profile, ready, test)
        except (ValueError, KeyError, TypeError):
            yield Problem(f"{path}/{kinds[0]}", "is malformed", "see docs/meter-profiles.md")
            continue
        why = replay.run(ready, module, prepared)
        if why:
            yield Problem(path, f"{test['name']}: {_named(why)}", "correct the profile or the test")


def _named(why: str) -> str:
    """`point 320 is ...` with the point's name."""
    words = why.split(" ", 2)
    if words[0] == "point" and words[1].isdigit():
        return f"{BY_NO[int(words[1])][2]} {words[2]}"
    return why
