"""`/metrics` for Prometheus: how much waits, what became of it, how quickly people are answered. No member data.

Counts of sending come from the engine, what waits from the database when somebody asks; times of answers are taken
between the adapters and the dispatcher. Every bot has a registry of its own.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.watch import Snapshot
from chat.inbound import AnyInbound
from chat.people import MessageRef
from chat.platform import Outcome, Receiver

OUTCOMES = ("sent", "retried", "released", "unknown", "dead", "lost")
"""Fields of `LineFigures` that count what became of attempts."""
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
IN_HAND_MAX = 10_000
CONNECTION = ("platform", "workspace")


class Metrics:
    """Gather figures for one bot."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._times = Histogram(
            "convenor_inbound_seconds",
            "Seconds from an act of a person to: stored (it may be acknowledged), handled (its change is on disk), "
            "answered (the platform took our answer).",
            ("platform", "kind", "until"),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._now = _Now()
        self._registry.register(self._now)

    def observe(self, inbound: AnyInbound, until: str, seconds: float) -> None:
        """Note how long one act took until a step."""
        self._times.labels(inbound.by.platform, inbound.kind, until).observe(seconds)

    def page(self, snapshot: Snapshot) -> bytes:
        """Give the page in Prometheus' text form."""
        self._now.snapshot = snapshot
        return generate_latest(self._registry)


class Measured:
    """Be the dispatcher to the adapters, and take the time of what passes."""

    def __init__(self, inner: Receiver, metrics: Metrics) -> None:
        self._inner, self._metrics = inner, metrics
        self._since: OrderedDict[str, float] = OrderedDict()

    async def accept(self, inbound: AnyInbound) -> bool:
        """Store one thing."""
        began = time.monotonic()
        fresh = await self._inner.accept(inbound)
        self._stored(inbound, began)
        return fresh

    async def accept_all(self, inbounds: Sequence[AnyInbound]) -> list[bool]:
        """Store several."""
        began = time.monotonic()
        fresh = await self._inner.accept_all(inbounds)
        for each in inbounds:
            self._stored(each, began)
        return fresh

    async def handle(self, inbound: AnyInbound) -> Outcome:
        """Do what is asked."""
        outcome = await self._inner.handle(inbound)
        self._until(inbound, "handled")
        return outcome

    async def performed(self, inbound: AnyInbound, outcome: Outcome, refs: Sequence[MessageRef | None]) -> None:
        """Learn which messages carry the answers."""
        self._until(inbound, "answered")
        self._since.pop(inbound.key, None)
        await self._inner.performed(inbound, outcome, refs)

    def _stored(self, inbound: AnyInbound, began: float) -> None:
        self._since[inbound.key] = began
        if len(self._since) > IN_HAND_MAX:  # repetitions are acknowledged and never answered
            self._since.popitem(last=False)
        self._until(inbound, "stored")

    def _until(self, inbound: AnyInbound, step: str) -> None:
        began = self._since.get(inbound.key)
        if began is not None:
            self._metrics.observe(inbound, step, time.monotonic() - began)


class _Now(Collector):
    """Give the figures of the last snapshot."""

    snapshot: Snapshot | None = None

    def describe(self) -> Iterable[Metric]:
        return ()  # nothing is known before somebody asks

    def collect(self) -> Iterator[Metric]:
        if self.snapshot is None:
            return
        yield InfoMetricFamily(
            "convenor_build", "The program and its tables.",
            value={"version": program(), "schema": self.snapshot.schema},
        )  # fmt: skip
        yield from _lines(self.snapshot)
        yield from _ears(self.snapshot)
        yield from _backlog(self.snapshot)


def _lines(snapshot: Snapshot) -> Iterator[Metric]:
    results = CounterMetricFamily(
        "convenor_sends", "What became of attempts to send, since the start.", labels=(*CONNECTION, "outcome")
    )
    limited = CounterMetricFamily("convenor_rate_limited", "Answers that asked us to slow down.", labels=CONNECTION)
    gauges = {
        "flying": GaugeMetricFamily("convenor_requests_in_flight", "Messages on their way.", labels=CONNECTION),
        "settling": GaugeMetricFamily("convenor_lost_answers", "Lost answers to be looked up.", labels=CONNECTION),
        "paused": GaugeMetricFamily("convenor_pause_seconds", "Until anything may leave again.", labels=CONNECTION),
        "held": GaugeMetricFamily("convenor_lane_held", "1 if this process sends there.", labels=CONNECTION),
    }
    circuit = GaugeMetricFamily("convenor_circuit_open", "1 while the platform refuses our token.", labels=CONNECTION)
    for each in snapshot.lines:
        here = (each.platform, each.workspace)
        for outcome in OUTCOMES:
            results.add_metric((*here, outcome), getattr(each, outcome))
        limited.add_metric(here, each.limited)
        circuit.add_metric(here, float(bool(each.dead_reason)))
        for name, family in gauges.items():
            family.add_metric(here, float(getattr(each, name)))
    yield from (results, limited, circuit, *gauges.values())


def _ears(snapshot: Snapshot) -> Iterator[Metric]:
    sockets = GaugeMetricFamily("convenor_sockets", "Socket Mode connections that are up.", labels=CONNECTION)
    heard = GaugeMetricFamily(
        "convenor_last_heard_seconds",
        "Since the last good poll or webhook call, or since the start.",
        labels=CONNECTION,
    )
    for each in snapshot.ears:
        here = (each.platform, each.workspace)
        if each.hears == "socket":
            sockets.add_metric(here, each.sockets)
        if each.platform == "telegram":
            heard.add_metric(here, each.heard_ago)
    yield from (sockets, heard)


def _backlog(snapshot: Snapshot) -> Iterator[Metric]:
    number = GaugeMetricFamily("convenor_queue", "Messages that are due and wait.", labels=CONNECTION)
    age = GaugeMetricFamily("convenor_queue_oldest_seconds", "How long the oldest of them is due.", labels=CONNECTION)
    for here, queued, oldest in snapshot.queues:
        number.add_metric(here, queued)
        age.add_metric(here, oldest)
    yield from (number, age)
    yield GaugeMetricFamily("convenor_inbox_rows", "Acts of people stored and not done.", value=snapshot.inbox)
    yield GaugeMetricFamily("convenor_timers_late", "Timers that are due and not done.", value=snapshot.timers)
    yield GaugeMetricFamily(
        "convenor_timers_oldest_seconds", "How long the oldest of them is due.", value=snapshot.timers_oldest
    )
    yield GaugeMetricFamily("convenor_sweep_seconds", "Since due work was last looked for.", value=snapshot.swept_ago)
    yield GaugeMetricFamily(
        "convenor_paused", "1 while nothing goes out because a backup was restored.", value=float(bool(snapshot.paused))
    )
    yield GaugeMetricFamily("convenor_up", "1 while the database answers.", value=float(not snapshot.trouble))


def program() -> str:
    """Give the program's version."""
    try:
        return version("convenor")
    except PackageNotFoundError:
        return "unknown"
