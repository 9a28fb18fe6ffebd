"""The input of a decoder holds no frame."""


class Refused(ValueError):
    """args[0] says to a person what is wrong with it."""
