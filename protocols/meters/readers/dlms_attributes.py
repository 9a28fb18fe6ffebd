"""GET and SET in a DLMS session, in lists and blocks where they are needed. Generators as in README.md."""

from protocols.lines.dlms import acse, apdu, axdr
from protocols.lines.refused import Refused

LIST = 8  # attributes in one request: it must fit the smallest meters' PDU
BLOCK_HEADER = 48  # of the longest SET block APDU before its bytes, selection included


class Attributes:
    def __init__(self, session) -> None:
        self._session = session

    def get(self, items):
        """[(code, tree or None)] of (descriptor, selection)s."""
        results = []
        step = LIST if self._session.conformance & acse.MULTIPLE_REFERENCES else 1
        for at in range(0, len(items), step):
            part = items[at : at + step]
            if len(part) == 1:
                results.append((yield from self._get_one(part[0])))
            else:
                results += yield from self._get_list(part)
        return results

    def _get_one(self, item):
        asked = {"descriptor": item[0], "selection": item[1]}
        answer = yield from self._session.call("get-request-normal", asked)
        if answer.name == "get-response-normal":
            return answer.fields["result"]
        code, raw = yield from self._blocks(answer)
        return (code, None) if code else (0, axdr.decode(raw))

    def _get_list(self, items):
        answer = yield from self._session.call("get-request-with-list", {"descriptors": items})
        if answer.name == "get-response-with-list":
            results = answer.fields["results"]
        else:
            code, raw = yield from self._blocks(answer)
            results = [(code, None)] * len(items) if code else apdu.read_results(raw)
        if len(results) != len(items):
            raise Refused("bad_length", "%d results for %d attributes" % (len(results), len(items)))
        return results

    def _blocks(self, answer):
        """(code, bytes of all blocks) of a GET whose first block is `answer`."""
        blocks = apdu.Blocks()
        while answer.name == "get-response-block":
            code, raw = answer.fields["block"]
            if code:
                return code, b""
            blocks.add(answer.fields["number"], raw)
            if answer.fields["last"]:
                return 0, blocks.join()
            if not raw:
                raise Refused("bad_length", "empty block")
            answer = yield from self._session.call("get-request-next", {"number": blocks.number})
        raise Refused("wrong_sequence", answer.name)

    def set(self, descriptor, selection, tree):
        """The code of the result; in blocks when it is longer than the meter takes."""
        asked = {"descriptor": descriptor, "selection": selection, "data": tree}
        raw = axdr.encode(tree)
        size = self._session.room - BLOCK_HEADER
        if len(raw) <= size:
            answer = yield from self._session.call("set-request-normal", asked)
            return _answered(answer, "set-response-normal")["code"]
        name = "set-request-first-block"
        parts = [raw[at : at + size] for at in range(0, len(raw), size)]
        for number, part in enumerate(parts, 1):
            asked.update({"last": number == len(parts), "number": number, "raw": part})
            answer = yield from self._session.call(name, asked)
            if answer.name == "set-response-last-block":
                break
            if _answered(answer, "set-response-block")["number"] != number:
                raise Refused("wrong_sequence", "block %d" % number)
            name = "set-request-block"
        return _answered(answer, "set-response-last-block")["code"]


def _answered(answer, name) -> dict:
    if answer.name != name:
        raise Refused("wrong_sequence", answer.name)
    return answer.fields
