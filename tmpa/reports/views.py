"""Results: what works, where, with whom."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from tmpa.kernel.clock import utcnow
from tmpa.kernel.http import db, render, route
from tmpa.kernel.i18n import (
    format_date,
    format_money,
    format_number,
    format_percent,
    language_name,
)
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kernel.permissions import Permission
from tmpa.reports.queries import Day, Grouping, Row, by_day
from tmpa.reports.queries import results as grouped

blueprint = Blueprint("reports", __name__, template_folder="templates")

GROUPINGS: dict[Grouping, Any] = {"kit": _l("Kit"), "partner": _l("Partner"), "locale": _l("Language")}
PERIODS = (30, 90, 365)
_SHOWN = 12


@route(blueprint, "/results", Permission.SEE_RESULTS)
def results() -> ResponseReturnValue:
    asked = request.args.get("by", "kit")
    grouping: Grouping = next((each for each in GROUPINGS if each == asked), "kit")
    days = request.args.get("days", 90, int)
    days = days if days in PERIODS else 90
    today = utcnow().date()
    rows = grouped(db(), grouping, today - timedelta(days=days - 1))
    if grouping == "locale":
        for row in rows:
            row.name = language_name(row.key)
    return render(
        "reports/results.html",
        rows=rows,
        grouping=grouping,
        groupings=GROUPINGS,
        days=days,
        periods=PERIODS,
        columns=_columns(grouping),
        cells=[_cells(row, grouping) for row in rows],
        clicks=_clicks_chart(rows[:_SHOWN]),
        course=course(by_day(db(), today, min(days, 90))),
    )


def _columns(grouping: Grouping) -> list[str]:
    columns = [
        str(GROUPINGS[grouping]),
        _("Campaigns"),
        _("Delivered"),
        _("Clicks by people"),
        _("Clicks per mail"),
    ]
    columns += [_("Forms sent")] + ([_("Leads")] if grouping != "locale" else [])
    return [*columns, _("Deals"), _("Pipeline"), _("Won")]


def _cells(row: Row, grouping: Grouping) -> list[str]:
    rate = row.click_rate
    cells = [row.name, format_number(row.campaigns), count(row.delivered), count(row.human_clicks)]
    cells += [format_percent(rate) if rate is not None else "–", count(row.submissions)]
    cells += [count(row.leads)] if grouping != "locale" else []
    return [*cells, format_number(row.deals), sums(row.pipeline), sums(row.won)]


def count(value: int | None) -> str:
    """A count as shown; fewer than five people are not told apart."""
    return _("under 5") if value is None else format_number(value)


def sums(by_currency: dict[str, int]) -> str:
    """Amounts of several currencies side by side, never added up."""
    return " + ".join(format_money(amount, code) for code, amount in sorted(by_currency.items())) or "–"


def _clicks_chart(rows: list[Row]) -> dict[str, Any]:
    return {
        "option": {
            "xAxis": {"type": "value"},
            "yAxis": {"type": "category", "data": [row.name for row in rows]},
            "series": [
                {
                    "type": "bar",
                    "name": _("Clicks by people"),
                    "data": [row.human_clicks or 0 for row in rows],
                }
            ],
        },
        "columns": ["", _("Clicks by people")],
        "rows": [[row.name, count(row.human_clicks)] for row in rows],
    }


def course(days: list[Day]) -> dict[str, Any]:
    """Clicks and forms day by day, as a chart with its table's columns and rows; a gap where a count is hidden."""
    series = [
        (_("Clicks by people"), [day.clicks for day in days]),
        (_("Forms sent"), [day.submissions for day in days]),
    ]
    return {
        "option": {
            "xAxis": {"type": "category", "data": [format_date(day.day, "short") for day in days]},
            "yAxis": {"type": "value", "minInterval": 1},
            "series": [{"type": "line", "name": name, "data": data} for name, data in series],
        },
        "columns": [_("Day"), *(name for name, _data in series)],
        "rows": [
            [
                format_date(day.day),
                *(_("1 to 4") if count is None else count for count in (day.clicks, day.submissions)),
            ]
            for day in days
        ],
    }
