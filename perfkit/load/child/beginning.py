"""The beginning of a load child: what is put in place when Locust has loaded the scenario, by what the orders say."""

from __future__ import annotations

import os
import signal
from typing import Any

import gevent
from locust import events

from perfkit.load import open_files
from perfkit.load.child import (
    feeds,
    footprint,
    own_statistics,
    pauses,
    reply_bytes,
    shapes,
    sink,
    tagged,
)
from perfkit.load.child.course import Course
from perfkit.load.child.open_model import taking
from perfkit.load.child.recorder import Recorder
from perfkit.load.child.superior import tell_parent
from perfkit.load.child.workers import curve
from perfkit.load.child.workers.worker import Link, call_out
from perfkit.load.orders import VARIABLE, Orders
from perfkit.load.words import Begun, to_line


@events.init.add_listener
def _start(environment: Any, **_: Any) -> None:
    orders = Orders.from_json(os.environ[VARIABLE])
    tagged.drop_the_idle(environment)
    if orders.role == "master":
        from perfkit.load.child.workers.master import Master  # 100 ms that most children do without

        orders, _ = shapes.settle(orders, environment)
        Master(orders, environment).install()
        return
    reply_bytes.count_bodies()
    link = Link(orders, environment) if orders.role == "worker" else None
    orders = link.await_orders() if link is not None else orders
    orders, is_shaped = shapes.settle(orders, environment)
    open_files.raise_limit()
    recorder = Recorder(orders)
    course = Course(orders, environment, recorder, link, is_shaped=is_shaped)
    sink.install(recorder.sink)
    course.lost_users.install()
    feeds.take_place(orders.worker, orders.workers)
    own_statistics.bound(environment.stats)
    pauses.install(orders, environment.user_classes)
    if course.open_model is not None:
        taking.install(course.open_model)
    environment.stop_timeout = orders.drain_s
    gevent.signal_handler(signal.SIGUSR1, course.stop)
    environment.events.request.add_listener(recorder.on_request)
    if orders.scaled:
        environment.events.request.add_listener(course.scaling.on_request)
    environment.events.user_error.add_listener(recorder.mishaps.on_user_error)
    if link is None:
        environment.events.test_start.add_listener(lambda **_: tell_parent(orders, to_line(Begun())))
    environment.events.test_start.add_listener(course.on_test_start)
    environment.events.test_stopping.add_listener(course.on_test_stopping)
    if link is not None:
        environment.events.quitting.add_listener(link.say_farewell)  # Locust fires the last listener first
    environment.events.quitting.add_listener(course.on_quitting)
    footprint.collect_seldom()
    if link is not None:
        link.serve(course)


if VARIABLE in os.environ:  # before Locust makes its runner, and with that its socket
    curve.protect()
    call_out(Orders.from_json(os.environ[VARIABLE]))
