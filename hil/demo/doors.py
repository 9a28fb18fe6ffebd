"""Where a person can look and type: web pages, display, service console, shell."""

import sys
from pathlib import Path

from hil.demo import district, factory
from hil.demo.story import AUTHOR
from station import access
from station.store import users

ADMIN = "admin"
LINE = "=" * 64
TEXT = """{line}
  Loadkeeper 负荷管家  {url}
  {login}
  1  {factory}  {url}/terminals/{terminal}
     显示屏 display of the terminal: {display} (每 2 秒更新 a new picture every 2 s)
     服务口 its service console, after Enter `help`; Ctrl-] leaves it:
       {python} -m serial.tools.miniterm --raw {console} 9600
  2  {area}  {url}/areas/{concentrator}
     台区 60 户：档案、日冻结完整率、预付费余额；一户很快欠费跳闸，一块表不应答，一块表不在档案中
     a transformer area of 60: its archive, freezes by day and meter, balances; one household is soon
     cut off, one meter is dead, one stands in no archive. Open a meter, sell to it, see it let go
     命令行 by the shell: {loadkeeper} area on {concentrator} --home {home}
{line}"""


def show(story, station, plant):
    password = station.one_time_password()
    if password is None and story.ask(users.get, ADMIN)["must_change"]:  # nobody used the first one yet
        password = story.write(access.reset, ADMIN, AUTHOR)
    word = f"一次性口令 one-time password {password}" if password else "自设口令 your own password"
    text = TEXT.format(
        line=LINE,
        url=station.url,
        login=f"登录 login {ADMIN}, {word}",
        factory=factory.NAME,
        terminal=factory.DEVICE,
        display=_near(plant.display),
        python=_near(sys.executable),
        console=plant.console,
        area=district.NAME,
        concentrator=district.DEVICE,
        loadkeeper=_near(Path(sys.executable).with_name("loadkeeper")),
        home=_near(station.home),
    )
    print(text, flush=True)


def _near(path):
    """As one would type it here."""
    path = Path(path)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
