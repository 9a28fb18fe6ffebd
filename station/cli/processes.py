"""`loadkeeper up` and its parts, each of which may also run alone."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import click

from station.cli.shell import Whole, broker_option, home_option, opened
from station.settings import HOME_ENV, LOOPBACK, MQTT_PORT

UNFIT = 3  # exit status: the broker must not be used
WEB_PORT = 8000
WEB_THREADS = 64  # an open event stream holds one
ALARMS_S, NOTICES_S, IMPORTS_S, DOCUMENTS_S = 5, 10, 5, 30
COLLECTION_S, SUPPLEMENT_S, WEBHOOKS_S, PARAMETERS_S, MARKETING_S = 600, 20, 5, 300, 300
ARCHIVES_AT_MIN = 4 * 60  # of the local day: after the backup
_PORT = Whole(0, 65_535)


def _log() -> None:
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)sZ %(levelname)s %(message)s", force=True
    )


def _until_signal(stop: Callable[[], None]) -> None:
    def handle(_signal: int, _frame: FrameType | None) -> None:
        stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


@click.command()
@click.option(
    "--port", type=_PORT, default=WEB_PORT, show_default=True, help="Of the web pages; 0 = any free one"
)
@click.option("--host", default=LOOPBACK, show_default=True, help="Address the web pages listen on")
@click.option(
    "--mqtt-port",
    type=_PORT,
    default=MQTT_PORT,
    show_default=True,
    help="Of the embedded broker; 0 = any free one",
)
@click.option(
    "--mqtt-host", default=LOOPBACK, show_default=True, help="Address the embedded broker listens on"
)
@click.option("--sync-always", is_flag=True, help="Broker: fsync before each acknowledgement")
@broker_option
@home_option
def up(
    home: Path | None,
    broker: str | None,
    port: int,
    host: str,
    mqtt_port: int,
    mqtt_host: str,
    sync_always: bool,
) -> None:
    """Run the station: broker, ingest, dispatcher, jobs and web. Ctrl-C ends all of it."""
    from station.access import openid
    from station.up import Station, UpError

    _log()
    settings = opened(home)
    _found, trouble = openid.provider(settings)
    if trouble:  # the station runs on with the password road: devices depend on it
        click.echo(trouble, err=True)
    station = Station(settings, broker_url=broker, sync_always=sync_always)
    _until_signal(station.stop)
    try:
        station.run(web=(host, port), mqtt=(mqtt_host, mqtt_port))
    except UpError as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.option(
    "--shard", "shards", multiple=True, help="Two hex digits; several times for several [default: all]"
)
@broker_option
@home_option
def ingest(home: Path | None, broker: str | None, shards: tuple[str, ...]) -> None:
    """Take what the devices send, store it, acknowledge it."""
    from protocols.uplink.topics import valid_shard
    from station.ingest.handler import Handler
    from station.ingest.loop import Loop
    from station.ingest.selftest import BrokerUnfit, self_test
    from station.store import db

    if not all(valid_shard(shard) for shard in shards):
        raise click.BadParameter("a shard is two of 0-9 a-f")
    _log()
    settings = opened(home)
    address = settings.broker(broker)
    loop = Loop(address, Handler(settings, db.engine(settings.home)), shards or ("+",))
    _until_signal(loop.stop)
    try:
        self_test(address)
    except OSError as error:  # not there yet: the loop waits for it
        logging.getLogger(__name__).warning("selftest_skipped error=%s", error)
    except BrokerUnfit as error:
        logging.getLogger(__name__).error("broker_unfit reason=%s", error)
        sys.exit(UNFIT)
    loop.run()


@click.command()
@broker_option
@home_option
def dispatch(home: Path | None, broker: str | None) -> None:
    """Send queued commands and keep their state true."""
    from station.approvals import life as approvals
    from station.area import life as areas
    from station.collection import patrols
    from station.commands.dispatcher import Dispatcher
    from station.profiles import life
    from station.store import db

    _log()
    settings = opened(home)
    rooms = [life.work, areas.work, approvals.work, patrols.work]
    dispatcher = Dispatcher(settings, db.engine(settings.home), settings.broker(broker), rooms)
    _until_signal(dispatcher.stop)
    dispatcher.run()


@click.command()
@home_option
def jobs(home: Path | None) -> None:
    """Run the periodic work, each job at its time."""
    from station.alarms import life as alarms
    from station.archives import checks
    from station.backup import nightly
    from station.collection import periodic, supplement
    from station.documents import life as documents
    from station.documents.files import Files
    from station.imports import life as imports
    from station.jobs import life, own
    from station.jobs.due import DAY_S, Job
    from station.marketing import spool
    from station.notify import outbox
    from station.query import look
    from station.store import db
    from station.web.notify import said_in
    from station.webhooks import deliver

    _log()
    settings = opened(home)
    files = Files(settings.home)

    def offset_s() -> int:
        return time.localtime().tm_gmtoff

    def today(t_s: int) -> int:
        return (t_s + offset_s()) // DAY_S

    work = (
        *own.JOBS,
        Job("archives", checks.work, at_min=ARCHIVES_AT_MIN),
        Job("backup", lambda engine, t_s: nightly.work(settings.home, engine, t_s), at_min=nightly.AT_MIN),
        Job("collection", lambda engine, t_s: periodic.work(engine, t_s, offset_s()), every_s=COLLECTION_S),
        Job("supplement", supplement.sweep, every_s=SUPPLEMENT_S),
        Job("imports", imports.work, every_s=IMPORTS_S),
        Job(
            "marketing",
            lambda engine, t_s: spool.work(engine, settings.home, t_s, today(t_s)),
            every_s=MARKETING_S,
        ),
        Job("documents", lambda engine, t_s: documents.work(engine, files, t_s), every_s=DOCUMENTS_S),
        Job("alarms", alarms.job, every_s=ALARMS_S),
        Job("parameters", look.work, every_s=PARAMETERS_S),
        Job("webhooks", lambda engine, t_s: deliver.work(engine, settings, t_s), every_s=WEBHOOKS_S),
        Job("notices", lambda engine, t_s: outbox.work(engine, settings, t_s, said_in), every_s=NOTICES_S),
    )
    loop = life.Loop(db.engine(settings.home), work, offset_s)
    _until_signal(loop.stop)
    try:
        loop.run(settings.run)
    except life.Busy as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.option("--port", type=_PORT, default=WEB_PORT, show_default=True)
@click.option("--host", default=LOOPBACK, show_default=True)
@home_option
def web(home: Path | None, host: str, port: int) -> None:
    """Serve the web pages (gunicorn, one process, many threads)."""
    os.environ[HOME_ENV] = str(opened(home).home)
    options = {
        "worker-class": "gthread",
        "workers": "1",
        "threads": str(WEB_THREADS),
        "bind": f"{host}:{port}",
        "graceful-timeout": "2",
        "error-logfile": "-",
        "log-level": "warning",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    os.execv(
        sys.executable,
        [sys.executable, "-m", "gunicorn", *words, "--no-control-socket", "station.wsgi:create()"],
    )
