"""What a room refuses, as keys: the words belong to the doors (web, cli)."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class FieldError(NamedTuple):
    field: str  # "" when it is about the whole
    key: str  # one of KEYS
    args: Mapping[str, Any] = {}


class Invalid(ValueError):
    """A request that a person can put right; `errors` says what is wrong with which field."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{e.field}: {e.key} {dict(e.args)}" for e in errors))
        self.errors = errors


# Every key that a room uses, with English words for the shell; args in braces. The web has its own words.
KEYS = {
    "not_a_number": "must be a whole number",
    "out_of_range": "must be {least} to {most}",
    "too_long": "at most {most} characters",
    "needed": "is needed",
    "bad_device_id": "1 to 24 of A-Z a-z 0-9 and -",
    "bad_shard": "two of 0-9 a-f",
    "bad_meter_address": "12 digits",
    "device_taken": "this id is taken",
    "no_such_device": "no such device",
    "no_rounds": "choose at least one round",
    "no_such_round": "this terminal has rounds 1 to {rounds}",
    "no_periods": "give at least one control period",
    "too_many_periods": "at most {most} control periods a day",
    "period_empty": "the end must be after the start",
    "periods_overlap": "control periods must not overlap",
    "setpoint_below_safety": "below the safety setpoint of {safety_kw} kW nothing is ever tripped",
    "trip_above_alarm": "the trip threshold must not be above the alarm threshold",
    "order_not_next": "the next order number is {order}",
    "order_open": "order {order} has no known outcome yet",
    "value_not_positive": "must be above 0",
    "no_such_field": "there is {fields}",
    "not_a_list": "must be whole numbers with commas",
    "not_hex": "must be hexadecimal digits",
    "not_json": "must be a JSON map by field name",
    "bad_parameter": "{why}",
    "refused_by_rules": "the terminal would refuse it: reason {reason}",
    "deadline_past": "the deadline must be in the future",
    "too_many_keys": "at most {most} keys: `loadkeeper profile key remove ID` one that signs no more",
    "no_such_key": "no key {key}: `loadkeeper profile key list` shows them",
    "package_no_keys": "this station trusts no key yet: `loadkeeper profile key add PATH.pub`",
    "package_unsigned": "is no signed package: `loadkeeper profile sign` makes one",
    "package_unknown_key": "is signed by a key that this station does not trust:"
    " `loadkeeper profile key add PATH.pub`",
    "package_bad_signature": "its signature is wrong: get it anew from who signed it",
    "package_malformed": "is no whole package ({why}): get it anew from who signed it",
    "package_altered": "was altered ({why}): get it anew from who signed it",
    "package_bad_profile": "its profile is not usable: {why}",
    "package_failed_test": "fails its own test {why}: correct the profile and sign it anew",
    "package_too_large": "has {bytes} bytes for a terminal, which takes {most}: fewer or shorter tests",
    "package_older": "{profile} revision {rev} is not above {last}, which ran there: a terminal takes only a"
    " newer one; raise `rev` and sign it anew",
    "no_such_package": "no such package",
    "slot_taken": "slot {slot} is being given {profile} revision {rev} by {author}: wait for its end, or"
    " `loadkeeper profile stop`",
    "nothing_to_stop": "nothing is being sent into this slot",
    "activation_sent": "all is there and being activated: roll back instead",
    "no_concentrator": "is no concentrator: `loadkeeper area add` enrols one",
    "no_such_meter": "the archive has no such meter",
    "meter_moved": "another meter stands in this row by now: look again",
    "not_found_there": "no search found this meter on this line",
    "address_known": "this meter is in the archive",
    "area_full": "at most {most} meters",
    "no_load": "no archive is being loaded",
    "no_meter_there": "the archive has no meter there",
    "last_before_first": "must not be before the first",
    "bytes_out_of_range": "{least} to {most} bytes",
    "not_a_register": "must be a number with at most three decimals",
    "same_address": "is the address of the old meter",
    "archive_changed": "the archive was changed meanwhile by someone else: look at what changes again",
    "file_too_large": "at most {most} bytes",
    "bad_encoding": "is neither UTF-8 nor GB18030",
    "bad_csv": "is no CSV ({why})",
    "no_file": "choose a file",
    "is_spreadsheet": "is a spreadsheet: save it as CSV (UTF-8, commas) and take that file",
    "not_commas": "its columns are not separated by commas: save it as CSV with commas",
    "file_empty": "has no meter in it",
    "no_such_column": "no such column; there are {columns}",
    "column_twice": "a column stands twice",
    "cells_differ": "{have} cells where the head has {want}",
    "not_yes_or_no": "must be 1 or 0",
    "no_such_line": "must be one of {lines}",
    "meter_twice": "stands in line {line} too",
    "address_twice": "stands in line {line} too, on the same line of the concentrator",
    "not_a_line": "must be NUMBER:BAUD:FORMAT, such as 1:9600:8E1",
    "too_many_profiles": "at most {most} profiles",
    "bad_profile": "{why}",
    "login_failed": "name or password is wrong",
    "login_locked": "locked after too many failures, try again in {minutes} min",
    "password_short": "at least {least} characters",
    "password_simple": "use at least {least} of: lower case, upper case, digits, others",
    "password_has_name": "must not contain the user name",
    "password_same": "must differ from the old one",
    "password_wrong": "the old password is wrong",
    "no_such_user": "no such user",
}
