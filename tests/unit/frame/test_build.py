"""The build of the device tree: what it refuses, what it leaves alone, what a second build beside it sees."""

import threading
from pathlib import Path

import pytest

from tools import build


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in {
        "protocols/cbor.py": "def one():\n    return 1\n",
        "firmware/terminal.py": "from protocols import cbor\n\nprint('booted', cbor.one())\n",
        "boards/unix/main.py": "import firmware.terminal\n",
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
    "bad", ["match a:\n    case 1: pass\n", "def f(a, /): pass\n", "b = {**a}\n", "def f(:\n"]
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
    (tree / "firmware/terminal.py").write_text("print('changed')\n")
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
    file, total = build.FILE_CEILING, build.TERMINAL_CEILING
    at = {"x64": {Path("protocols/a.py"): file}}
    over = {"x64": {Path("protocols/a.py"): file + 1}}
    assert build.over_ceiling(at) == []
    assert "protocols/a.py: 8193 bytes for x64" in build.over_ceiling(over)[0]
    many = {"x64": {Path(f"firmware/{n}.py"): file for n in range(total // file + 1)}}
    assert "a terminal for x64" in build.over_ceiling(many)[0]
    boards = {"x64": {Path(f"boards/{n}/main.py"): file for n in range(total // file + 1)}}
    assert build.over_ceiling(boards) == []


def test_what_no_device_loads_has_no_ceiling():
    for name in ("protocols/meters/points.py", "protocols/gdw376/frames.py"):
        assert build.over_ceiling({"x64": {Path(name): build.TERMINAL_CEILING + 1}}) == []
    one_device_loads = {"x64": {Path("firmware/concentrator.py"): build.FILE_CEILING + 1}}
    assert "firmware/concentrator.py" in build.over_ceiling(one_device_loads)[0]


def test_size_table_adds_up(tree):
    sizes, _ = build.build(tree, tree / "build", ("x64", "armv6m"))
    rows = {line.split()[0]: line.split()[1:] for line in build.size_table(sizes).splitlines()}
    assert rows["all"] == [str(sum(sizes[t].values())) for t in ("x64", "armv6m")]
    assert rows["protocols"] == [str(sizes[t][Path("protocols/cbor.py")]) for t in ("x64", "armv6m")]


def test_image_boots_with_the_modules_of_the_tree(tree, run_micropython, tmp_path):
    build.build(tree, tree / "build", ("unix",))
    image = tmp_path / "unix.romfs"
    image.write_bytes(build.rom_image(tree / "build/unix"))
    starter = tmp_path / "start.py"
    starter.write_text(
        f"import sys, vfs\nvfs.mount(vfs.VfsRom(open({str(image)!r}, 'rb').read()), '/rom')\n"
        "sys.path[:] = ['/rom', '.frozen']\nimport boards.unix.main\n"
    )
    done = run_micropython(starter, heap="64K")
    assert done.stdout.strip() == "booted 1", done.stderr
