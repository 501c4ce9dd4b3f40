"""What holds around a story while it is played: no log, and a garbage collector in no hurry."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unhurried_collector() -> Iterator[None]:
    """A long story keeps all that was said in it: looking through that again and again for rubbish, of which
    there is little, would take a fifth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def silent() -> Iterator[None]:
    """The daemon's log tells of days that never were."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)
