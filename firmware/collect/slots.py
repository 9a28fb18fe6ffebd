"""Profiles of the identity, and the Readers that speak their line protocols, switches included."""

import binascii

from firmware.overlay import Overlay
from protocols import cbor
from protocols.meters.interpret import Profile


def profiles(texts):
    """({slot: Profile}, [what is wrong with one]) of documents in hex; one of no use is left out."""
    found, faults = {}, []
    for slot, text in enumerate(texts):
        try:
            found[slot] = _document(text)
        except ValueError as error:  # ProfileError, CborError
            faults.append("slot %d: %s" % (slot, error.args[0]))
    return found, faults


def _document(text):
    with Overlay():
        from protocols.meters import sound

        document = cbor.decode(binascii.unhexlify(text))
        sound.checked(document)
    return Profile(document)  # the visit's own would keep an interpreter a profile in the heap


def reader_of(link):
    """The class that reads, and of DL/T 645 writes and controls too; KeyError for a protocol not known."""
    if link == "dlt645-2007":
        from protocols.meters.readers.dlt645 import Reader as found
    elif link == "dlt645-1997":
        from protocols.meters.readers.dlt645_97 import Reader as found
    else:
        from protocols.meters.reading import reader_of as others

        return others(link)
    return found
