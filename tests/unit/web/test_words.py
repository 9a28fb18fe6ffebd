"""Both languages say everything: sentences of the pages, names of the protocol, with equal placeholders."""

import ast
import inspect
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from protocols.lines import dlt645, dlt645_meter
from protocols.meters.points import QUALITIES
from protocols.uplink import area, codes, messages
from protocols.uplink.topics import DOWN, STREAM_NO, UP
from station.access import policy as account_rules
from station.access import roles, sessions, tickets, transfers
from station.alarms import acts
from station.alarms import kinds as alarm_kinds
from station.alarms import policy as alarm_policy
from station.approvals import flags, kinds, machine, policy
from station.approvals import units as unit_changes
from station.archives import checks as archive_checks
from station.archives import kinds as archive_kinds
from station.archives import sims as sim_rules
from station.area import load, preview, rows
from station.cli import processes
from station.collection import patrol_step, traces
from station.controls.preview import WARNINGS
from station.documents import types
from station.errors import KEYS
from station.fieldwork import checklist
from station.fieldwork import machine as work
from station.imports import compare
from station.imports import kinds as import_kinds
from station.imports import machine as import_machine
from station.ingest.wire import REASONS as REFUSED
from station.jobs import due, own
from station.marketing import files as marketing_files
from station.marketing import three
from station.notify import channels, outbox, words
from station.profiles import push
from station.query import items as query_items
from station.query import parameters as query_parameters
from station.query import slots as query_slots
from station.query import uses as query_uses
from station.stock import moves as stock_moves
from station.store import accounts, alarms, alarms_schema, collection_asks, org, patrols
from station.store import approvals as proposals
from station.store import cleanup as cleanups
from station.store import collection as tasks
from station.store import documents as document_store
from station.store import fieldwork as field_store
from station.store import imports as import_store
from station.store.commands import STATES
from station.store.devices import ALARMS
from station.store.events import OTHER_KINDS
from station.watch import judge, logs
from station.web import (
    account_policy,
    archive,
    area_panels,
    audit,
    collection,
    device_model,
    errors,
    fieldwork,
    filters,
    fleet,
    forms,
    help_desk,
    i18n,
    line_frames,
    marketing,
    sims,
    single_line,
    slots,
)
from station.web import logs as web_logs
from station.web import patrols as web_patrols
from station.webhooks.deliver import STREAMS

WEB = Path(i18n.__file__).parent
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
COMMANDS = [name for _kind, name in area.COMMAND_NAMES.items()]
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}|%%")

OTHERWISE = ("patrol_group", "resend_kind", "resend_meter")  # fields with another meaning in one command


def audited() -> list[str]:
    """What `audit.add` of any room is told as the action, where it stands there as text."""
    out: set[str] = set()
    for path in Path(i18n.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.add" and len(node.args) > 3:
                out |= {str(each.value) for each in _choices(node.args[2]) if isinstance(each, ast.Constant)}
    return sorted(out)


def periodic() -> list[str]:
    """Names of the jobs that `loadkeeper jobs` runs besides those of own.JOBS."""
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(processes))) if isinstance(node, ast.Call)]
    names = [node.args[0] for node in calls if ast.unparse(node.func) == "Job"]
    return [str(name.value) for name in names if isinstance(name, ast.Constant)]


def _choices(node: ast.expr) -> list[ast.expr]:
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]


SPACES = {
    "event": [name for _no, name in area.EVENTS.items()],
    "field": [name for _no, name in area.EVENT_FIELDS.items()],
    "reason": [name for _no, name in codes.REASONS.items()],
    "control": [name for _no, name in codes.CONTROLS.items()],
    "phase": [name for _no, name in codes.PHASES.items()],
    "acts": [name for _no, name in codes.PHASES.items()],
    "gap": [name for _no, name in codes.GAP_REASONS.items()],
    "kind": [name for kinds in OTHER_KINDS.values() for name in kinds.values()],
    "section": [name for _no, name in area.SECTIONS.items()],
    "stream": list(STREAM_NO),
    "quality": [
        *QUALITIES.values(),
        query_slots.MISSING,
        query_slots.NOT_DUE,
        query_slots.BEFORE,
    ],
    "query_kind": list(query_items.KINDS),
    "item_group": list(query_items.GROUPS),
    "use": list(query_uses.WORDS),
    "frame_outcome": list(line_frames.OUTCOMES),
    "parameter_state": list(query_parameters.STATES),
    "command": COMMANDS,
    "command_help": COMMANDS,
    "preview": [*COMMANDS, "trip_at_once"],
    "state": list(STATES),
    "state_help": list(STATES),
    "task_kind": list(collection.KINDS.values()),
    "task_point": list(tasks.POINT_TYPES),
    "policy": list(account_rules.NUMBERS),
    "policy_unit": sorted(set(account_policy.UNITS.values())),
    "session_end": list(sessions.ENDS),
    "session_over": [sessions.ELSEWHERE, sessions.TAKEN],
    "sim_help": list(sim_rules.RULES),
    "sim_state": list(sims.STATES),
    "leaf": [*UP, *DOWN],
    "trace_hours": [str(n) for n in traces.HOURS],
    "patrol_kind": list(patrols.KINDS),
    "patrol_state": list(patrols.DEVICE_STATES),
    "patrol_run": list(patrols.STATES),
    "patrol_list": list(web_patrols.LISTS),
    "patrol_within": [str(n) for n in web_patrols.WITHIN_MIN],
    "patrol_reason": list(patrol_step.OWN_REASONS),
    "point_state": list(patrols.POINT_STATES),
    "webhook_stream": list(STREAMS),
    "webhook_state": ["telling", "failing", "stopped"],
    "ask_state": list(collection_asks.STATES),
    "alarm": list(ALARMS),
    "warning": [*WARNINGS, *preview.WARNINGS],
    "queue": list(fleet.QUEUES),
    "round_state": [row[0] for row in device_model.ROUND_STATES.values()]
    + ["mismatch", "stale", "unreadable"],
    "meter_error": list(dlt645.ERRORS),
    "frame": [
        "unreadable",
        *(dlt645_meter.function_name(c | bits) for c in (0x11, 0x12, 0x14, 0x1C) for bits in (0, 0x80, 0xC0)),
    ],
    "error": list(KEYS),
    "push": [*push.STATES, "asking", "activating"],
    "push_why": [start.replace(" ", "_") for start in slots.WHY],
    "profile_op": ["0", "1", "2", "3"],
    "want": ["0", "1", "2"],
    "load": list(load.STATES),
    "duty": ["1", "2", "3", "4", "5"],
    "module": [name for _no, name in area.MODULES.items()],
    "outcome": [name for _no, name in area.OUTCOMES.items()],
    "meter_flag": list(rows.FLAGS),
    "no_reply": ["mute", "garbled", "expired", "interrupted"],  # of firmware/collect/forward.py
    "decoded": ["address", "control", "function", "di", "errors", "action", "fields", "records"],
    "column_help": list(rows.HEADS),
    "change": list(archive.TONES),
    "freeze": [str(messages.DAILY), str(messages.MONTHLY)],
    "param": [
        *(row.field for kind in forms.FORMS.values() for row in kind if row.field != "on"),
        *OTHERWISE,
    ],
    "meter_state": list(area_panels.STATES),
    "function": list(roles.FUNCTIONS),
    "function_help": list(roles.FUNCTIONS),
    "role": list(roles.ROLES),
    "account": list(accounts.STATES),
    "level": list(org.LEVELS),
    "filter_page": [each.split(".")[0] for each in filters.PAGES],
    "line_state": list(single_line.STATES),
    "transformer": ["special", "public"],
    "ticket_kind": list(tickets.KINDS),
    "ticket": list(tickets.STATES),
    "ticket_list": list(help_desk.LISTS),
    "transfer": list(transfers.STATES),
    "transfer_step": list(transfers.STEPS),
    "transfer_agree": list(transfers.STEPS),
    "todo": list(transfers.TODOS),
    "unit_state": ["open", "closed"],
    "cleanup": list(cleanups.STATES),
    "cleanup_state": ["open", "late", "closed"],
    "approval_flag": [*flags.FLAGS, *unit_changes.FLAGS],
    "approval_list": list(proposals.LISTS),
    "approval_none": list(proposals.LISTS),
    "proposal": list(machine.STATES),
    "proposal_kind": list(kinds.KINDS),
    "proposed_field": [
        *["device", "before", "load", "slot", "package"],
        *["number", "act", "hash", "file", "target", "records"],
    ],
    "operation": list(policy.OPERATIONS),
    "limit_unit": [row.unit for row in policy.OPERATIONS.values() if row.unit],
    "target_state": ["waiting", "done", "failed"],
    "job": [*(job.name for job in own.JOBS), *periodic()],
    "audit": audited(),
    "audit_question": audit.QUESTIONS,
    "import_target": list(import_kinds.TARGETS),
    "import_target_help": list(import_kinds.TARGETS),
    "import_act": list(import_machine.ACTS),
    "import_state": list(import_machine.STATES),
    "import_kind": list(compare.KINDS),
    "import_list": list(import_store.LISTS),
    "marketing_state": list(three.STATES),
    "marketing_show": list(marketing.SHOWS),
    "marketing_form": list(marketing_files.FORMS),
    "marketing_file": ["reading", "done", "refused"],
    "marketing_count": [*three.OUTCOMES, "ours", "wrong"],
    "import_form": ["utf-8", "gb18030", "xlsx"],
    "document_type": list(types.TYPES),
    "document_subject": list(document_store.SUBJECTS),
    "job_state": list(due.STATES),
    "job_todo": ["late", "failed"],
    "run_result": list(due.RESULTS),
    "stock_kind": list(stock_moves.KINDS),
    "stock_place": list(stock_moves.PLACES),
    "stock_move": list(stock_moves.MOVES),
    "work_kind": list(work.KINDS),
    "work_list": list(field_store.LISTS),
    "work_state": list(work.STATES),
    "work_move": [*work.MOVES, "draft", "tick"],
    "work_do": list(work.MOVES),
    "work_priority": [str(n) for n in work.PRIORITIES],
    "work_late": ["late", "soon"],
    "work_verdict": list(fieldwork.VERDICT_TONES),
    "work_item": list(checklist.ITEMS),
    "token_state": ["open", "ended", "revoked"],
    "severity": [str(n) for n in alarm_kinds.SEVERITIES],
    "alarm_class": list(alarm_kinds.CLASSES),
    "alarm_kind": [alarm_kinds.OFFLINE, alarm_kinds.UNIT_DOWN, alarm_kinds.NO_MESSAGES],
    "alarm_state": list(alarms_schema.STATES),
    "alarm_list": list(alarms.STATES),
    "alarm_none": list(alarms.STATES),
    "alarm_act": list(acts.ACTS),
    "alarm_cause": list(acts.CAUSES),
    "alarm_rule": list(alarm_policy.RULES),
    "alarm_unit": ["min", "percent", "devices"],
    "outage_state": ["over", "planned", "holds"],
    "channel_kind": list(channels.KINDS),
    "channel_secret": list(channels.KINDS),
    "channel_field": sorted({name for kind in channels.KINDS.values() for name in kind.fields}),
    "channel_state": ["on", "off"],
    "tls": list(channels.TLS),
    "delivery": list(outbox.STATES),
    "archive_kind": list(archive_kinds.KINDS),
    "archive_one": list(archive_kinds.KINDS),
    "archive_field": list(archive_kinds.FIELDS),
    "archive_role": list(archive_kinds.ROLES),
    "archive_value": list(archive_kinds.VALUES),
    "archive_state": list(archive_kinds.STATES),
    "archive_move": [
        to for life in archive_kinds.LIVES.values() for many in life.moves.values() for to in many
    ],
    "archive_complete": ["yes", "no"],
    "archive_rule": list(archive_checks.RULES),
    "notice_what": list(words.WHAT),
    "shift_state": ["open", "handed", "ended"],
    "http": [*errors.WORDS.values(), "failed", "csrf"],
    "refused": list(REFUSED),
    "check": list(judge.CHECKS),
    "check_state": list(judge.STATES),
    "check_reason": list(judge.REASONS),
    "check_do": list(judge.REASONS),
    "check_fact": list(judge.FACTS),
    "process": ["up", "broker", "ingest", "dispatch", "jobs", "web"],
    "log_level": list(logs.LEVELS),
    "log_least": list(web_logs.LEASTS),
    "version_of": ["station", "tables", "sqlite", "python"],
}


def catalogue(language: str) -> dict[str, str]:
    have: dict[str, str] = {}
    for path in i18n.catalogues(language):
        with path.open("rb") as source:
            have_here = {str(m.id): str(m.string) for m in read_po(source) if m.id}
        assert not have.keys() & have_here.keys(), path.name
        have |= have_here
    return have


@cache
def sentences() -> set[str]:
    found = extract_from_dir(WEB, METHODS, OPTIONS)
    return {str(message) for _file, _line, message, _comments, _context in found}


def test_every_sentence_of_the_pages_has_chinese_words() -> None:
    have = catalogue("zh_CN")
    assert len(sentences()) > 200
    assert sorted(s for s in sentences() if not have.get(s)) == []


def test_no_chinese_sentence_is_left_over() -> None:
    assert (
        sorted(
            key
            for key in catalogue("zh_CN")
            if not re.fullmatch(r"[a-z_]+\.[-\w]+", key) and key not in sentences()
        )
        == []
    )


@pytest.mark.parametrize("space", SPACES)
def test_every_name_has_words_in_both_languages(space: str) -> None:
    for language in i18n.LANGUAGES:
        have = catalogue(language)
        assert [name for name in SPACES[space] if not have.get(f"{space}.{name}")] == [], language


def test_both_languages_have_the_same_placeholders() -> None:
    chinese, english = catalogue("zh_CN"), catalogue("en")
    for key, text in chinese.items():
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(english.get(key, key))), key
    assert {key for key in english if key not in chinese} == set()


def test_the_words_of_errors_take_the_rooms_arguments() -> None:
    for key, shell in KEYS.items():
        for language in i18n.LANGUAGES:
            assert set(re.findall(r"\{\w+\}", catalogue(language)[f"error.{key}"])) <= set(
                re.findall(r"\{\w+\}", shell)
            ), key
