"""A clerk brings a file into the archives, and a photo over a line that is cut, in both languages."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from station.access.people import _hasher  # pyright: ignore[reportPrivateUsage]
from station.documents import life
from station.store import org, users
from tests.browser.site import SCREEN, Desk, Site
from tests.browser.test_approval_walk import PASSWORD, log_in

DEVICE = "DF-FOUNDRY-01"
WORDS = {
    "zh_CN": {"wrong": "请填写数值本身", "done": "已导入", "undone": "已撤销", "same": "已导入过"},
    "en": {"wrong": "put in the value itself", "done": "Done", "undone": "Undone", "same": "taken before"},
}
FILE = (
    f"终端编号,终端名称,倍率\n{DEVICE},东方铸造厂（新厂区）,80\nLJ-STEEL-06,龙江特钢二期,100\n"
    "CB-WATER-02,城北自来水厂,=1+1\nXC-COLD-05,新城冷链物流,80\nNOBODY-99,未建档,1\n"
)


def people(site: Site) -> None:
    with site.writing() as c:
        users.add(c, "li", _hasher.hash(PASSWORD), must_change=False, t_s=0)
        org.grant(c, "li", "clerk", 1, "test", from_s=0)


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"], page.url
    cut = "[...document.querySelectorAll('.card')].filter(c => c.scrollWidth > c.clientWidth + 1).length"
    assert page.evaluate(cut) == 0, page.url


def choose(page: Page, site: Site, path: Path) -> None:
    page.goto(site.url + "/imports")
    fits(page)
    page.select_option("#target", "devices")
    page.set_input_files("#file", path)
    with page.expect_navigation():
        page.click("main form[enctype] button.main")
    fits(page)


def press(page: Page, act: str) -> None:
    with page.expect_navigation():
        page.click(f'form[action$="/{act}"] button')
    fits(page)


@pytest.mark.parametrize("language", WORDS)
def test_a_file_goes_into_the_archives_and_back(
    language: str, site: Site, sit: Callable[..., Desk], tmp_path: Path
) -> None:
    people(site)
    words, path = WORDS[language], tmp_path / "终端档案.csv"
    path.write_bytes(FILE.encode("gb18030"))
    page = log_in(sit(language, "light" if language == "zh_CN" else "dark"), "li")
    choose(page, site, path)
    expect(page.locator("table.faults")).to_contain_text(words["wrong"])
    expect(page.locator("svg.split rect")).to_have_count(3)  # changed, the same, wrong
    page.click('a[href$="list=changed"]')
    expect(page.locator("table.dense")).to_contain_text("龙江特钢二期")
    press(page, "take")
    expect(page.locator("#p-import")).to_contain_text(words["done"])
    choose(page, site, path)
    expect(page.locator(".flash")).to_contain_text(words["same"])
    press(page, "undo")
    expect(page.locator("#p-import")).to_contain_text(words["undone"])


def picture(bytes_: int) -> bytes:
    """A PNG of two by two points, with so many bytes of remarks in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0\x30\x60\x90\x90\x60\x30" * 2)
    head = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"tEXt", b"Remark\0" + b"x" * bytes_), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize("language", WORDS)
def test_a_photo_comes_over_a_line_that_is_cut(
    language: str, site: Site, sit: Callable[..., Desk], tmp_path: Path
) -> None:
    people(site)
    path = tmp_path / "换表照片.png"
    path.write_bytes(picture(3 * life.PIECE_BYTES))
    page = log_in(sit(language, "light" if language == "zh_CN" else "dark"), "li")
    page.goto(site.url + f"/documents/new?subject=device&key={DEVICE}")
    fits(page)
    cuts = [True, True]

    def cut(route: Route) -> None:
        if "offset=1048576" in route.request.url and cuts:
            cuts.pop()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/pieces?offset=*", cut)
    page.set_input_files("#file", path)
    page.fill("#tags", "换表 轮换")
    page.click("main button.main")
    page.wait_for_url("**/documents/1")
    assert cuts == []
    fits(page)
    assert page.evaluate("document.querySelector('img.lookout').naturalWidth") == 2
    page.goto(site.url + "/documents?q=轮换")
    expect(page.locator("tbody tr")).to_have_count(1)
    fits(page)


def test_without_a_script_the_form_sends_the_file(
    site: Site, sit: Callable[..., Desk], tmp_path: Path
) -> None:
    people(site)
    path = tmp_path / "p.png"
    path.write_bytes(picture(10))
    desk = sit("en")
    desk.page.route("**/upload.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page = log_in(desk, "li")
    page.goto(site.url + f"/documents/new?subject=device&key={DEVICE}")
    page.set_input_files("#file", path)
    with page.expect_navigation():
        page.click("main button.main")
    expect(page.locator("h1")).to_have_text("p")
