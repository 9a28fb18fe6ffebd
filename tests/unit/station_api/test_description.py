"""The API holds what its OpenAPI description says, whatever it is sent (schemathesis, OpenAPI 3.0.3)."""

import hypothesis
import hypothesis.strategies as st
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.unit.station_api.conftest import DEVICE, Door

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
WAYS = (
    "GET /units",
    "GET /devices",
    "GET /devices/{device}",
    "GET /devices/{device}/curve",
    "GET /devices/{device}/days",
    "GET /devices/{device}/meters",
    "GET /devices/{device}/events",
    "GET /devices/{device}/commands/{number}",
    "POST /devices/{device}/commands",
    "GET /events",
    "POST /proposals",
    "GET /proposals/{number}",
    "GET /alarms",
    "GET /alarms/{number}",
    "POST /alarms/{number}/acknowledge",
    "GET /collection/tasks",
    "POST /collection/tasks",
    "GET /collection/tasks/{number}",
    "POST /collection/tasks/{number}",
    "GET /collection/tasks/{number}/days",
    "GET /collection/tasks/{number}/missing",
    "POST /collection/tasks/{number}/supplement",
    "GET /work-orders",
    "POST /work-orders",
    "GET /work-orders/{number}",
    "GET /webhooks",
    "POST /webhooks",
    "POST /webhooks/{number}/stop",
    "PUT /marketing/{kind}/{number}",
    "POST /marketing/{kind}",
)


@pytest.mark.parametrize("way", WAYS)
def test_every_answer_is_as_described(door: Door, way: str) -> None:
    method, path = way.split()
    operation = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", door.app)[path][method]

    @hypothesis.given(operation.as_strategy(), st.booleans())
    @hypothesis.settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=SLOW)
    def ask(case: schemathesis.Case, known: bool) -> None:
        if known and "device" in case.path_parameters:
            case.path_parameters["device"] = DEVICE
        if known and "kind" in case.path_parameters:
            case.path_parameters["kind"] = "customer"
        case.call_and_validate(headers=door.headers() | {"Idempotency-Key": "k"}, checks=CHECKS)

    ask()


def test_every_way_is_described(door: Door) -> None:
    told = door.client.get("/api/v1/openapi.json").json["paths"]
    ways = {
        f"{method.upper()} {path}": operation
        for path, methods in told.items()
        for method, operation in methods.items()
        if method in ("get", "post", "put")
    }
    assert ways.keys() == set(WAYS)
    assert all(each["summary"] for each in ways.values())
