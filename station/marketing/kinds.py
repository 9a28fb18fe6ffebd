"""Which records the marketing system owns, by which columns they come, and what a rule may take of them.

`free` is a list of what may be taken without a person. All that moves money or switching (multiplier,
tariff, category, capacity, the address that a command goes to, who belongs to whom) is not in it,
nor is what is added later.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from station.archives import shapes
from station.archives.kinds import KINDS, LINK, NUMBER_CHARS, Field
from station.errors import FieldError, Invalid
from station.imports.targets import Column, Key, text

NUMBER, UNIT, FROM_DAY = "number", "unit", "from_day"
ABOUT = (NUMBER, UNIT, FROM_DAY)  # columns that say which and where, and are not compared
CODE_CHARS = 24

ZH = {  # heads of a file, as the pages say
    "number": "编号",
    "unit": "单位编码",
    "from_day": "生效日期",
    "name": "名称",
    "address": "地址",
    "phone": "联系电话",
    "category": "用电类别",
    "voltage": "电压等级",
    "capacity_kva": "合同容量（kVA）",
    "signed_day": "签订日期",
    "until_day": "有效期至",
    "tariff": "电价类型",
    "duty": "计量点用途",
    "phase": "相别",
    "meter_address": "通信地址",
    "connection": "接线方式",
    "maker": "生产厂家",
    "model": "型号",
    "primary": "一次额定值",
    "secondary": "二次额定值",
    "@customer": "所属客户",
    "@area": "所属台区",
    "@point": "所在计量点",
}
ZH_VALUES = {
    "居民生活": "residential",
    "一般工商业": "commerce",
    "大工业": "industry",
    "农业生产": "farming",
    "公共事业": "public",
    "220 V": "v220",
    "380 V": "v380",
    "10 kV": "kv10",
    "35 kV": "kv35",
    "110 kV": "kv110",
    "单一制": "single",
    "分时": "time_of_use",
    "阶梯": "tiered",
    "两部制": "two_part",
    "结算": "billing",
    "关口": "gate",
    "考核": "check",
    "A 相": "a",
    "B 相": "b",
    "C 相": "c",
    "三相": "abc",
    "直接接入": "direct",
    "经互感器接入": "through_ct",
}


class Sheet(NamedTuple):
    """A kind of station.archives.kinds as it comes; what station.imports.compare asks of a target."""

    kind: str
    columns: tuple[Column, ...]
    free: frozenset[str]
    keys: tuple[str, ...] = (NUMBER,)
    unique: tuple[tuple[str, ...], ...] = ()

    def key_of(self, record: Mapping[str, Any]) -> Key:
        return tuple(record[name] for name in self.keys)

    @property
    def names(self) -> tuple[str, ...]:
        """What is compared."""
        return tuple(column.name for column in self.columns if column.name not in ABOUT)


def _number(cell: str) -> Any:
    problems: list[FieldError] = []
    found = shapes.number(cell, problems)
    return problems[0] if problems else found


def _link(cell: str) -> Any:
    return FieldError("", "too_long", {"most": NUMBER_CHARS}) if len(cell) > NUMBER_CHARS else cell


def _day(cell: str) -> Any:
    try:
        return shapes.day_of(cell)
    except ValueError:
        return FieldError("", "bad_day")


def _shaped(field: Field) -> Callable[[str], Any]:
    def parse(cell: str) -> Any:
        given = ZH_VALUES.get(cell, cell) if field.shape == "choice" else cell
        if field.shape == "digits" and given.isdecimal():
            given = given.zfill(field.least)  # a spreadsheet has eaten the zeros in front
        try:
            return shapes.SHAPES[field.shape](given, field)
        except Invalid as invalid:
            return invalid.errors[0]

    return parse


def _sheet(kind: str, names: str, free: str = "") -> Sheet:
    fields = {
        field.name: field for field in (Field("name", "text", most=shapes.NAME_CHARS), *KINDS[kind].fields)
    }
    columns = [
        Column(NUMBER, ZH[NUMBER], _number, needed=True),
        Column(UNIT, ZH[UNIT], text(CODE_CHARS)),
        Column(FROM_DAY, ZH[FROM_DAY], _day),
    ]
    for name in names.split():
        parse = _link if name.startswith(LINK) else _shaped(fields[name])
        columns.append(Column(name, ZH[name], parse))
    return Sheet(kind, tuple(columns), frozenset(free.split()))


SHEETS: Mapping[str, Sheet] = {
    sheet.kind: sheet
    for sheet in (  # in the order in which they hang on each other
        _sheet("customer", "name address phone category voltage capacity_kva", "name address phone"),
        _sheet("contract", "name signed_day until_day tariff @customer", "name signed_day"),
        _sheet("point", "name duty phase address @customer @area", "name address"),
        _sheet("meter", "name meter_address connection maker model @point", "name maker model"),
        _sheet("ct", "name primary secondary maker model @point", "name maker model"),
        _sheet("pt", "name primary secondary maker model @point", "name maker model"),
    )
}


def parsed(kind: str, told: Mapping[str, Any], problems: list[FieldError]) -> dict[str, Any]:
    """Values of a message; None takes one away. A name that is no column is a problem."""
    columns = {column.name: column for column in SHEETS[kind].columns if column.name not in ABOUT}
    values: dict[str, Any] = {}
    for name, said in told.items():
        text = "" if said is None else str(said).strip()
        value = columns[name].parse(text) if name in columns and text else None
        if name not in columns:
            problems.append(FieldError(name[:CODE_CHARS], "not_among"))
        elif isinstance(value, FieldError):
            problems.append(FieldError(name, value.key, value.args))
        else:
            values[name] = value
    return values
