"""Is it a profile? Every fault at once, each with its path in the document, a reason and what to do.

First the form (schema), then, as far as that is sound, what the parts say of one another, then the opinion of
the protocol's reader on the requests, and the profile's own tests.
"""

from collections.abc import Iterator
from typing import Any

from protocols import cbor
from protocols.lines.refused import Refused
from protocols.meters import compile as compiling
from protocols.meters import interpret, links, replay, sound
from protocols.meters.points import BY_NO
from station.profiles import cross, form
from station.profiles.form import Problem


def problems(profile: Any) -> list[Problem]:
    """What is wrong with a profile that was read from JSON; [] for a good one."""
    faults = form.faults(profile)
    if faults:
        return faults
    return [*cross.faults(profile), *_requests(profile)] or list(_built(profile))


# ---- what the reader says -------------------------------------------------------------------------


def reader_of(link: str) -> Any:
    """The module of the link's reader; None when this installation has none."""
    try:
        return links.reader(link)
    except ImportError:
        return None


def _requests(profile: dict[str, Any]) -> Iterator[Problem]:
    """The reader itself says whether it can ask so."""
    module = reader_of(profile["link"])
    if module is None:
        yield Problem("link", f"no reader for {profile['link']} is installed", "use one that is")
        return
    address, options = profile["address"], profile.get("options", {})
    try:
        module.Reader(address, options)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield Problem("address", f"the reader of {profile['link']} refuses address or options: {error}")
        return
    for at, read in enumerate(profile["reads"]):
        asked = [
            ("req", read["req"]),
            *((f"fallback/{n}", req) for n, req in enumerate(read.get("fallback", ()))),
        ]
        for path, request in asked:
            why = _asks(module.Reader(address, options), request)
            if why:
                advice = f"see protocols/meters/readers/{links.LINKS[profile['link']][0]}.py"
                yield Problem(f"reads/{at}/{path}", f"the reader cannot ask {request!r}: {why}", advice)


def _asks(reader: Any, request: str) -> str:
    try:
        next(reader.read(request))
    except StopIteration:
        return "it asks nothing"
    except Refused as error:
        return f"{error.reason} {error.detail}"
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
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
    try:
        ready = sound.checked(cbor.decode(data))
    except sound.ProfileError as error:
        yield Problem("", f"a device would refuse it: {error}", "this is a gap in the checks: report it")
        return
    yield from _tests(profile, ready, reader_of(profile["link"]))


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
