"""From a moment on every line of a log is read once, across rotation, up to the mark."""

from __future__ import annotations

import os
from pathlib import Path

from perfkit.queries.log_files import MAX_LINE_BYTES, LocalFiles
from perfkit.queries.log_tail import PATIENCE_S, Tail, find_mark


class Clock:
    """A clock that only moves when somebody sleeps; `then` happens at each sleep."""

    def __init__(self, *then: object) -> None:
        self.now = 0.0
        self.then = list(then)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.then:
            action = self.then.pop(0)
            assert callable(action)
            action()


def write(file: Path, text: str, *, at: float = 0.0) -> None:
    """Append, as a server does; `at` is the time of modification in seconds."""
    with file.open("a") as log:
        log.write(text)
    os.utime(file, (at, at))


def read(folder: Path, offsets: dict[str, int], mark: str | None, clock: Clock | None = None) -> list[bytes]:
    ticking = clock or Clock()
    blocks = Tail(LocalFiles(folder), ".json", offsets, ticking, ticking.sleep).blocks(mark)
    return b"".join(blocks).split(b"\n")[:-1]


def test_what_stood_there_before_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "a.json", "old\n")
    write(tmp_path / "a.json", "new\n")
    assert read(tmp_path, {"a.json": 4}, None) == [b"new"]


def test_the_mark_ends_the_reading(tmp_path: Path) -> None:
    write(tmp_path / "a.json", "one\n mark 7 \nlater\n")
    assert read(tmp_path, {}, "mark 7") == [b"one"]


def test_rotated_files_are_read_in_the_order_of_their_writing(tmp_path: Path) -> None:
    write(tmp_path / "b.json", "first\n", at=1)
    write(tmp_path / "c.json", "second\n", at=2)
    write(tmp_path / "a.json", "third\nmark\n", at=3)
    assert read(tmp_path, {}, "mark") == [b"first", b"second", b"third"]


def test_files_of_another_kind_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "a.log", "stderr\n")
    write(tmp_path / "a.json", "json\n")
    assert read(tmp_path, {}, None) == [b"json"]


def test_a_file_that_was_begun_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    write(tmp_path / "monday.json", "new\n")
    assert read(tmp_path, {"monday.json": 4000}, None) == [b"new"]


def test_a_line_that_is_not_finished_is_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "a.json"
    write(log, "beg")
    clock = Clock(lambda: write(log, "un\nmark\n"))
    assert read(tmp_path, {}, "mark", clock) == [b"begun"]


def test_a_mark_that_never_comes_is_waited_for_only_so_long(tmp_path: Path) -> None:
    write(tmp_path / "a.json", "one\n")
    clock = Clock()
    assert read(tmp_path, {}, "mark", clock) == [b"one"]
    assert PATIENCE_S <= clock.now < 2 * PATIENCE_S


def test_an_endless_line_becomes_an_empty_one_and_the_next_is_whole(tmp_path: Path) -> None:
    write(tmp_path / "a.json", "x" * (2 * MAX_LINE_BYTES) + "\nnext\n")
    assert read(tmp_path, {}, None) == [b"", b"next"]


def test_the_mark_is_found_and_the_file_cut_behind_its_line(tmp_path: Path) -> None:
    write(tmp_path / "a.json", "old\n")
    write(tmp_path / "a.json", "more\n{mark 7}\nlater\n")
    offsets = find_mark(LocalFiles(tmp_path), ".json", {"a.json": 4, "z.json": 9}, "mark 7")
    assert offsets == {"a.json": len("old\nmore\n{mark 7}\n"), "z.json": 9}
    assert read(tmp_path, {"a.json": offsets["a.json"]}, None) == [b"later"]


def test_a_mark_whose_line_is_not_finished_is_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "a.json"
    write(log, "mark")
    clock = Clock(lambda: write(log, " 7\n"))
    assert find_mark(LocalFiles(tmp_path), ".json", {}, "mark", clock=clock, sleep=clock.sleep) == {"a.json": 7}


def test_a_log_of_another_server_does_not_get_the_mark(tmp_path: Path) -> None:
    write(tmp_path / "a.json", "mark\n")
    clock = Clock()
    assert find_mark(LocalFiles(tmp_path), ".json", {"a.json": 5}, "mark", clock=clock, sleep=clock.sleep) is None
