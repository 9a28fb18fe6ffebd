"""Verbs of dlms.json."""

from binascii import hexlify, unhexlify

from protocols.lines.dlms import acse, apdu, axdr, clock, cosem, gcm, hdlc, meter, security, wrapper
from protocols.meters.readers.dlms import Reader
from tests.vectors.run import plain

try:
    import cryptolib  # pyright: ignore[reportMissingImports]
except ImportError:
    cryptolib = None
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def block(key):
    if cryptolib:
        return cryptolib.aes(key, 1).encrypt
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update


MOST = 60  # exchanges of one read
ENCRYPTION, AUTHENTICATION = bytes(range(16)), bytes(range(0xD0, 0xE0))
PROFILE, REGISTER = cosem.name_bytes("1-0:99.1.0*255"), cosem.name_bytes("1-0:1.8.0*255")


def frames(case):
    framer = hdlc.Framer()
    found = framer.feed(unhexlify(case["hex"]))
    return [list(f) for f in found + framer.quiet()], framer.bad, framer.skipped


def rebuilt(case):
    """The frame of `frames`, built again."""
    data = unhexlify(case["hex"])
    to, by, control, segmented, info = hdlc.Framer().feed(data)[0]
    return hdlc.encode(to, by, control, info, segmented) == data


def wrapped(case):
    framer = wrapper.Framer()
    found = framer.feed(unhexlify(case["hex"]))
    return [list(f) for f in found + framer.quiet()], framer.bad, framer.skipped


def match(case):
    return hdlc.match(*hdlc.Framer().feed(unhexlify(case["request"] + case["answer"]))[:2])


def decode(case):
    """[name, fields, whether it encodes to the same bytes]"""
    data = unhexlify(case["hex"])
    name, fields = apdu.decode(data)
    return [name, fields, apdu.encode(name, fields) == data]


def pushed(case):
    """Values in an APDU that a meter sent by itself."""
    data = unhexlify(case["hex"])
    got = apdu.decode(data[3:] if data[:3] == hdlc.FROM_METER else data).fields
    return [clock.show(got["time"]) if got["time"] else "", axdr.plain(got["data"])]


def tree(case):
    data = unhexlify(case["hex"])
    found = axdr.decode(data)
    return [axdr.plain(found), axdr.encode(found) == data]


def association(case):
    data = unhexlify(case["hex"])
    tag, fields = acse.decode(data)
    return [tag, fields, acse.encode(tag, fields) == data]


def seal(case):
    key, iv, aad, text = [unhexlify(case[name]) for name in ("key", "iv", "aad", "plain")]
    cipher = gcm.Gcm(block(key))
    sealed = cipher.seal(iv, aad, text, 16)
    return sealed if cipher.open(iv, aad, sealed, 16) == text else "opens differently"


def keys(case):
    return security.Keys(block, unhexlify(case["key"]), unhexlify(case["authentication"]))


def protect(case):
    text, title = unhexlify(case["plain"]), unhexlify(case["title"])
    body = keys(case).seal(title, case["counter"], text, case["control"])
    return security.wrap(text[0], title, body, case["general"])


def unprotect(case):
    title, body, general, dedicated = security.unwrap(unhexlify(case["hex"]))
    control, counter, text = keys(case).open(title or unhexlify(case["title"]), body)
    return [control, counter, general, dedicated, text]


def proof(case):
    title, challenge = unhexlify(case["title"]), unhexlify(case["challenge"])
    answer = keys(case).answer(title, case["counter"], challenge)
    return answer if keys(case).check(title, challenge, answer) == case["counter"] else "checks differently"


def store():
    row = [
        (axdr.STRUCTURE, [(axdr.OCTETS, clock.parse(str(20261100 + day))), (axdr.U32, day * 100)])
        for day in range(1, 31)
    ]
    columns = [cosem.capture_object(8, cosem.CLOCK_NAME, 2), cosem.capture_object(3, REGISTER, 2)]
    return {
        (1, cosem.name_bytes("0-0:96.1.0*255"), 2): (axdr.OCTETS, b"12345678"),
        (3, REGISTER, 2): (axdr.U32, 123456),
        (3, REGISTER, 3): (axdr.STRUCTURE, [(axdr.I8, -2), (axdr.ENUM, 30)]),
        (3, cosem.name_bytes("1-0:32.7.0*255"), 2): (axdr.F32, unhexlify("4366199a")),
        (3, cosem.name_bytes("1-0:32.7.0*255"), 3): (axdr.STRUCTURE, [(axdr.I8, 0), (axdr.ENUM, 35)]),
        (7, PROFILE, 2): (axdr.ARRAY, row),
        (7, PROFILE, 3): (axdr.ARRAY, columns),
        (8, cosem.CLOCK_NAME, 2): (axdr.OCTETS, clock.parse("20261122170500")),
        (70, cosem.DISCONNECT_NAME, 2): (axdr.BOOL, True),
        (70, cosem.DISCONNECT_NAME, 3): (axdr.ENUM, 1),
        (70, cosem.DISCONNECT_NAME, 4): (axdr.ENUM, 2),
    }


def server(case):
    both = security.Keys(block, ENCRYPTION, AUTHENTICATION)
    return meter.Server(
        store(),
        case["transport"],
        (1, 17),
        {16: 0, 32: 1, 48: 5},
        b"12345678",
        b"MTR00001",
        both,
        random=lambda size: bytes(range(size)),
        max_pdu=case.get("max_pdu", 256),
    )


def talk(case):
    """What one simulated meter says to one request after the other."""
    one = server(case)
    return [one.feed(unhexlify(request)) for request in case["requests"]]


def read(case):
    """[what the reader returns, its invocation counter, how often it asked]"""
    one, state = server(case), meter.Counter(100)
    reader = reader_of(case, state)
    run = getattr(reader, case.get("call", "read"))(*plain(case["args"]))
    answer = None
    for number in range(MOST):
        try:
            ask = run.send(answer)
        except StopIteration as end:
            return [end.args[0] if end.args else None, state.get(), number]
        found = reader.FRAMER().feed(one.feed(ask.data))
        answer = next((frame for frame in found if not ask.judge(frame)), None)
    return "does not end"


def reader_of(case, state):
    options = {"transport": case["transport"], "client": {"none": 16, "lls": 32, "hls5": 48}[case["how"]]}
    options.update({"authentication": case["how"], "password": b"12345678"})
    if case["how"] == "hls5":
        options.update({"encrypt_block": block, "encryption_key": ENCRYPTION, "state": state})
        options.update({"authentication_key": AUTHENTICATION, "system_title": b"CLI00001"})
        options.update({"random": lambda size: bytes([0xA5] * size), "general": case.get("general", False)})
        options["dedicated"] = case.get("dedicated", False)
    return Reader("17" if case["transport"] == "hdlc" else "", options)


def heard(case):
    """What a reader makes of frames that a meter pushes."""
    reader = Reader("", {"server": case.get("server", 1)})
    run = reader.read("push")
    judge = next(run).judge
    try:
        run.send(
            next((frame for frame in reader.FRAMER().feed(unhexlify(case["hex"])) if not judge(frame)), None)
        )
    except StopIteration as end:
        return end.args[0]
    return "wants more"


DO = {
    "frames": frames,
    "rebuilt": rebuilt,
    "wrapped": wrapped,
    "match": match,
    "address": lambda case: [hdlc.address(*case["args"]), hdlc.parts(hdlc.address(*case["args"]))],
    "limits": lambda case: [hdlc.limits(unhexlify(case["hex"])), hdlc.limits_bytes(*case["again"])],
    "apdu": decode,
    "pushed": pushed,
    "tree": tree,
    "association": association,
    "initiate": lambda case: acse.initiate(unhexlify(case["hex"])),
    "gcm": seal,
    "protect": protect,
    "unprotect": unprotect,
    "proof": proof,
    "clock": lambda case: [
        clock.show(clock.parse(case["text"])),
        hexlify(clock.parse(case["text"])).decode(),
    ],
    "shown": lambda case: clock.show(unhexlify(case["hex"])),
    "talk": talk,
    "read": read,
    "heard": heard,
}
