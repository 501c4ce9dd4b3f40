"""The trained pipeline, with its answer as the core's value."""

from __future__ import annotations

from daemon.core.values import Evidence, Findings, Intent, Language, Severity


class TriageModel:
    """Loading takes seconds and a hundred megabytes; one thread at a time may ask it."""

    def __init__(self) -> None:
        from classifiers.pipeline import load

        self._triage = load()
        self._triage.warm_up()

    def classify(self, subject: str, text: str) -> Findings:
        reading = self._triage.classify(subject, text)
        return Findings(
            intent=Intent(reading.intent),
            intent_confidence=reading.intent_confidence,
            severity=Severity(reading.severity),
            confidence=reading.confidence,
            other_means=reading.other_means,
            installs=reading.installs,
            language=Language(reading.language) if reading.language else None,
            missing=tuple(reading.missing),
            evidence=tuple(Evidence(facet=e.facet, text=e.text, weight=e.weight) for e in reading.evidence),
        )
