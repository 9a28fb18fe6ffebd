"""Line protocols a profile may be written for: one line each, for station and device."""

# name -> (module of its Reader, what its answers are: "bytes" cut by offset, "keys" a map, "both")
LINKS = {
    "dlt645-2007": ("dlt645", "bytes"),
    "dlt645-1997": ("dlt645_97", "bytes"),
    "dlt698": ("dlt698", "keys"),
    "modbus": ("modbus", "both"),
    "iec62056-21": ("iec62056_21", "keys"),
    "dlms": ("dlms", "keys"),
    "cjt188": ("cjt188", "both"),
    "mbus": ("mbus", "keys"),
    "sml": ("sml", "keys"),
}


def reader(link):
    """The module with the protocol's `Reader`; KeyError for a protocol that is not known."""
    name = "protocols.meters.readers." + LINKS[link][0]
    return __import__(name, None, None, ("Reader",))
