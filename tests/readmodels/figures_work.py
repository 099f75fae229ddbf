"""Figures of who had what, how it was called, and what was done with it."""

from typing import Any

from tests.readmodels.figures import COUNTER, RAW, ROW, Models, figure, micros, most

RANKS = {"high": "1 - High", "medium": "2 - Medium", "low": "3 - Low"}
PRIORITIES = {1: "1 - Critical", 2: "2 - High", 3: "3 - Moderate", 4: "4 - Low"}


@figure()
def reopens(models: Models) -> dict[str, Any]:
    return models.one(
        """select
          (select count(*) from states where name = 'incident.reopened') as reopen_transitions,
          (select count(*) from states where name = 'incident.reopened' and former = 'resolved')
            as from_resolved,
          (select count(*) from states where name = 'incident.reopened' and former = 'closed')
            as from_closed,
          sum(reopen_count > 0) as incidents_reopened,
          sum(reopen_count) as sum_of_reopen_count_field, max(reopen_count) as max_reopen
        from incidents"""
    )


@figure()
def reopen_distribution(models: Models) -> Any:
    return models.ask(
        "select reopen_count as reopen, count(*) as incidents from incidents group by 1 order by 1"
    )


@figure(
    sum_reassignment_count_field=COUNTER,
    incidents_reassigned=COUNTER,
    max_reassign=COUNTER,
    observed_group_changes=ROW,
    observed_assignee_changes=ROW,
)
def reassignments(models: Models) -> dict[str, Any]:
    return models.one("select sum(functional_escalations) as group_to_group_changes from incidents")


@figure()
def escalations(models: Models) -> dict[str, Any]:
    return models.one(
        """select sum(raised_count) as priority_raised, sum(lowered_count) as priority_lowered,
          sum(raised_count > 0) as incidents_priority_raised,
          sum(functional_escalations) as functional_group_to_group,
          (select count(*) from priorities where priority = 1 and former > 1) as raised_to_critical
        from incidents"""
    )


@figure()
def top10_categories_final(models: Models) -> Any:
    return most("coalesce(category, '(none)') as category", "", models, 10)


@figure()
def top10_categories_first_row(models: Models) -> Any:
    """What the first row says of the category is always the fourth event, if it says any."""
    return models.ask(
        """select coalesce(t.aspect, '(none)') as category, count(*) as incidents
        from incidents i left join timeline t on t.incident_id = i.incident_id
          and t.version = 4 and t.name = 'incident.categorised'
        group by 1 order by 2 desc, 1 limit 10"""
    )


@figure(reassignments=COUNTER)
def top15_final_groups(models: Models) -> Any:
    group = """coalesce("group", '(none)') as assignment_group"""
    return most(group, ", sum(breached) as breached", models, 15)


@figure()
def closed_codes(models: Models) -> Any:
    return most("coalesce(closure_code, '(none)') as closed_code", "", models, 50)


@figure()
def contact_types_first_row(models: Models) -> Any:
    return most("attributes ->> 'contact_type' as contact_type", "", models, 50)


@figure()
def links(models: Models) -> dict[str, Any]:
    """Also what is linked no more."""
    return models.one(
        """select
          count(distinct incident_id) filter (aspect = 'problem') as incidents_with_problem,
          count(distinct incident_id) filter (aspect = 'change') as incidents_with_rfc,
          count(distinct incident_id) filter (aspect = 'caused-by') as incidents_caused_by_change,
          count(distinct words) filter (aspect = 'problem') as distinct_problems
        from timeline where name = 'incident.linked'""".replace("filter (", "filter (where ")
    )


EVENTS = {
    "reported_and_logged": "timeline where name = 'incident.logged'",
    "first_row_already_beyond_new": (
        "timeline where name = 'incident.imported' and aspect <> 'new'"
    ),
    "work_started (New->Active)": "timeline where name = 'incident.acknowledged'",
    "put_on_hold (->Awaiting*)": (
        "states where name = 'incident.held' and coalesce(former, '') not like 'awaiting%'"
    ),
    "hold_reason_changed": "states where name = 'incident.held' and former like 'awaiting%'",
    "resumed (Awaiting*->Active)": "timeline where name = 'incident.resumed'",
    "resolved (->Resolved)": "timeline where name = 'incident.resolved'",
    "closed (->Closed)": "timeline where name = 'incident.closed'",
    "closed_without_resolved": "states where name = 'incident.closed' and former <> 'resolved'",
    "reopened": "timeline where name = 'incident.reopened'",
    "unknown_state (-100) entered": (
        "timeline where name = 'incident.noted' and words like '%state -100%'"
    ),
    "recategorised": "timeline where name = 'incident.categorised' and version > 4",
    "priority_changed": "priorities where priority <> former",
    "group_set_or_changed (incl. first row)": "holders where holding is not former_group",
    "assignee_set_or_changed (incl. first row)": "holders where person is not former_person",
    "linked_to_problem (first time set or changed)": (
        "timeline where name = 'incident.linked' and aspect = 'problem'"
    ),
    "linked_to_change (rfc)": "timeline where name = 'incident.linked' and aspect = 'change'",
    "sla_marked_breached": "timeline where name = 'incident.sla-marked-breached'",
}
"""What each count of the answers is in a read model."""


@figure(rows=RAW)
def derived_event_counts(models: Models) -> list[dict[str, Any]]:
    return [
        {"event": event, **models.one(f"select count(*) as n from {where}")}
        for event, where in EVENTS.items()
    ]


@figure(rows=RAW)
def priority_matrix(models: Models) -> list[dict[str, Any]]:
    """Which impact and urgency ever gave which priority."""
    told = models.ask("select distinct words from priorities")
    matrix: set[tuple[str, str, str]] = set()
    for row in told:
        priority, ranks = row["words"].removeprefix("Priority set to ").split(": ")
        impact, urgency = ranks.removesuffix(" urgency.").split(" impact, ")
        matrix.add((RANKS[impact], RANKS[urgency], PRIORITIES[int(priority)]))
    return [
        dict(zip(("impact", "urgency", "priority"), each, strict=True)) for each in sorted(matrix)
    ]


@figure(
    mod_count_goes_back=RAW,
    mod_count_repeats_adjacent=RAW,
    mod_count_gaps=RAW,
    same_minute_as_previous=RAW,
    time_goes_back=RAW,
    duplicated_number_modcount_pairs=RAW,
    rows_state_minus_100=RAW,
    incidents_with_several_closed_rows=RAW,
)
def data_quality(models: Models) -> dict[str, Any]:
    """The first two say that an incident was known before it was opened."""
    created = models.ask(
        """select attributes ->> 'sys_created_at' as created, reported_at from incidents
        where attributes ->> 'sys_created_at' is not null"""
    )
    return {
        "first_update_before_opened": models.one(
            "select count(*) as n from incidents where logged_at < reported_at"
        )["n"],
        "created_before_opened": sum(
            micros(row["created"]) < row["reported_at"] for row in created
        ),
        "resolved_at_missing": models.one(
            "select count(*) as n from ends where told_resolved_at is null"
        )["n"],
    }
