"""The hub: bounded, coalescing, one publisher; and the stream over HTTP."""

import json
import threading
import time
from typing import Any

import pytest

from station.web import hub
from tests.browser.seed import put_now
from tests.unit.web.conftest import DEVICE, Station


def wait_for(condition: Any, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(condition())


def test_a_slow_stream_gets_the_newest_state_and_not_a_backlog() -> None:
    subscription = hub.Subscription(("t",))
    for n in range(1000):
        subscription.offer({"a": str(n), "b": "same"})
    assert subscription.take(0) == {"a": "999", "b": "same"}
    subscription.offer({"a": "999", "b": "same"})
    assert subscription.take(0) == {}


def test_streams_are_capped_and_a_place_is_given_back() -> None:
    here = hub.Hub(lambda: False, lambda _topic: {}, print, cap=2)
    first, second = here.subscribe(("a",)), here.subscribe(("b",))
    assert first
    assert second
    assert here.subscribe(("c",)) is None
    here.leave(first)
    third = here.subscribe(("c",))
    assert third
    here.leave(second)
    here.leave(third)


def test_one_publisher_renders_a_topic_once_for_all_and_stops_when_nobody_listens() -> None:
    rendered: list[Any] = []
    before = set(threading.enumerate())
    here = hub.Hub(
        lambda: False, lambda topic: rendered.append(topic) or {"x": str(len(rendered))}, print, cap=9
    )
    subscriptions = [here.subscribe(("same",)) for _ in range(3)]
    assert all(s is not None and s.take(5) for s in subscriptions)
    assert set(rendered) == {("same",)}
    assert len(rendered) <= 3
    assert [t.name for t in threading.enumerate() if t not in before] == ["publisher"]
    for subscription in subscriptions:
        assert subscription
        here.leave(subscription)
    assert wait_for(lambda: here._thread is None)


def test_a_failing_publisher_is_counted_and_goes_on() -> None:
    state = {"bad": True}
    lines: list[str] = []

    def snapshot(_topic: Any) -> dict[str, str]:
        if state.pop("bad", False):
            raise ValueError("once")
        return {"x": "1"}

    here = hub.Hub(lambda: True, snapshot, lines.append, cap=1)
    subscription = here.subscribe(("t",))
    assert subscription
    assert subscription.take(5) == {"x": "1"}
    assert here.errors == 1
    assert "once" in lines[0]
    here.leave(subscription)


def test_a_failing_page_holds_up_no_other_and_is_logged_once() -> None:
    lines: list[str] = []
    passes: list[int] = []

    def snapshot(topic: Any) -> dict[str, str]:
        if topic == ("bad",):
            raise OverflowError("too large")
        passes.append(1)
        return {"x": str(len(passes))}

    here = hub.Hub(lambda: True, snapshot, lines.append, cap=9)
    topics = [("a",), ("bad",), *((f"t{n}",) for n in range(5))]  # a set: any of them may come first
    subscriptions = {topic: here.subscribe(topic) for topic in topics}
    for topic, subscription in subscriptions.items():
        assert subscription
        assert bool(subscription.take(2)) == (topic != ("bad",)), topic
    assert wait_for(lambda: here.errors >= 2)
    assert len(lines) == 1
    assert "bad" in lines[0]
    for subscription in subscriptions.values():
        assert subscription
        here.leave(subscription)


def test_a_heavy_page_rests_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "REST", 10**9)
    rendered: list[Any] = []
    here = hub.Hub(
        lambda: True, lambda topic: rendered.append(topic) or {"x": str(len(rendered))}, print, cap=9
    )
    heavy = here.subscribe(("heavy",))
    assert heavy
    assert heavy.take(5)
    monkeypatch.setattr(hub, "REST", 0)
    light = here.subscribe(("light",))
    assert light
    assert all(light.take(5) for _ in range(3))  # each is another rendering
    assert rendered.count(("heavy",)) == 1
    late = here.subscribe(("heavy",))
    assert late
    assert late.take(5)  # who comes new is served at once
    for subscription in (heavy, light, late):
        here.leave(subscription)


def test_what_changed_while_a_page_rested_still_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "REST", 1)
    news = iter((True,))
    state = {"x": "old"}

    def snapshot(_topic: Any) -> dict[str, str]:
        time.sleep(0.4)
        return dict(state)

    here = hub.Hub(lambda: next(news, False), snapshot, print, cap=1)
    subscription = here.subscribe(("t",))
    assert subscription
    assert subscription.take(5) == {"x": "old"}
    state["x"] = "new"
    news = iter((True,))
    assert subscription.take(4) == {"x": "new"}  # below hub.REFRESH_S: it did not wait for that
    here.leave(subscription)


def test_a_stream_beats_only_when_its_page_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "KEEPALIVE_S", 0.01)
    here = hub.Hub(lambda: False, lambda _t: {}, print, cap=1)
    subscription = hub.Subscription(("t",))
    parts = hub.stream(here, subscription, lambda: True, json.dumps)
    next(parts)
    assert next(parts) == ": keepalive\n\n"
    subscription.offer({"x": "1"})
    assert next(parts).startswith("event: panels")
    subscription.offer({"x": "1"})
    assert next(parts).startswith("event: beat")
    assert next(parts) == ": keepalive\n\n"


def test_a_stream_ends_with_its_session_and_gives_its_place_back() -> None:
    here = hub.Hub(lambda: False, lambda _t: {"x": "1"}, print, cap=1)
    subscription = here.subscribe(("t",))
    assert subscription
    answers = iter([True, False])
    text = "".join(hub.stream(here, subscription, lambda: next(answers), json.dumps))
    assert "event: panels" in text
    assert text.endswith("event: bye\ndata: {}\n\n")
    assert here.streams == 0


def test_a_commit_reaches_the_page_as_html(station: Station) -> None:
    desk = station.desk("en")
    with desk.get(f"/live/device?device={DEVICE}") as reply:
        assert reply.mimetype == "text/event-stream"
        parts = (part.decode() for part in reply.iter_encoded())
        first = next(part for part in parts if part.startswith("event: panels"))
        assert "p-rounds" in json.loads(first.split("data: ")[1])
        with station.writing() as c:
            put_now(c, DEVICE, int(time.time()), power_w=333_300)
        later = json.loads(
            next(p for p in parts if p.startswith("event: panels") and "p-power" in p).split("data: ")[1]
        )
        assert "333.3" in later["p-power"]
        assert later["power"][-1][1] == 333_300


def test_without_a_free_stream_the_page_may_poll(make: Any) -> None:
    station: Station = make(STREAM_CAP=0)
    desk = station.desk("en")
    refused = desk.get(f"/live/device?device={DEVICE}")
    assert refused.status_code == 503
    assert refused.json["error"]["key"] == "streams_taken"
    panels = desk.get(f"/api/panels/device?device={DEVICE}").json["panels"]
    assert {"p-power", "p-rounds", "power", "curve"} <= set(panels)


def test_panels_do_not_change_only_because_they_grew_older(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = station.desk("en")
    first = desk.get(f"/api/panels/device?device={DEVICE}").json["panels"]
    begin = time.time()
    monkeypatch.setattr("station.web.helpers.time.time", lambda: begin + 5)
    assert desk.get(f"/api/panels/device?device={DEVICE}").json["panels"]["p-meter"] == first["p-meter"]


@pytest.mark.parametrize("path", ["/live/nonsense", "/live/device"])
def test_streams_need_a_login(station: Station, path: str) -> None:
    assert station.client().get(path).status_code == 401
