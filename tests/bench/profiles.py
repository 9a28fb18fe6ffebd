"""Bench `profiles`: what a meter profile costs a device on the wire, in heap and in code, on 64-bit unix.

Modules are loaded from build/unix, one file each: from the image, where they share texts, they take less
(docs/adr/0016). The peer is the reading profile of the identity (docs/adr/0010), which shows fewer points.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hil.adapters.process import ROOT
from hil.adapters.unix import micropython
from protocols.meters import compile as compiling
from protocols.meters import package, profile
from station.profiles import files, signing

SHOWN, PEER = "dlt645-2007-3p", "reading profile of the identity, JSON"
BUILT = ROOT / "build" / "unix"
CODE = {
    "stays with a profile": ("meters/interpret", "meters/types"),
    "checks and verifies": ("meters/sound", "meters/replay", "meters/package", "ed25519", "sha512"),
}


def on_device(told: dict[str, object]) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "told.json"
        source.write_text(json.dumps(told))
        command = [micropython(), "-X", "heapsize=4M", "tests/bench/profile/cost.py", str(source)]
        environment = {**os.environ, "MICROPYPATH": f"{BUILT}:.frozen"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)


def main() -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    encoded, packed = {}, {}
    for name in files.catalogue():
        document = files.read(files.found(name).read_bytes())
        encoded[name] = compiling.encoded(document)
        packed[name] = signing.for_device(signing.sign(document, key))
    compact = json.dumps(profile.dlt645(), separators=(",", ":"))
    found = on_device({"documents": {name: data.hex() for name, data in encoded.items()}, "compact": compact,
                       "package": packed[SHOWN].hex(), "key": public.hex(),
                       "key_id": package.key_id(public).hex()})  # fmt: skip
    for name, data in encoded.items():
        told = f"{len(data):5} bytes, {len(packed[name]):5} as a package"
        print(f"{name:40} {told}, {found[f'document {name}'] / 1024:5.1f} KB of heap")
    print(f"{PEER:40} {len(compact):5} bytes, {found['compact'] / 1024:24.1f} KB of heap")
    for name, modules in CODE.items():
        size = sum((BUILT / "protocols" / f"{module}.mpy").stat().st_size for module in modules)
        print(f"{name:40} {size / 1024:5.1f} KB of .mpy")
    for name in sorted(name for name in found if name.startswith("heap ")):
        print(f"{name:40} {found[name] / 1024:5.1f} KB")
    print(f"{'verifying a package':40} {found['verify_us'] / 1000:5.1f} ms")
    mine = found[f"document {SHOWN}"]
    print(json.dumps({"bench": "profiles", "value": round(mine / 1024, 1), "unit": "KB of heap", "peer": PEER,
                      "ratio": round(found["compact"] / mine, 2)}))  # fmt: skip


if __name__ == "__main__":
    main()
