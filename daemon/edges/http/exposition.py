"""Figures in Prometheus's text form. prometheus_client lives here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


class Figure(Protocol):
    """One number. `counter`: it only ever grows. Figures of one name have the same label names."""

    @property
    def name(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def value(self) -> float: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def counter(self) -> bool: ...


class Exposition:
    """`figures` is asked at every scrape; what the process itself uses (memory, files, CPU) stands beside."""

    def __init__(self, figures: Callable[[], Iterable[Figure]], prefix: str = "azimut_") -> None:
        from prometheus_client import CollectorRegistry, ProcessCollector

        self._figures = figures
        self._prefix = prefix
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    @property
    def content_type(self) -> str:
        from prometheus_client import CONTENT_TYPE_LATEST

        return CONTENT_TYPE_LATEST

    def text(self) -> bytes:
        from prometheus_client import generate_latest

        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Called by the registry."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for figure in self._figures():
            family = families.get(figure.name)
            if family is None:
                kind = CounterMetricFamily if figure.counter else GaugeMetricFamily
                family = kind(self._prefix + figure.name, figure.help, labels=list(figure.labels))
                families[figure.name] = family
            family.add_metric(list(figure.labels.values()), figure.value)
        yield from families.values()
