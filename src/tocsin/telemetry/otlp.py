"""The way to an OpenTelemetry collector: OTLP over HTTP, set up by the standard's own variables.

Nothing here is imported unless telemetry is switched on.
"""

from collections.abc import Iterable, Sequence
from time import perf_counter_ns, time_ns

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.span import TraceState
from opentelemetry.trace.status import Status, StatusCode

from tocsin import __version__
from tocsin.telemetry.families import Family, Kind
from tocsin.telemetry.spans import Parent, Place, Span

SCOPE = InstrumentationScope("tocsin", __version__)
STARTED = time_ns()
ON = TraceFlags(TraceFlags.SAMPLED)


def resource(process: str, name: str) -> Resource:
    """What sends. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say more, or otherwise."""
    given = {"service.version": __version__, "service.instance.id": name}
    known = Resource.create({**given, "tocsin.process": process})
    if str(known.attributes.get("service.name", "")).startswith("unknown_service"):
        known = known.merge(Resource({"service.name": "tocsin"}))
    return known


class Sampler:
    """Which traces are kept, as OTEL_TRACES_SAMPLER says; all of them if it says nothing."""

    def __init__(self) -> None:
        self._sampler = TracerProvider(shutdown_on_exit=False).sampler

    def __call__(self, trace_id: int, caller: Parent | None, name: str) -> bool:
        """Whether a trace is kept."""
        above = None
        if caller is not None:
            flags = ON if caller.sampled else TraceFlags()
            context = SpanContext(*caller.place, is_remote=True, trace_flags=flags)
            above = trace.set_span_in_context(NonRecordingSpan(context))
        decision = self._sampler.should_sample(above, trace_id, name).decision
        return decision is Decision.RECORD_AND_SAMPLE


class Spans:
    """Sends spans."""

    def __init__(self, of: Resource) -> None:
        self._resource, self._exporter = of, OTLPSpanExporter()
        self.close = self._exporter.shutdown

    def __call__(self, spans: Sequence[Span]) -> bool:
        """Send these, and say whether they have arrived."""
        zero = time_ns() - perf_counter_ns()
        readable = [self._readable(span, zero) for span in spans]
        return self._exporter.export(readable) is SpanExportResult.SUCCESS

    def _readable(self, span: Span, zero: int) -> ReadableSpan:
        state = TraceState.from_header([span.state]) if span.state else None
        return ReadableSpan(
            span.name,
            SpanContext(*span.place, is_remote=False, trace_flags=ON, trace_state=state),
            SpanContext(*span.parent, is_remote=span.remote) if span.parent else None,
            self._resource,
            span.attributes,
            links=[_link(place) for place in span.links],
            kind=SpanKind.SERVER if span.serves else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
            start_time=zero + int(span.start * 1e9),
            end_time=zero + int(span.end * 1e9),
            instrumentation_scope=SCOPE,
        )


def _link(place: Place) -> Link:
    return Link(SpanContext(*place, is_remote=True, trace_flags=ON))


class Metrics:
    """Sends figures."""

    def __init__(self, of: Resource) -> None:
        self._resource, self._exporter = of, OTLPMetricExporter()
        self.close = self._exporter.shutdown

    def __call__(self, families: Iterable[Family]) -> bool:
        """Send these, and say whether they have arrived."""
        now = time_ns()
        metrics = [_metric(family, now) for family in families if family.values]
        data = MetricsData(
            [ResourceMetrics(self._resource, [ScopeMetrics(SCOPE, metrics, "")], "")]
        )
        return self._exporter.export(data) is MetricExportResult.SUCCESS


def _metric(family: Family, now: int) -> Metric:
    """A family as OpenTelemetry has it: the same names, and the same numbers."""
    unit = next((u for end, u in UNITS.items() if family.name.endswith(end)), "1")
    labelled = [(_labels(family, values), cells) for values, cells in family.values.items()]
    cumulative = AggregationTemporality.CUMULATIVE
    data: Sum | Gauge | Histogram
    match family.kind:
        case Kind.HISTOGRAM:
            spreads = [_spread(family, labels, cells, now) for labels, cells in labelled]
            data = Histogram(spreads, cumulative)
        case Kind.COUNTER:
            numbers = [NumberDataPoint(of, STARTED, now, cells[0]) for of, cells in labelled]
            data = Sum(numbers, cumulative, is_monotonic=True)
        case Kind.GAUGE:
            data = Gauge([NumberDataPoint(of, STARTED, now, cells[0]) for of, cells in labelled])
    return Metric(family.name, family.doc, unit, data)


UNITS = {"_seconds": "s", "_bytes": "By"}
"""What a name ends in, and what that is in the Unified Code for Units of Measure."""


def _labels(family: Family, values: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(family.labels, values, strict=True))


def _spread(
    family: Family, labels: dict[str, str], cells: Sequence[float], now: int
) -> HistogramDataPoint:
    counts = [int(count) for count in cells[:-1]]
    return HistogramDataPoint(
        attributes=labels,
        start_time_unix_nano=STARTED,
        time_unix_nano=now,
        count=sum(counts),
        sum=cells[-1],
        bucket_counts=counts,
        explicit_bounds=family.bounds,
        min=float("nan"),
        max=float("nan"),
    )
