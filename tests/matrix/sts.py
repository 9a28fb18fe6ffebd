"""What proves which function of STS."""

PROTOCOL = "STS"

_V = "tests/vectors/lines/sts.json#"
_T = "tests/unit/protocols/sts/test_check.py::"

# function, vector, peer, simulator
ROWS = (
    ("class of a credit token", _V + "credit 25.6 kWh", "", ""),
    ("class of a key token", _V + "new key, first half", "", ""),
    ("test token, two-digit manufacturer", _V + "test 0x1, subclass 0", "", ""),
    ("test token, four-digit manufacturer", _V + "test 0x1, subclass 1", "", ""),
    ("CRC of a test token", _V + "a test with one wrong digit", "", ""),
    ("blanks and dashes", _V + "all tests, as printed", "", ""),
    ("test token of a maker", "", "", _T + "test_a_subclass_of_the_maker_is_told_without_fields"),
)
