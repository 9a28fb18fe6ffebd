"""The overview's table: work queues, search and paging over the list of devices. The address is the state."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from station.web.device_model import has_mismatch

PAGE_ROWS = 20
MAX_QUERY = 64

QUEUES: dict[str, tuple[str, str, Callable[[Mapping[str, Any]], bool]]] = {  # key -> (tone, icon, belongs)
    "all": ("accent", "all", lambda _d: True),
    "online": ("ok", "ok", lambda d: d["online"]),
    "offline": ("trip", "offline", lambda d: not d["online"]),
    "alarm": ("warn", "warn", lambda d: bool(d["alarm"])),
    "tripped": ("trip", "trip", lambda d: bool(d["tripped"])),
    "unknown": ("unknown", "unknown", has_mismatch),
    "guaranteed": ("accent", "shield", lambda d: bool(d["guarantee"])),
    "gaps": ("unknown", "gap", lambda d: bool(d["gaps"])),
}


class Filter(NamedTuple):
    queue: str = "all"
    q: str = ""
    page: int = 1

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> "Filter":
        """Read from an address; whatever makes no sense falls back to the whole list."""
        queue, page = arguments.get("queue", "all"), arguments.get("page", "1")
        return cls(
            queue if queue in QUEUES else "all",
            arguments.get("q", "").strip()[:MAX_QUERY],
            min(int(page), 10**6)
            if page.isascii() and page.isdecimal() and len(page) < 8 and int(page)
            else 1,
        )

    def address(self, **change: Any) -> dict[str, Any]:
        """Arguments of the address of this filter, changed; defaults are left out."""
        new = self._replace(**change)
        return {k: v for k, v in new._asdict().items() if v != Filter._field_defaults[k]}


def counts(devices: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    held = list(devices)
    return {key: sum(belongs(d) for d in held) for key, (_tone, _icon, belongs) in QUEUES.items()}


def select(devices: Iterable[Mapping[str, Any]], wanted: Filter) -> dict[str, Any]:
    """Return {rows, total, page, pages}: the page is clamped to what there is."""
    belongs, text = QUEUES[wanted.queue][2], wanted.q.casefold()
    found = [d for d in devices if belongs(d) and _has(d, text)]
    pages = max(1, -(-len(found) // PAGE_ROWS))
    page = min(wanted.page, pages)
    return {
        "rows": found[(page - 1) * PAGE_ROWS : page * PAGE_ROWS],
        "total": len(found),
        "page": page,
        "pages": pages,
    }


def _has(device: Mapping[str, Any], text: str) -> bool:
    return any(text in device[name].casefold() for name in ("device", "name", "meter_address"))
