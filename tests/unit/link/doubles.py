"""A real broker, a station made of paho-mqtt and cbor2, and a terminal's link on the real interpreter."""

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.request import urlopen

import cbor2
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from protocols.uplink import envelope, messages, topics

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
BIN = Path(sys.executable).parent
KEY, APPROVER = bytes(range(32)), bytes(range(1, 33))
DEVICE, SHARD = "T0000001", "0a"
HEAP = "192K"

WAIT_S = 45.0  # nothing here takes so long; a busy machine may


def wait_for(condition, timeout_s=WAIT_S):
    """Return the first true value of `condition()`; fail after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("waited in vain for " + getattr(condition, "__name__", "it"))


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    """nats-server with MQTT and JetStream on one fixed port, so that a restart is the same broker."""

    def __init__(self, home: Path):
        self.port, self._monitor = free_port(), free_port()
        self._config = home / "nats.conf"
        self._log = home / "nats.log"
        self._config.write_text(
            f'host: 127.0.0.1\nport: {free_port()}\nserver_name: t\njetstream {{ store_dir: "{home}/js" }}\n'
            f"http: 127.0.0.1:{self._monitor}\n"
            f"mqtt {{ host: 127.0.0.1, port: {self.port} }}\n"
        )
        self._process = None

    def start(self):
        self._process = subprocess.Popen([BIN / "nats-server", "-c", self._config, "-l", self._log])
        wait_for(self._listening, 10)

    def _listening(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def connected(self, device):
        """Whether the broker holds a link to this client; it takes a moment to notice the end of one."""
        with urlopen(f"http://127.0.0.1:{self._monitor}/connz?mqtt_client={device}") as reply:
            return json.load(reply)["num_connections"] > 0

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Station:
    """The other side, with cbor2 and paho: stores what comes, welcomes and marks; each duty can be off."""

    def __init__(self, port):
        self.records = {}  # (stream, seq) -> record
        self.order = []  # (stream, seq) as they arrived, doubles too
        self.batches, self.hellos, self.nows = [], [], []
        self.welcoming = self.marking = True
        self.step_ms = 0  # added to the time in the welcome
        self.closed = {}  # stream -> all up to here is stored, or explained by a gap
        self._epoch = b""
        self._gaps = {}
        self._lock = threading.Lock()
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, "station", clean_session=False, protocol=paho.MQTTv311
        )
        self.client.reconnect_delay_set(1, 1)
        self.client.on_message = self._on_message
        self.client.on_connect = self._on_connect
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        wait_for(self.client.is_connected)

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()

    def down(self, leaf, fields, schema, key=KEY, second=None):
        body = messages.pack(schema, fields)
        self.raw(leaf, envelope.seal(key, leaf, DEVICE, body, second))

    def raw(self, leaf, data):
        self.client.publish(topics.down(SHARD, DEVICE, leaf), data, 1)

    def command(self, number, kind=messages.AUTO_RELEASE, params=None, key=KEY, **changes):
        now = int(time.time()) + self.step_ms // 1000
        fields = {"device": DEVICE, "command": number, "not_before_s": now - 5, "deadline_s": now + 60}
        fields |= {"kind": kind, "params": params or {}}
        self.down(topics.CMD, fields | changes, messages.COMMAND, key)

    def results(self, number):
        bodies = [r[3] for r in self.records.values() if r[0] == messages.RESULT and r[3][1] == number]
        return [(body[2], body[3]) for body in bodies]

    def events(self):
        """The number each event was added with, in the order of their sequence."""
        rows = sorted((seq, r) for (stream, seq), r in self.records.items() if stream == topics.EV)
        return [r[3][2][2] for _seq, r in rows if r[0] == messages.EVENT]

    def _on_connect(self, client, *_):
        client.subscribe(topics.all_up(), 1)

    def _on_message(self, _client, _data, message):
        leaf = message.topic.split("/")[5]
        body = cbor2.loads(message.payload)
        with self._lock:
            if leaf == topics.HELLO:
                self._hello(body)
            elif leaf == topics.NOW:
                self.nows.append(body)
            else:
                self._batch(leaf, body)

    def _hello(self, body):
        self.hellos.append(body)
        self._epoch = body[2]
        if self.welcoming:
            self.welcome()

    def welcome(self):
        """Answer the last hello."""
        body = self.hellos[-1]
        marks = {no: self.closed.get(stream, 0) for no, stream in topics.STREAMS.items()}
        fields = {"nonce": body[4], "t_ms": int(time.time() * 1000) + self.step_ms, "epoch": body[2]}
        self.down(topics.WELCOME, fields | {"marks": marks}, messages.WELCOME)

    def _batch(self, stream, body):
        self.batches.append((time.monotonic(), stream, body))
        for seq, record in enumerate(body[4], body[2]):
            self.order.append((stream, seq))
            self.records[stream, seq] = record
            if record[0] == messages.GAP:
                first, last = record[3][1], record[3][2]
                self._gaps.setdefault(stream, set()).update(range(first, last + 1))
        if self.marking:
            known = self._gaps.get(stream, set())
            at = max(self.closed.get(stream, 0), body[3] - 1)
            while (stream, at + 1) in self.records or at + 1 in known:
                at += 1
            self.closed[stream] = at
            fields = {"epoch": self._epoch, "marks": {topics.STREAM_NO[stream]: at}}
            self.down(topics.MARK, fields, messages.MARK)


class Terminal:
    """terminal_link.py on MicroPython; obeys JSON lines, tells JSON lines."""

    def __init__(self, image, home, port, **config):
        home.mkdir(exist_ok=True)
        self.config = {"home": str(home), "port": port, "device": DEVICE, "shard": SHARD} | config
        self.config |= {"operator": KEY.hex(), "approver": APPROVER.hex()}
        self._image = image
        self._process = None
        self.told = queue.Queue()

    def start(self):
        self._process = subprocess.Popen(
            [BIN / "micropython", "-X", f"heapsize={HEAP}", "-c", "import terminal_link"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "MICROPYPATH": f"{self._image}:.frozen", "LINK": json.dumps(self.config)},
            text=True,
            bufsize=1,
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process.stdout,))
        self._listener.start()
        return self

    def _listen(self, out):
        for line in out:
            self.told.put(json.loads(line) if line.startswith("{") else {"text": line.rstrip()})

    def say(self, **words):
        assert self._process is not None
        self._process.stdin.write(json.dumps(words) + "\n")

    def add(self, stream, n=1):
        self.say(do="add", stream=stream, n=n)

    def hear(self, what, timeout_s=WAIT_S):
        """The next line told that has the key `what`."""
        end = time.monotonic() + timeout_s
        while True:
            line = self.told.get(timeout=max(0.01, end - time.monotonic()))
            assert "text" not in line, line
            if what in line:
                return line[what]

    def report(self):
        self.say(do="report")
        return self.hear("report")

    def until(self, condition, timeout_s=WAIT_S):
        """Ask for reports until `condition(report)`; return the report."""
        return wait_for(lambda: (r := self.report()) and condition(r) and r, timeout_s)

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._listener.join()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None
