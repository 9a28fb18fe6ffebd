"""The build of the device tree: what it refuses, what it leaves alone, what a second build beside it sees."""

# the programs stand here as texts
# ruff: noqa: E501

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tools import build


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in {
        "protocols/cbor.py": "def one():\n    return 1\n",
        "firmware/terminal.py": "from protocols import cbor\n\ndef start():\n    print('booted', cbor.one())\n",
        "boards/unix/main.py": "from firmware import terminal\n\nterminal.start()\n",
        "boards/unix/board.json": '{"name": "unix"}',
        "station/app.py": "match 1:\n    case 1: pass\n",  # not the device's
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_all_targets_get_every_field_file(tree):
    sizes, errors = build.build(tree, tree / "build", build.FIELD)
    assert errors == []
    for target in build.FIELD:
        assert {p.as_posix() for p in sizes[target]} == {
            "boards/unix/main.py",
            "firmware/terminal.py",
            "protocols/cbor.py",
        }
        assert (tree / "build" / target / "protocols/cbor.mpy").stat().st_size == sizes[target][
            Path("protocols/cbor.py")
        ]


def test_tree_boots_without_its_sources(tree, run_micropython, tmp_path):
    build.build(tree, tree / "build", ("unix",))
    out = tree / "build/unix"
    assert (out / "boards/unix/board.json").read_text() == '{"name": "unix"}'
    starter = tmp_path / "start.py"
    starter.write_text("import boards.unix.main")
    done = run_micropython(starter, path=(out,), cwd=out, heap="64K")
    assert done.stdout.strip() == "booted 1", done.stderr


@pytest.mark.parametrize(
    "bad", ["match a:\n    case 1: pass\n", "def f(a, /): pass\nf(1)\n", "print({**{}})\n", "def f(:\n"]
)
def test_what_the_device_cannot_compile_fails_by_name(tree, bad):
    (tree / "firmware/terminal.py").write_text(bad)
    _, errors = build.build(tree, tree / "build", ("armv6m",))
    assert len(errors) == 1
    assert errors[0].startswith("firmware/terminal.py does not compile for armv6m")
    assert "SyntaxError" in errors[0]
    assert not (tree / "build/armv6m/firmware/terminal.mpy").exists()


def test_unchanged_file_is_not_compiled_again_and_a_changed_one_is(tree):
    build.build(tree, tree / "build", ("unix",))
    same, other = (tree / "build/unix" / n for n in ("protocols/cbor.mpy", "firmware/terminal.mpy"))
    before = same.stat().st_ino, other.stat().st_ino
    (tree / "firmware/terminal.py").write_text(
        "from protocols import cbor\n\ndef start():\n    print('changed', cbor.one())\n"
    )
    build.build(tree, tree / "build", ("unix",))
    assert same.stat().st_ino == before[0]
    assert other.stat().st_ino != before[1]


def test_module_without_a_source_is_taken_away(tree):
    build.build(tree, tree / "build", ("unix",))
    (tree / "protocols/cbor.py").unlink()
    build.build(tree, tree / "build", ("unix",))
    assert not (tree / "build/unix/protocols/cbor.mpy").exists()


def test_two_builds_at_once_leave_whole_files(tree):
    results: list[list[str]] = []
    builders = [
        threading.Thread(target=lambda: results.append(build.build(tree, tree / "build", ("unix",))[1]))
        for _ in range(4)
    ]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert results == [[], [], [], []]
    assert not list((tree / "build/unix").rglob(".new-*"))
    assert (tree / "build/unix/firmware/terminal.mpy").read_bytes()[:1] == b"M"  # the mark of an .mpy file


def test_ceilings_are_kept_by_name():
    most, counted = build.FILE_CEILING, [Path("protocols/a.py")]
    assert build.over_ceiling({"x64": {Path("protocols/a.py"): most}}, counted) == []
    over = {"x64": {Path("protocols/a.py"): most + 1}, "armv6m": {Path("protocols/a.py"): most}}
    named = [f"protocols/a.py: {most + 1} bytes for x64, ceiling {most}"]
    assert build.over_ceiling(over, counted) == named
    assert build.over_ceiling(over, []) == []  # what no device loads


@pytest.mark.parametrize("product", build.PRODUCTS.values(), ids=str)
def test_an_image_has_ceilings_for_what_stays_and_for_what_visits(product):
    image = build.Image(sizes={"resident": product.resident, "seldom": 9}, overlays={"seldom": 9})
    assert build.over_image_ceiling(image, product) == []
    image.sizes["main"] = 1
    image.overlays["seldom"] = product.overlay + 1
    image.data = bytes(product.image + 1)
    named = [error.split(": ")[1] for error in build.over_image_ceiling(image, product)]
    assert named == ["what is always held", "seldom", "the image"]


def test_a_product_loads_what_its_main_reaches(repo_root):
    """The station's tables and a meter's side of the line are in no device, other makers' frames neither."""
    terminal, concentrator = (
        {path.as_posix() for path in build.loaded(repo_root, product)} for product in build.PRODUCTS.values()
    )
    for name in ("meters/points.py", "gdw376/__init__.py", "meters/statistics.py", "lines/dlt645_meter.py"):
        assert f"protocols/{name}" not in terminal | concentrator
    assert "firmware/terminal.py" in terminal - concentrator
    assert {"firmware/concentrator.py", "protocols/uplink/area.py"} <= concentrator - terminal
    assert not [name for name in terminal if name.startswith(("firmware/area/", "firmware/collect/"))]
    assert "firmware/hal/fake.py" not in terminal | concentrator


def test_size_table_adds_up(tree):
    sizes, _ = build.build(tree, tree / "build", ("x64", "armv6m"))
    rows = {line.split()[0]: line.split()[1:] for line in build.size_table(sizes).splitlines()}
    assert rows["all"] == [str(sum(sizes[t].values())) for t in ("x64", "armv6m")]
    assert rows["protocols"] == [str(sizes[t][Path("protocols/cbor.py")]) for t in ("x64", "armv6m")]


def booted(image: build.Image, run_micropython, tmp_path):
    assert image.errors == []
    file = tmp_path / "unix.romfs"
    file.write_bytes(image.data)
    starter = tmp_path / "start.py"
    starter.write_text(
        f"import sys, vfs\nvfs.mount(vfs.VfsRom(open({str(file)!r}, 'rb').read()), '/rom')\n"
        "sys.path[:] = ['/rom', '.frozen']\nimport boards.unix.main\nprint(len(sys.modules))\n"
        "for name in ('protocols.cbor', 'firmware.terminal'):\n"
        "    try:\n        __import__(name)\n    except ImportError:\n        print('no', name)\n"
    )
    done = run_micropython(starter, heap="64K")
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


def test_image_boots_in_one_module_of_what_always_stays(tree, run_micropython, tmp_path):
    image = build.rom_image(tree, tree / "build", "unix")
    said = booted(image, run_micropython, tmp_path)
    assert said[0] == "booted 1"
    assert set(image.sizes) >= {"resident", "boards.unix.main"}
    assert said[2:4] == ["no protocols.cbor", "no firmware.terminal"]


def test_what_visits_is_a_module_of_its_own_and_its_data_lies_in_the_root(tree, run_micropython, tmp_path):
    (tree / "firmware/seldom.py").write_text(
        "from protocols import cbor\n\ndef work():\n    return cbor.one() + len(open('/rom/font.bin', 'rb').read())\n"
    )
    (tree / "firmware/front").mkdir()
    (tree / "firmware/front/font.bin").write_bytes(b"123")
    (tree / "firmware/terminal.py").write_text(
        "def run():\n    from firmware import seldom\n    return seldom.work()\n\nprint('booted', run())\n"
    )
    (tree / "boards/unix/main.py").write_text("import firmware.terminal as t\nt.run\n")
    assert "import firmware.terminal" in build.rom_image(tree, tree / "build", "unix").errors[0]
    (tree / "boards/unix/main.py").write_text("from firmware import terminal\n\nprint(terminal.run())\n")
    image = build.rom_image(tree, tree / "build", "unix")
    assert set(image.overlays) == {"firmware_seldom", "protocols_cbor"}
    assert image.overlays["firmware_seldom"] == image.sizes["firmware_seldom"] + image.sizes["protocols_cbor"]
    assert booted(image, run_micropython, tmp_path)[0] == "booted 4"


def test_what_cannot_be_followed_is_an_error_and_no_image(tree):
    (tree / "firmware/terminal.py").write_text(
        "from protocols import cbor\n\ndef start():\n    print([cbor])\n"
    )
    image = build.rom_image(tree, tree / "build", "unix")
    assert "used as a value" in image.errors[0]
    assert not (tree / "build/unix.romfs").exists()


# a class body, and whether it reads a name of the module that it binds itself later
BODIES = [
    ("X = X", True),
    ("Y = X\n    X = 2", True),
    ("X = [y for y in X]", True),
    ("X += [2]", True),
    ("def X(self, y=X): return y", True),
    ("Y = X", False),
    ("X = 2\n    Y = X", False),
    ("def X(self): return 1\n    X = property(X)", False),
    ("X = lambda: X", False),
]


@pytest.mark.parametrize(("body", "borrows"), BODIES)
def test_a_class_that_takes_a_name_of_its_module_for_its_own_is_refused(tree, body, borrows):
    (tree / "firmware/terminal.py").write_text(
        f"X = [1]\n\nclass A:\n    {body}\n\ndef start():\n    return A, X\n"
    )
    told = ["firmware.terminal:4: X is not yet the class's own here"] if borrows else []
    assert build.build(tree, tree / "build", ("unix",))[1] == told
    assert build.rom_image(tree, tree / "build", "unix").errors == told


IMAGE = """
import hashlib, sys
from pathlib import Path
from tools import build
image = build.rom_image(build.ROOT, Path(sys.argv[1]), "unix")
print(image.errors, image.resident, hashlib.sha256(image.data).hexdigest())
"""


def test_the_image_is_the_same_whatever_order_sets_have(repo_root, tmp_path):
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", IMAGE, str(tmp_path / seed)],
            cwd=repo_root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    said = [run.communicate()[0] for run in runs]
    assert said[0] == said[1]
    assert said[0].startswith("[] ")
