"""The one error that outside bytes may raise."""

# name -> what it means; the message for people is made of it where it is shown
REASONS = {
    "mute": "no answer came in time",
    "bad_checksum": "the checksum is not that of the bytes",
    "bad_length": "a length does not fit what is there",
    "bad_end": "the end is not where the length says",
    "bad_address": "no address can look like this",
    "bad_bcd": "a digit is not 0 to 9",
    "bad_value": "a value cannot be what it stands for",
    "truncated": "the data ends inside a value",
    "trailing": "bytes are left after the last value",
    "too_long": "more than the receiver takes",
    "too_deep": "nested deeper than the receiver takes",
    "unknown_type": "a type of data that is not known",
    "unknown_item": "an identifier that is not known",
    "unknown_function": "a function that is not known",
    "foreign": "from somebody else",
    "late": "the answer to an earlier request",
    "wrong_sequence": "pieces are missing or out of order",
    "refused": "the other side says no; detail says how",
    "not_associated": "the association was not granted",
    "bad_mac": "authentication failed",
    "replayed": "a counter did not increase",
    "unsupported": "the other side asks for what is not spoken here",
}


class Refused(ValueError):
    """args: (reason, detail). `reason` is a name of REASONS, `detail` a text that may be empty."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail
