"""Figures of how many incidents came, went, and how long they took."""

from typing import Any

from tests.readmodels.figures import RAW, Models, by, figure, hours, moment, per_month, rounded
from tests.readmodels.figures import month as month_of

STATES = {
    "in-progress": "Active",
    "new": "New",
    "resolved": "Resolved",
    "closed": "Closed",
    "awaiting-caller": "Awaiting User Info",
    "awaiting-vendor": "Awaiting Vendor",
    "awaiting-problem": "Awaiting Problem",
    "awaiting-evidence": "Awaiting Evidence",
}
"""By our word, in the order of the answers."""


@figure(rows=RAW)
def size(models: Models) -> dict[str, Any]:
    return models.one(
        f"""select count(*) as incidents,
          (select {moment("min(occurred_at)")} from timeline where version > 1) as first_update,
          (select {moment("max(occurred_at)")} from timeline where version > 1) as last_update,
          {moment("min(reported_at)")} as first_opened, {moment("max(reported_at)")} as last_opened,
          {moment("min(closed_at)")} as first_closed, {moment("max(closed_at)")} as last_closed
        from incidents"""
    )


@figure(rows=RAW)
def rows_by_state(models: Models) -> list[dict[str, Any]]:
    """Whoever reopens one and puts it on hold at once was never at work on it."""
    found = models.ask(
        """select state, count(distinct incident_id) as incidents from states
        where name <> 'incident.reopened' or words like '% to Active' group by 1"""
    )
    count = {row["state"]: row["incidents"] for row in found}
    unknown = models.one(
        """select count(distinct incident_id) as incidents from timeline
        where name = 'incident.noted' and words like '%state -100%'"""
    )
    known = [{"st": said, "incidents": count[state]} for state, said in STATES.items()]
    return [*known, {"st": "-100", **unknown}]


@figure()
def opened_per_month(models: Models) -> Any:
    return per_month("reported_at", "count(*) as opened", models)


@figure()
def closed_per_month(models: Models) -> Any:
    return per_month("closed_at", "count(*) as closed", models)


@figure()
def resolved_per_month(models: Models) -> Any:
    replayed = "sum(resolved_at is not null and told_resolved_at is null) as of_which_replayed"
    return per_month("resolved_at", f"count(*) as resolved, {replayed}", models)


@figure()
def sla_breached_by_close_month(models: Models) -> Any:
    return per_month("closed_at", "count(*) as closed, sum(breached) as breached", models)


@figure()
def replay_agrees_with_recorded(models: Models) -> dict[str, Any]:
    return models.one(
        """select count(told_resolved_at) as resolved_at_recorded,
          sum(resolved_at is told_resolved_at and resolved_at is not null)
            as equals_last_resolved_row,
          sum(told_resolved_at is null and resolved_at is not null) as recoverable_by_replay,
          sum(resolved_at is null) as never_in_resolved,
          sum(closed_at = told_closed_at) as closed_at_equals_last_closed_row,
          count(*) as incidents
        from ends"""
    )


RESOLVING = """select priority, (resolved_at - reported_at) / 60000000 as minutes from ends
    where told_resolved_at is not null"""
"""The answers count only the incidents for which the export gives the time."""


@figure()
def time_to_resolve_by_priority(models: Models) -> list[dict[str, Any]]:
    wanted = ("median_h", "p90_cont_h", "p90_disc_h", "mean_h")
    waits = by(models.ask(RESOLVING), "priority")
    return [{"prio": priority, **hours(each, *wanted)} for priority, each in waits.items()]


@figure()
def time_to_resolve_overall(models: Models) -> dict[str, Any]:
    return hours((row["minutes"] for row in models.ask(RESOLVING)), "median_h", "p90_cont_h")


@figure()
def time_to_close_by_priority(models: Models) -> list[dict[str, Any]]:
    found = models.ask("select priority, (closed_at - reported_at) / 60000000 as minutes from ends")
    return [
        {"prio": priority, **hours(each, "median_h", "p90_cont_h")}
        for priority, each in by(found, "priority").items()
    ]


@figure()
def trend_opened_per_iso_week(models: Models) -> Any:
    """The exported months only: later ones thin out, because only closed incidents are in it."""
    return models.ask(
        """select date(reported_at / 1000000, 'unixepoch', '-6 days', 'weekday 1') as week_monday,
          count(*) as opened
        from incidents where reported_at < unixepoch('2016-06-06') * 1000000
        group by 1 order by 1"""
    )


@figure()
def trend_category_march_to_may(models: Models) -> Any:
    counts = ", ".join(
        f"sum({month_of('reported_at')} = '{month}') as {name}"
        for name, month in (("mar", "2016-03"), ("apr", "2016-04"), ("may", "2016-05"))
    )
    return models.ask(
        f"""select coalesce(category, '(none)') as category, {counts}
        from incidents group by 1 order by count(*) desc, 1 limit 10"""
    )


@figure()
def hold_episodes(models: Models) -> list[dict[str, Any]]:
    found = models.ask(
        """select state, incident_id, (until - at) / 60000000 as minutes from states
        where name = 'incident.held'"""
    )
    waited = {(row["state"], row["incident_id"]) for row in found}
    episodes = [
        {
            "st": STATES[state],
            "episodes": len(minutes),
            "incidents": sum(held == state for held, _ in waited),
            "total_minutes": sum(minutes),
            "median_h": hours(minutes, "median_h")["median_h"],
        }
        for state, minutes in by(found, "state").items()
    ]
    return sorted(episodes, key=lambda each: -each["episodes"])


@figure()
def sla_by_priority(models: Models) -> Any:
    return models.ask(
        """select priority as prio, sum(not breached) as made, sum(breached) as breached
        from ends group by 1 order by 1"""
    )


@figure()
def sla_overall(models: Models) -> dict[str, Any]:
    found = models.one("select sum(not breached) as made, sum(breached) as breached from ends")
    return {**found, "made_pct": rounded(100 * found["made"] / sum(found.values()), 3)}


@figure()
def sla_flip_state(models: Models) -> Any:
    """The verdict comes before the end that its row brings, and else stands in the state so far."""
    return models.ask(
        """select case coalesce(
            (select s.state from states s where s.incident_id = t.incident_id
              and s.version = t.version + 1 and s.state in ('resolved', 'closed')),
            (select s.state from states s where s.incident_id = t.incident_id
              and s.version < t.version order by s.version desc limit 1))
          when 'closed' then 'Closed' when 'resolved' then 'Resolved' end as st, count(*) as flips
        from timeline t where name = 'incident.sla-marked-breached' group by 1 order by 2 desc"""
    )
