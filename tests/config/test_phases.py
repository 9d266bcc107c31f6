"""The load as perfkit.toml says it: rates, stages, pauses and profiles."""

from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit import config
from perfkit.errors import ConfigError
from perfkit.model import Config, Phase, Scenario, Stage, Target
from tests.config.suites import METRICS, PHASE, SCENARIO, SHEET, SINGLE, TARGET, problem, problems, read

NAMED = '[[phase]]\nname = "a"\n'


def phase_of(folder: Path, text: str) -> Phase:
    (phase,) = read(folder, TARGET, SCENARIO, NAMED, text).phases
    return phase


def test_a_rate_makes_an_open_phase(folder: Path) -> None:
    """As many users are ready as come in a second, at most max_users."""
    text = 'rate = "90/min"\nduration = "10s"\n'
    assert phase_of(folder, text) == Phase("a", users=2, duration_s=10.0, rate_per_s=1.5)
    text = 'rate = "200/s"\nduration = "10s"\narrivals = "poisson"\nmax_users = 50\n'
    assert phase_of(folder, text) == Phase(
        "a", users=50, duration_s=10.0, rate_per_s=200.0, arrivals="poisson", max_users=50
    )
    assert phase_of(folder, f"{text}users = 7\n").users == 7


def test_stages_of_rates_begin_at_the_rate_or_at_nothing(folder: Path) -> None:
    text = 'stages = [{ to = "200/s", over = "30s" }, { to = "0/s", over = "0s" }, { to = "1/s", over = "1m" }]\n'
    stages = (Stage(200.0, 30.0), Stage(0.0, 0.0), Stage(1.0, 60.0))
    assert phase_of(folder, text) == Phase("a", users=200, duration_s=90.0, rate_per_s=0.0, stages=stages)
    assert phase_of(folder, text + 'rate = "300/s"\n').rate_per_s == 300.0
    assert phase_of(folder, text + 'rate = "300/s"\n').users == 300


def test_stages_of_users_begin_at_users_or_at_nobody(folder: Path) -> None:
    text = 'stages = [{ to = 50, over = "30s" }, { to = 50, over = "1m" }]\nwarmup = "30s"\n'
    stages = (Stage(50.0, 30.0), Stage(50.0, 60.0))
    assert phase_of(folder, text) == Phase("a", users=0, duration_s=90.0, warmup_s=30.0, stages=stages)
    assert phase_of(folder, text + "users = 10\n").users == 10


def test_pauses_are_one_length_or_two(folder: Path) -> None:
    text = 'duration = "10s"\n'
    assert phase_of(folder, text + 'pacing = "1s"\n').pacing_s == 1.0
    assert phase_of(folder, text + 'think = "1s"\n').think_s == (1.0, 1.0)
    assert phase_of(folder, text + 'think = "500ms - 1m30s"\n').think_s == (0.5, 90.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('rate = 200\nduration = "1s"', 'such as "200/s"'),
        ('rate = "200"\nduration = "1s"', "a unit is missing"),
        ('rate = "0/s"\nduration = "1s"', "more than zero"),
        ('rate = "200/s"', "has no duration"),
        ('rate = "200/s"\nduration = "1s"\niterations = 3', "does not go with rate"),
        ('rate = "200/s"\nduration = "1s"\npacing = "1s"', "does not go with rate"),
        ('rate = "2/s"\nduration = "1s"\nusers = 5\nmax_users = 4', "max_users is 4"),
        ('rate = "2/s"\nduration = "1s"\narrivals = "poison"', "did you mean 'poisson'?"),
        ('duration = "1s"\narrivals = "poisson"', "goes with rate"),
        ('duration = "1s"\nmax_users = 3', "goes with rate"),
        ('duration = "1s"\npacing = "1s"\nthink = "1s"', "does not go with think"),
        ('duration = "1s"\nthink = "3s-1s"', "ends before it begins"),
        ('duration = "1s"\nthink = "1s-2s-3s"', 'such as "1s-3s"'),
        ('duration = "1s"\nthink = "1-3s"', 'such as "1s-3s"'),
        ('duration = "1s"\nthink = "3"', "a unit is missing"),
        ('duration = "1s"\nstages = [{ to = 1, over = "1s" }]', "does not go with stages"),
        ('iterations = 3\nstages = [{ to = 1, over = "1s" }]', "does not go with stages"),
        ('stages = [{ to = 1, over = "1s" }, { to = "2/s", over = "1s" }]', "must be a whole number"),
        ('rate = "1/s"\nstages = [{ to = 1, over = "1s" }]', 'such as "200/s"'),
        ('stages = [{ to = 1, ovr = "1s" }, { to = 1, over = "1s" }]', "did you mean 'over'?"),
        ('stages = [{ to = 1, over = "0s" }]', "take no time"),
        ('stages = [{ to = 0, over = "1s" }]', "lead to nobody"),
        ('stages = [{ to = 1, over = "1s" }]\nwarmup = "2s"', "longer than the stages"),
        ("stages = 3", "must be tables"),
    ],
)
def test_mistakes_of_the_load(folder: Path, text: str, expected: str) -> None:
    assert any(expected in found for found in problems(folder, TARGET, SCENARIO, NAMED, text + "\n"))


# Profiles


SPIKE = '[[profile.spike.phase]]\nname = "burst"\nrate = "9/s"\nduration = "1s"\n'
SMOKE = '[[profile.smoke.phase]]\nname = "single"\niterations = 1\n'


def test_a_profile_replaces_the_phases(folder: Path) -> None:
    suite = (TARGET, SCENARIO, PHASE, SPIKE, SMOKE)
    assert [phase.name for phase in read(folder, *suite).phases] == ["concurrent"]
    assert [phase.name for phase in read(folder, *suite, profile="spike").phases] == ["burst"]
    assert read(folder, *suite, profile="smoke").phases == (Phase("single", iterations=1),)


def test_a_suite_may_have_profiles_only_when_one_is_asked_for(folder: Path) -> None:
    assert read(folder, TARGET, SCENARIO, SPIKE, profile="spike").phases
    assert "no [[phase]]" in problem(folder, TARGET, SCENARIO, SPIKE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(SPIKE + SMOKE, "did you mean 'spike'?"), (SMOKE, "there are smoke"), (PHASE, "write [[profile.NAME.phase]]")],
)
def test_a_profile_that_is_not_there_is_a_mistake(folder: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as failed:
        read(folder, TARGET, SCENARIO, text, profile="spik")
    assert expected in str(failed.value.problems)


def test_profiles_are_read_strictly_even_when_they_are_not_run(folder: Path) -> None:
    assert "did you mean 'rate'" in problem(folder, TARGET, SCENARIO, PHASE, SMOKE, 'rte = "3/s"\n')
    assert "no [[phase]]" in problem(folder, TARGET, SCENARIO, PHASE, "[profile.empty]\n")
    assert "unknown key" in problem(folder, TARGET, SCENARIO, PHASE, SMOKE, "[profile.smoke]\nusers = 3\n")


def test_what_is_asked_of_a_phase_of_another_profile_is_left_out(folder: Path) -> None:
    """In [[expect]], and in the rows and columns of a sheet; with all of them the sheet goes too."""
    asked = [f'[[expect]]\nthat = "errors.ratio{selector} < 1%"\n' for selector in ("", "{single}", "{burst}")]
    sheets = f"""{SHEET}[[sheet.row]]\nname = "A"\ntarget = ["<1s", "<2s"]
[[sheet.row]]\nname = "B"\ncells = ["errors.ratio{{single}}", "errors.ratio"]
[[sheet]]\ntitle = "Rows"
[[sheet.row]]\nname = "C"\nmetric = "latency.p95{{concurrent}}"
[[sheet.row]]\nname = "D"\nmetric = "latency.p95{{burst}}"\n"""
    text = (TARGET, SCENARIO, PHASE, SINGLE, SPIKE, SMOKE, *asked, sheets)
    everything, spike = read(folder, *text), read(folder, *text, profile="spike")
    assert len(everything.expectations) == 4
    assert [len(sheet.rows) for sheet in everything.sheets] == [2, 1]
    assert [expectation.that for expectation in spike.expectations] == [
        "errors.ratio < 1%",
        "errors.ratio{burst} < 1%",
    ]
    assert [(sheet.title, [row.name for row in sheet.rows]) for sheet in spike.sheets] == [
        ("T", ["B"]),
        ("Rows", ["D"]),
    ]
    smoke = read(folder, *text, profile="smoke")
    assert [(sheet.title, sheet.columns) for sheet in smoke.sheets] == [("T", ("Avg",))]
    for suite in (everything, spike, smoke):
        assert read(folder, config.to_toml(suite)) == suite


# Shortened, and written out


def test_a_shortened_load_keeps_its_shape(folder: Path) -> None:
    """At most 8 s, 20 arrivals a second, 10 users; pauses and pool stay."""
    rate = 'stages = [{ to = "200/s", over = "30s" }, { to = "50/s", over = "50s" }]\nwarmup = "80s"\n'
    users = 'stages = [{ to = 50, over = "3s" }, { to = 5, over = "1s" }]\nthink = "1s"\n'
    suite = read(folder, TARGET, SCENARIO, NAMED, rate, '[[phase]]\nname = "b"\n', users)
    flood, crowd = config.quick(suite).phases
    assert flood.stages == (Stage(20.0, pytest.approx(0.75)), Stage(5.0, pytest.approx(1.25)))
    assert flood.is_warmup_only
    assert (flood.duration_s, flood.users, flood.max_users) == (pytest.approx(2.0), 10, 1000)
    assert (crowd.stages, crowd.duration_s, crowd.users) == ((Stage(10.0, 3.0), Stage(1.0, 1.0)), 4.0, 0)
    assert read(folder, config.to_toml(config.quick(suite))) == config.quick(suite)


def test_a_locust_file_alone_can_have_a_rate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of it is warm-up, as always; no users are asked for."""
    monkeypatch.chdir(folder)
    given = {"users": None, "duration": "10s", "rate": "200/s", "arrivals": "poisson", "max_users": 500}
    (phase,) = config.without_file(Path("locustfile.py"), "http://h", **given).phases
    assert phase == Phase("load", 200, None, 10.0, 1.0, 10.0, 200.0, "poisson", 500)


def test_mistakes_of_a_rate_on_the_command_line_name_its_options(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(ConfigError) as failed:
        config.without_file(Path("locustfile.py"), "http://h", arrivals="poisson", max_users=3)
    assert sorted(text.split(": ")[1] for text in failed.value.problems) == ["--max-users", "--poisson"]


LENGTHS = st.floats(1e-6, 1e6)
PAUSES = st.none() | st.tuples(LENGTHS, LENGTHS).map(lambda pair: (min(pair), max(pair)))


@given(LENGTHS, st.lists(st.tuples(LENGTHS, LENGTHS), max_size=4), PAUSES, st.booleans(), st.booleans())
def test_any_load_survives_being_written(
    rate: float, steps: list[tuple[float, float]], think: tuple[float, float] | None, is_open: bool, is_random: bool
) -> None:
    """To the last digit; whole users stay whole."""
    tos = [(to if is_open else float(round(to) + 1), over) for to, over in steps]
    stages = tuple(Stage(*step) for step in tos)
    arrivals = "poisson" if is_random and is_open else "constant"
    phase = Phase("p", 3, None, rate, 0.0, 1.0, rate if is_open else None, arrivals, 1000, stages, None, think)
    if stages:
        phase = Phase(**{**_fields(phase), "duration_s": sum(stage.over_s for stage in stages)})
    suite = Config(Target("http://h"), Scenario(Path(__file__).absolute()), (phase,), file=Path(__file__).absolute())
    assert config.from_text(config.to_toml(suite), Path(__file__).absolute(), metrics=METRICS) == suite


def _fields(phase: Phase) -> dict[str, object]:
    return {name: getattr(phase, name) for name in phase.__dataclass_fields__}


def test_the_kinds_of_arrivals_are_those_of_the_schedule() -> None:
    """Written in three places, as rooms and the child share no words."""
    from perfkit.load.arrivals import Kind
    from perfkit.load.orders import Orders

    kinds = get_args(Kind)
    assert get_args(get_type_hints(Phase)["arrivals"]) == kinds == get_args(get_type_hints(Orders)["arrivals"])
