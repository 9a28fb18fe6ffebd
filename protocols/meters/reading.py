"""What a terminal loads to read by a profile: the module whose `Reader` speaks its line protocol.

Imported one by one and by name, so that a terminal holds what its profiles need and the build can follow
which modules those can be. DL/T 645 comes without writing and control, which a terminal does not ask of a
meter."""

from protocols.meters.readers.default import Reader


def reader_of(link):
    """KeyError for a protocol that this firmware does not know; names are those of `links`."""
    if link == "dlt645-2007":
        return Reader
    if link == "dlt645-1997":
        from protocols.meters.readers.dlt645_97_read import Reader as found
    elif link == "dlt698":
        from protocols.meters.readers.dlt698 import Reader as found
    elif link == "modbus":
        from protocols.meters.readers.modbus import Reader as found
    elif link == "iec62056-21":
        from protocols.meters.readers.iec62056_21 import Reader as found
    elif link == "dlms":
        from protocols.meters.readers.dlms import Reader as found
    elif link == "cjt188":
        from protocols.meters.readers.cjt188 import Reader as found
    elif link == "mbus":
        from protocols.meters.readers.mbus import Reader as found
    elif link == "sml":
        from protocols.meters.readers.sml import Reader as found
    else:
        raise KeyError(link)
    return found
