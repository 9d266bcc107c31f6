"""--tags and --exclude-tags: which classes of users still have a task. Knows Locust, inside the load child.

Locust makes users of a class without a task all the same, and each of them fails.
"""

from __future__ import annotations

from typing import Any

from perfkit.load.child import notes


class NoTaskError(Exception):
    """The tags leave nothing to do."""


def drop_the_idle(environment: Any) -> None:
    """Leave out the classes without a task that the tags allow.

    Raises:
        NoTaskError: that is all of them.
    """
    options = environment.parsed_options
    if not options.tags and not options.exclude_tags:
        return
    environment._filter_tasks_by_tags()
    idle = [
        kind for kind in environment.user_classes if not kind.tasks and not getattr(kind, "functions", None)
    ]  # of pytest
    if len(idle) == len(environment.user_classes):
        said = [f"--{name} {' '.join(words)}" for name, words in _words_of(options) if words]
        raise NoTaskError(f"no task is left by the tags: {' '.join(said)}")
    for kind in idle:
        environment.user_classes.remove(kind)
        notes.tell(f"{kind.__name__} was left out: it has no task that the tags allow")


def _words_of(options: Any) -> list[tuple[str, list[str]]]:
    return [("tags", options.tags), ("exclude-tags", options.exclude_tags)]
