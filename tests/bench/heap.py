"""Bench `heap`: peak heap of the loaded terminal after collection, on 64-bit unix, against its limit."""

import json

from tests.bench.loaded.run import HEAP_BYTES, figures, run


def main() -> None:
    used = figures(run(), "heap")
    peak = max(used)
    print(f"{len(used)} weighings, first {used[0]}, last {used[-1]} bytes")
    result = {
        "bench": "heap",
        "value": round(peak / 1024, 1),
        "unit": "KB",
        "terminal_peak_kb": round(peak / 1024, 1),
        "peer": HEAP_BYTES / 1024,
        "ratio": round(peak / HEAP_BYTES, 3),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
