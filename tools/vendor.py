"""Fetch the pinned npm packages whose files the pages carry. Run by the maintainer, never by setup.

    python tools/vendor.py            fetch, check against the pinned SHA-256, write into static/vendor
    python tools/vendor.py --check    only compare the committed files with VENDOR.json (no network)

Files and their licences are committed: installing needs no node, the pages load nothing from outside.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "station" / "web" / "static" / "vendor"
RECORD = VENDOR / "VENDOR.json"

# package, version, licence, SHA-256 of the npm tarball, {path in it: name under static/vendor/<package>/}
PACKAGES = (
    (
        "echarts",
        "6.1.0",
        "Apache-2.0",
        "681aff88cc1038c3fa941a3a53d1b177a52250b05335efc607d6105ae13be481",
        {
            "dist/echarts.common.min.js": "echarts.common.min.js",
            "LICENSE": "LICENSE",
            "NOTICE": "NOTICE",
            "licenses/LICENSE-d3": "LICENSE-d3",
        },
    ),
)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fetch(package: str, version: str, want: str, folder: Path) -> tarfile.TarFile:
    """Download by `npm pack` and refuse a tarball that is not the pinned one."""
    subprocess.run(
        ["npm", "pack", f"{package}@{version}", "--silent"], cwd=folder, check=True, capture_output=True
    )
    path = next(folder.glob("*.tgz"))
    got = sha256(path.read_bytes())
    if got != want:
        raise SystemExit(f"{package} {version}: tarball SHA-256 is {got}, pinned is {want}")
    return tarfile.open(path)


def install(package: str, version: str, licence: str, want: str, files: dict) -> dict:
    with tempfile.TemporaryDirectory() as folder, fetch(package, version, want, Path(folder)) as tar:
        sums = {}
        for source, name in files.items():
            member = tar.extractfile(f"package/{source}")
            if member is None:
                raise SystemExit(f"{package} {version}: {source} is not in the tarball")
            data = member.read()
            target = VENDOR / package / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            sums[name] = sha256(data)
    return {"package": package, "version": version, "licence": licence, "tarball_sha256": want, "files": sums}


def check() -> list[str]:
    """Return what differs between the committed files and the record; empty when all is as fetched."""
    faults = []
    for row in json.loads(RECORD.read_text("utf-8")):
        for name, want in row["files"].items():
            path = VENDOR / row["package"] / name
            if not path.is_file() or sha256(path.read_bytes()) != want:
                faults.append(f"{row['package']}/{name}")
    return faults


def main(arguments: list[str]) -> None:
    if arguments == ["--check"]:
        faults = check()
        if faults:
            raise SystemExit("not as fetched: " + ", ".join(faults))
        return
    record = [install(*row) for row in PACKAGES]
    RECORD.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    for row in record:
        print(f"{row['package']} {row['version']} {row['licence']} {len(row['files'])} files")


if __name__ == "__main__":
    main(sys.argv[1:])
