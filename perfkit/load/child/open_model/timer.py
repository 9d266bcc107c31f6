"""Sleeping to the tenth of a millisecond in the event loop, whose own timers are late by up to one.

libev hands whole milliseconds to epoll; a Linux timerfd wakes epoll when its time has come. Elsewhere gevent's sleep
must do. Runs inside the load child; knows no load.
"""

from __future__ import annotations

import ctypes
import os
import sys
from time import perf_counter
from typing import Any, Final

import gevent
from gevent.hub import get_hub

_CLOCK_MONOTONIC: Final = 1
_READABLE: Final = 1
_NANOSECONDS: Final = 1_000_000_000


class _Spec(ctypes.Structure):
    """struct itimerspec: an interval, here none, and the first expiry."""

    _fields_ = [(name, ctypes.c_long) for name in ("every_s", "every_ns", "first_s", "first_ns")]


class Timer:
    """Sleeps of one greenlet."""

    def __init__(self) -> None:
        self._libc: Any = ctypes.CDLL(None) if sys.platform == "linux" else None
        self._file = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC) if self._libc else -1
        self._watcher: Any = get_hub().loop.io(self._file, _READABLE) if self._file >= 0 else None

    def sleep_until(self, due: float) -> None:
        """Sleep until perf_counter says `due`; others run at least once."""
        left = due - perf_counter()
        if self._watcher is None or left <= 0.0:
            gevent.sleep(max(left, 0.0))
        while (left := due - perf_counter()) > 0.0:
            if self._watcher is None:
                gevent.sleep(left)
            else:
                self._sleep(left)

    def _sleep(self, seconds: float) -> None:
        whole, fraction = divmod(max(int(seconds * _NANOSECONDS), 1), _NANOSECONDS)  # 0 would disarm it
        self._libc.timerfd_settime(self._file, 0, ctypes.byref(_Spec(0, 0, whole, fraction)), None)
        get_hub().wait(self._watcher)
        os.read(self._file, 8)

    def close(self) -> None:
        """Give the file back."""
        if self._watcher is not None:
            self._watcher.close()
            os.close(self._file)
            self._watcher = None
