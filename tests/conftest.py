"""Settings for every test: hypothesis is seeded and patient with a busy machine, never timed."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "desk",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("desk")
