"""What stands at the top of each page, before the code speaks."""

COMMANDS = """\
# Commands

A command is a `POST` of one JSON object. All of them take `occurred_at` (a time: when it happened
in the world, if not now) and `actor` (who acted, if not the owner of the key). Texts may not hold
control characters other than tab and newline. Times are ISO 8601 with their zone, as in
`2026-03-01T14:05:00Z`.

A command that asks for what is already so is answered with `"changed": false`, and nothing is
recorded. Which status a command is *possible while* is what the lifecycle allows; what it is
*refused as* says which rules it may break.
"""

EVENTS = """\
# Events

This is the storage format: a name, a field and its meaning never change. An event is stored as
canonical JSON in an envelope:

| Field | Meaning |
| --- | --- |
| `stream` | the incident or the review, by its UUID; or that of its clock, or of the policy |
| `version` | its place in the history of that stream, from 1 |
| `position` | its place in the whole log, from 1, without gaps |
| `actor` | who acted |
| `via` | the service whose key was used, when it acted for somebody else |
| `occurred_at` | when it happened in the world |
| `recorded_at` | when Tocsin learnt of it |
| `command_id` | which command led to it |
| `causation` | the position of the event that a reaction answered with this one |
| `event` | the stored name |
| `schema` | which shape of that name the data have |
| `data` | the fields below |

What a field says about people is sealed: under the key of the *person* whom it names, or, where it
is free text, under the key of its *stream*. `actor` is sealed for the person, too.
[What that means](../explanation/vault.md). The events come by aggregate, in the order in which the
code tells them.
"""

REFUSALS = """\
# Refusals

A rule said no, and nothing was recorded. Over HTTP a refusal is a [problem](problems.md) of status
409 and type `urn:tocsin:problem:<code>`: one sentence in `detail`, the particulars in `facts`, and
in `possible` the commands that could record something now.
"""

POLICY = """\
# Policy

A policy is one TOML document. Any other key is refused, with the line and what was probably meant.
`tocsin policy check` says all that is wrong at once. How to write and publish one stands in
[change the policy](../how-to/change-the-policy.md).

A duration is written as `30m`, `4h`, `1h 30m` or `2d`; a day has as many hours as its calendar
says, and 24 where that never closes. Dates and times are TOML's own, without quotes. A condition
holds where all that it says holds.
"""

VALUES = """\
# Values

The closed lists that fields choose from. They are stored as they are shown.
"""

PROJECTIONS = """\
# Projections

Each is a fold of the log that can be thrown away and rebuilt. Its queries are `GET` routes. A page
holds `items`; in `next` the cursor of the following page, none on the last; and in `position` the
place in the log up to which it is complete. Every query also takes `at_least`, a position to wait
for before it answers.
"""

SETTINGS = """\
# Settings

Environment variables, read once at the start; an empty default means not set. A `TOCSIN_` variable
that is not here stops the program, so that a typing error is not mistaken for a setting.
`tocsin doctor` says what is set, and where it came from.
"""

PROBLEMS = """\
# Problems

Every answer of status 400 or above is an RFC 9457 problem (`application/problem+json`) of type
`urn:tocsin:problem:<code>`. A type never changes its meaning. Those of status 409 are the
[refusals](refusals.md) of the domain.
"""

HTTP = """\
# HTTP

The routes of the service, from its OpenAPI document, which it serves itself at `/openapi.json`. The
fields of commands are in [commands](commands.md), the answers of read models in
[projections](projections.md), and what can go wrong in [problems](problems.md).

`HEAD` is answered wherever `GET` is: with the same headers, and nothing else.
"""

CLI = """\
# Command line

With `--json` every command answers with one JSON document on standard output; progress and errors
go to standard error.
"""

TRENDS = """\
# Trends

Each is made of sums over rows of the lake: the same on every engine, right after corrections, and
continued instead of worked out anew. A question takes `by` (dimensions), `grain` (day, week, month,
quarter, year, all), `from` and `to` (dates), `zone` (whose days they are), `where` (as in
`priority=1`; an empty value is none), and where durations are measured `calendar` (one of the
policy, for working time) and `resolution` (`log`: percentiles to 2 %; `exact`).

[Write your own](../how-to/write-a-trend.md) in one file.
"""

TABLES = """\
What the lake holds. Instants are microseconds since 1970, UTC; durations are microseconds.
"""

METRICS = """\
# Metrics

What `GET /metrics` tells, for Prometheus (scope `incidents:read`). Any process of a service tells
of all of them: of several workers, of the projector, and of the writer of the lake. A histogram has
`_bucket`, `_sum` and `_count`. Figures that cannot be read just now, because a store is away, are
left out, and `tocsin_figures_missing_sources` says so.

With the extra `telemetry` the same figures go to an OpenTelemetry collector, by the same names.
[How to watch the service](../how-to/watch-it.md) has a dashboard and alert rules.
"""
