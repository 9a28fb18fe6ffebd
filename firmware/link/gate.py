"""The command gate: authentic, mine, known, new, in time, approved? Then journal, act, read back, answer.

Rules (design section 4):
1. One kv.put holds the highest id, the intent and the new control state; only after it the state becomes
   true. A power cut leaves all of it or nothing, so an order of energy is applied exactly once.
2. Every answer to a new id uses the id up, refusals too: what was once refused is never executed later.
   After `storage_failed` that holds in the heap, and in the journal from the first put the flash takes (tried
   each second): only a restart before it opens the id again, until its deadline.
3. A final answer is journalled before it is recorded. Ids journalled but perhaps not recorded are kept in the
   journal (`tell`) and recorded again after a cut: a doubled answer is harmless, a missing one is not.
4. `executed` of a trip means read back. What does not read back in time is answered `refused` with the
   measured state.
5. An answer to what uses no id up goes out at most MAX_REPEATS times in REPEAT_MS, the rest is counted: who
   replays sealed messages must not fill the flash.

    receive --seal bad--> counted, no answer
       |--known id-------> same answer again, within limits
       |--refused/expired> journal answer -> record
       '--accepted-------> journal {gate, answer received, state} -> commit
                             -> settle() -> journal answer final -> record
"""

from firmware.store.kv import StoreError
from protocols.uplink import codes, envelope, messages, topics
from protocols.uplink.codes import EXECUTED, EXPIRED, REASON_NO, RECEIVED, REFUSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEY = "gate"  # kv: [highest id, intents not closed, ids to tell]
# Answers kept, by id modulo SLOTS, a ROW in each of the kv keys a0 .. a7: a key of its own for each answer
# would take 7 KB more of the heap, where the journal keeps its values.
SLOTS, ROW = 64, 8
EARLY_S = 5  # tolerance of not_before: two clocks set by the same station
SETTLE_MS = 10000  # after the alarm time: one decision a second, 50 ms of mechanism, and room
MAX_OPEN = 8  # trips waiting for their read-back
MAX_UNSAVED = 8
MAX_REPEATS, REPEAT_MS = 16, 60000  # a broker redelivers what one lost connection held; flash: 1.4 MB a day
MAX_ID = 1 << 53
ERROR = codes.EVENT_FIELD_NO["error"]
HELD = codes.EVENT_FIELD_NO["bytes"]

# Not in codes.REASONS of contract version 1: then the answer has reason 0 and the word in its detail.
NOT_CONFIRMED, BUSY = "not_confirmed", "busy"


def _ints(row, size=None):
    """A list of integers, of that size if one is given."""
    if not isinstance(row, list) or (size is not None and len(row) != size):
        return False
    return all(isinstance(item, int) for item in row)


def _is_journal(saved):
    if not isinstance(saved, list) or len(saved) != 3 or not isinstance(saved[1], list):
        return False
    return _ints(saved[:1]) and all(_ints(row, 6) for row in saved[1]) and _ints(saved[2])


def _is_answer(row):
    return isinstance(row, list) and len(row) == 7 and _ints(row[:4], 4)


class Gate:
    """`apply(kind, params, command_id, scope)` -> (reason, {kv key: value} of the new state, commit()); pure.

    `add` is the outbox's. `measured()` -> (tripped, open or None when no contact can be read, remaining_wh).
    `commands`: schemas of those that this product takes.
    """

    def __init__(self, kv, device, keys, apply, clock, add, measured, commands=messages.COMMANDS):
        self._kv = kv
        self._device = device
        self._keys = keys
        self._apply = apply
        self._clock = clock
        self._add = add
        self._measured = measured
        self._commands = commands
        # Of the last command, if set: `error`, words why it was refused, "" when the reason says all; `held`,
        # what `executed` adds to the answer, an integer or None.
        self.said: Any = None
        self._held = {}  # id -> that
        self._unsaved = {}  # id -> answer the flash would not take
        self._repeats, self._repeat_ticks = 0, clock.ticks_ms()
        self._since = {}  # id of an intent -> ticks it was first seen at
        self.counts = {}
        self.fault = ""  # last exception of `apply`
        self._load()

    def _load(self):
        saved = self._kv.get(KEY)
        if saved is None:
            saved = [0, [], []]
        if not _is_journal(saved):
            self._count("journal_unreadable")
            saved = [0, [], []]
        kept = [answer[0] for n in range(0, SLOTS, ROW) for answer in self._row(n)[1] if _is_answer(answer)]
        # the answers bound the highest id from below, should its own entry ever be unreadable
        self.last = self._journalled = max(kept + [saved[0]])
        self._open = saved[
            1
        ]  # [id, kind, rounds, delay_s, reason it became impossible, already tripped then]
        self._tell = [number for number in saved[2] if self._kept(number) is not None]

    def _count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    # ---- judging ------------------------------------------------------------------------------

    def receive(self, data):
        """Take one message from down/cmd. When it returns, the command is journalled or answered.

        Returns whether its seal is the station's; `counts["bad_mac"]` counts those whose is not.
        """
        approver = self._keys.get("approver")
        try:
            body, approved = envelope.unseal(self._keys["operator"], topics.CMD, self._device, data, approver)
            command = messages.unpack(messages.COMMAND, body)
        except messages.MessageError as error:
            self._count("bad_mac" if error.args[0] == "bad_mac" else "malformed")
            return False
        number = command["command"]
        kept = self._kept(number)
        if command["device"] != self._device:
            self._repeat(self._answer(number, REFUSED, REASON_NO["not_mine"]))
        elif kept is not None:
            self._count("repeated")
            self._repeat(kept)
        elif number > MAX_ID:
            self._repeat(self._answer(number, REFUSED, REASON_NO["bad_params"]))
        else:
            self._take(number, command, approved)
        return True

    def _take(self, number, command, approved):
        params, reason = self._judge(command, approved)
        if not reason:
            self._act(number, command, params)
            return
        outcome = EXPIRED if reason == "past_deadline" else REFUSED
        tell = self._repeat if number <= self.last else self._refuse  # an older id has no slot: no new answer
        tell(self._answer(number, outcome, REASON_NO[reason]))

    def _judge(self, command, approved):
        """Return (params, "" or the name of a reason)."""
        kind = command["kind"]
        schema = self._commands.get(kind)
        if schema is None:
            return None, "unknown_kind"
        try:
            params = messages.unpack(schema, command["params"])
        except messages.MessageError:
            return None, "bad_params"
        scope = command.get("scope", codes.ADDRESSED)
        if scope > codes.TO_MANY:  # the contract has no number below 0
            return None, "bad_params"
        if command["command"] <= self.last:
            return None, "stale_id"
        if not self._clock.ok:
            return None, "clock_unset"
        now_s = self._clock.now_s()
        if command["not_before_s"] > now_s + EARLY_S:
            return None, "too_early"
        if command["deadline_s"] < now_s:
            return None, "past_deadline"
        # whatever a station allows (docs/adr/0020); station.approvals.policy knows the same, held by a test
        if not approved and (
            scope or kind == messages.EXCLUSION or (kind == messages.GUARANTEE and not params["on"])
        ):
            return None, "second_mac_needed"
        return params, ""

    # ---- acting -------------------------------------------------------------------------------

    def _act(self, number, command, params):
        kind = command["kind"]
        if len(self._open) >= MAX_OPEN or any((row[0] - number) % SLOTS == 0 for row in self._open):
            self._refuse(self._unnamed(number, BUSY))
            return
        try:
            reason, entries, commit = self._apply(kind, params, number, command.get("scope", codes.ADDRESSED))
        except MemoryError:  # the code for this command found no room (firmware/overlay.py): nothing was done
            self._count("no_memory")
            self._refuse(self._unnamed(number, BUSY))
            return
        except (
            Exception
        ) as error:  # a fault of ours: answered and counted, else every redelivery would meet it again
            self._count("fault")
            self.fault = repr(error)
            detail = {ERROR: self.fault[:60]}
            self._refuse(self._answer(number, REFUSED, REASON_NO["bad_params"], detail))
            return
        if reason:
            text = self.said.error if self.said else ""
            self._refuse(self._answer(number, REFUSED, reason, {ERROR: text[:60]} if text else None))
            return
        answer = self._answer(number, RECEIVED, 0)
        intent = self._intent(number, kind, params, answer[3])
        if not self._journal(number, self._impossible(kind, params) + [intent], [], answer, entries):
            self._refuse_unsaved(number)
            return
        commit()
        held = self.said.held if self.said else None
        if held is not None:
            self._held[number] = {HELD: held}
        if intent[3]:
            self._record(answer)
        self.settle()

    def _intent(self, number, kind, params, tripped):
        trip = kind == messages.TRIP
        rounds = params["rounds"] if trip else 0
        held = int(trip and tripped & rounds == rounds)
        return [number, kind, rounds, params["delay_s"] if trip else 0, 0, held]

    def _impossible(self, kind, params):
        """The open intents after this command: a guarantee makes pending trips impossible."""
        if kind != messages.GUARANTEE or not params["on"]:
            return list(self._open)
        reason = REASON_NO["guaranteed"]
        return [row[:4] + [reason if row[1] == messages.TRIP else row[4], row[5]] for row in self._open]

    def waiting(self) -> bool:
        """Whether a command waits for its read-back."""
        return bool(self._open)

    def settle(self):
        """Call each second: closes what has read back or no longer can; records what a cut left untold."""
        for row in list(self._open):
            outcome, reason = self._verdict(row)
            if outcome == REFUSED and not reason:
                self._close(row, self._unnamed(row[0], NOT_CONFIRMED))
            elif outcome:
                self._close(row, self._answer(row[0], outcome, reason, self._held.pop(row[0], None)))
        if self.last != self._journalled:
            self._journal(self.last, self._open, [])
        if self._tell:
            self._tell = [number for number in self._tell if self._untold(number)]

    def _verdict(self, row):
        """(0, 0) while it is open."""
        number, kind, rounds, delay_s, reason, held = row
        if kind != messages.TRIP:
            return EXECUTED, 0  # its effect is the state that was journalled
        now = self._clock.ticks_ms()
        waited_ms = self._clock.ticks_diff(now, self._since.setdefault(number, now))
        tripped, contacts, _remaining_wh = self._measured()
        done = tripped & rounds == rounds and (contacts is None or contacts & rounds == rounds)
        if done and not (
            held and waited_ms < delay_s * 1000
        ):  # held: another control had them tripped already
            return EXECUTED, 0
        if reason and not tripped & rounds:
            return REFUSED, reason
        return (REFUSED, 0) if waited_ms >= delay_s * 1000 + SETTLE_MS else (0, 0)

    # ---- answers ------------------------------------------------------------------------------

    def _answer(self, number, outcome, reason, detail=None):
        tripped, contacts, remaining_wh = self._measured()
        return [number, outcome, reason, tripped, contacts, remaining_wh, detail or {}]

    def _unnamed(self, number, word):
        reason = REASON_NO.get(word, 0)
        return self._answer(number, REFUSED, reason, None if reason else {ERROR: word})

    def _row(self, number):
        """The kv key with the answer to `number`, and the ROW answers (or None) in it."""
        key = "a" + str(number % SLOTS // ROW)
        row = self._kv.get(key)
        return key, row if isinstance(row, list) and len(row) == ROW else [None] * ROW

    def _kept(self, number):
        answer = self._unsaved.get(number) or self._row(number)[1][number % ROW]
        return answer if _is_answer(answer) and answer[0] == number else None

    def _untold(self, number):
        """Record its answer, if there still is one; True while the outbox cannot keep it."""
        answer = self._kept(number)
        return answer is not None and not self._record(answer)

    def _repeat(self, answer):
        """Record an answer that uses no id up, within the limit of rule 5."""
        now = self._clock.ticks_ms()
        if not 0 <= self._clock.ticks_diff(now, self._repeat_ticks) < REPEAT_MS:
            self._repeats, self._repeat_ticks = 0, now
        if self._repeats < MAX_REPEATS:
            self._repeats += 1
            self._record(answer)
        else:
            self._count("repeats_unanswered")

    def _refuse(self, answer):
        number = answer[0]
        if self._journal(number, self._open, [number], answer):
            self.settle()
        else:
            self._refuse_unsaved(number)

    def _refuse_unsaved(self, number):
        """The flash refuses: nothing was done. The id is used up here, in the journal by `settle`."""
        answer = self._answer(number, REFUSED, REASON_NO["storage_failed"])
        self.last = number
        self._unsaved[number] = answer
        if len(self._unsaved) > MAX_UNSAVED:
            del self._unsaved[min(self._unsaved)]
        if not self._record(answer):
            self._tell.append(number)

    def _close(self, row, answer):
        number = row[0]
        still = [other for other in self._open if other[0] != number]
        if self._journal(self.last, still, [number], answer):
            self._since.pop(number, None)

    def _journal(self, last, intents, tell, answer=None, entries=()):
        """One atomic put; only when it stands the gate's own state follows. `tell`: ids to tell besides."""
        entries = dict(entries)
        if answer is not None:
            key, row = self._row(answer[0])
            row[answer[0] % ROW] = answer
            entries[key] = row
            # it takes the slot of an older one: that can be told no more, so there are at most SLOTS
            tell = [number for number in self._tell if (number - answer[0]) % SLOTS] + tell
        else:
            tell = self._tell + tell
        entries[KEY] = [last, intents, tell]
        try:
            self._kv.put(entries)
        except StoreError:
            self._count("storage_failed")
            return False
        self.last = self._journalled = last
        self._open, self._tell = intents, tell
        return True

    def _record(self, answer):
        """Into the event stream. False when the outbox could not keep it."""
        number, outcome, reason, tripped, contacts, remaining_wh, detail = answer
        body = {"command": number, "outcome": outcome, "reason": reason, "tripped": tripped, "open": contacts}
        body["remaining_wh"] = remaining_wh
        body["detail"] = detail
        return self._add(topics.EV, messages.RESULT, self._clock.now_s(), int(self._clock.ok), body) != 0
