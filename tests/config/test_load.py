"""perfkit.toml is read strictly: every mistake is found in one reading and said with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit import config
from perfkit.errors import ConfigError
from perfkit.model import Database, Heap, Phase, Sampling, Target, Tolerance
from tests.config.suites import METRICS, PHASE, SCENARIO, SECRET, TARGET, problem, problems, read


def test_the_least_that_can_be_said_is_enough(folder: Path) -> None:
    """A URL, a scenario and a phase; the rest has defaults."""
    suite = read(folder, TARGET, SCENARIO, PHASE)
    assert suite.target == Target(url="http://127.0.0.1:8000")
    assert suite.scenario.file == folder / "locustfile.py"
    assert suite.phases == (Phase(name="concurrent", users=1, duration_s=30.0),)
    assert (suite.database, suite.sampling, suite.tolerance) == (None, Sampling(), Tolerance())


def test_every_key_is_read(folder: Path) -> None:
    suite = read(
        folder,
        'name = "erp"\n[target]\nurl = "http://localhost:{port}/base"\nwatch = ["port:{port}", "pid:12", "name:x"]\n',
        'allow_hosts = ["a.example"]\nstart = ["serve", "{port}"]\nready = "/health"\n',
        'heap = { url = "/h", used = "/u", limit = "/l" }\n',
        '[database]\ndsn_env = "ERP_DSN"\ncapture = "off"\nslower_than = "0.1s"\nexplain_worst = 0\n',
        'statement_timeout = "1m"\n[scenario]\nfile = "locustfile.py"\narguments = ["--tags", "x"]\n',
        '[sampling]\nperiod = "100ms"\nsettle = "2s"\n[compare]\nrelative = "5%"\nabsolute = "1ms"\n',
        '[[phase]]\nname = "one"\nusers = 3\niterations = 20\nduration = "1m30s"\nwarmup = "5s"\ndrain = "0s"\n',
    )
    assert suite.name == "erp"
    assert suite.target == Target(
        url="http://localhost:{port}/base",
        watch=("port:{port}", "pid:12", "name:x"),
        allow_hosts=("a.example",),
        start=("serve", "{port}"),
        ready="/health",
        heap=Heap("/h", "/u", "/l"),
    )
    assert suite.database == Database("ERP_DSN", "off", 100.0, 0, 60.0)
    assert suite.scenario.arguments == ("--tags", "x")
    assert suite.sampling == Sampling(0.1, 2.0)
    assert suite.tolerance == Tolerance(0.05, 1.0)
    assert suite.phases == (Phase("one", 3, 20, 90.0, 5.0, 0.0),)


def test_all_mistakes_are_found_in_one_reading_in_the_order_of_the_file(folder: Path) -> None:
    """One of each table; each with its line."""
    found = problems(
        folder,
        'nam = "x"\n[target]\nurl = "127.0.0.1:8000"\nwach = []\n',
        '[scenario]\nfile = "lost.py"\n[[phase]]\nname = "a"\nusers = "ten"\nduration = "30"\n',
        '[[expect]]\nthat = "latency.p59 < 200ms"\n',
    )
    assert [text.split(":")[0] for text in found] == ["1", "3", "4", "6", "9", "10", "12"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[target]\nurll = "http://h"\nurl = "http://h"\n', "did you mean 'url'?"),
        ('[target]\nurl = "http://h"\nhost = "h"\n', "did you mean 'url'?"),
        ('[target]\nurl = "http://h"\nwatch = ["prt:80"]\n', "did you mean 'port'?"),
        ('[target]\nurl = "http://h"\nwatch = ["port:x"]\n', '"port:…"'),
        ('[target]\nurl = "http://h"\nwatch = "port:80"\n', "must be a list"),
        ('[target]\nurl = "http://h"\nstart = ["x", 1]\n', "must be a list of texts"),
        ('[target]\nurl = "http://h"\nready = "health"\n', "starts with /"),
        ('[target]\nurl = "http://h"\nallow_hosts = ["https://h"]\n', "no scheme"),
        ('[target]\nurl = "http://h"\nheap = { url = "/h", used = "u" }\n', "JSON pointer"),
        ('[target]\nurl = "http://h"\nheap = { used = "/u" }\n', "'url' is missing"),
        ('[target]\nurl = "http://h"\nheap = 3\n', "must be a table, not 3"),
        ('[target]\nurl = "http://h"\nheap = "rutime"\nwatch = ["pid:1"]\n', "did you mean 'runtime'?"),
        ('[target]\nurl = "http://h"\nheap = "runtime"\n', "needs to know which processes"),
        ('[target]\nurl = "http://h:{port}"\n', "has {port}, but no command"),
        ('[target]\nurl = "http://h:80"\nstart = ["x", "{port}"]\n', "url has not"),
        ('[target]\nurl = "http://h:80"\nwatch = ["port:{port}"]\n', "has {port}, but no command"),
        ('[target]\nurl = "local host"\n', "has a space"),
        ('[target]\nurl = "localhost:80"\n', "has no scheme"),
        ('[target]\nurl = "htp://h"\n', "did you mean 'http'?"),
        ('[target]\nurl = "http://"\n', "names no host"),
        ('[target]\nurl = "http://h:port"\n', "is no URL"),
        ('[target]\nurl = "http://[::1"\n', "is no URL"),
        ('[target]\nurl = "http://h/?a=1"\n', "no ? and no #"),
        ('[target]\nurl = ""\n', "is empty"),
        ("[target]\nurl = 8000\n", "must be text, not 8000"),
        ("[target]\n", "'url' is missing"),
    ],
)
def test_mistakes_of_the_target(folder: Path, text: str, expected: str) -> None:
    """What is wrong, and where there is one, the way out."""
    assert expected in problem(folder, text, SCENARIO, PHASE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("users = 0", "between 1 and"),
        ("users = true", "must be a whole number"),
        ("users = 1.5", "must be a whole number"),
        ("iterations = 0", "between 1 and"),
        ("warmup = 5", 'such as "30s"'),
        ('warmup = "31s"', "longer than duration"),
        ('drain = "5 parsecs"', "does not fit"),
        ('drain = "-5s"', "zero or more"),
        ("usrs = 3", "did you mean 'users'?"),
        ('rat = "200/s"', "did you mean 'rate'?"),
    ],
)
def test_mistakes_of_a_phase(folder: Path, text: str, expected: str) -> None:
    assert expected in problem(folder, TARGET, SCENARIO, PHASE, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no [[phase]]"),
        ('[phase]\nname = "a"\n', "[[phase]]"),
        ('phase = ["a"]\n', "[[phase]]"),
        ('[[phase]]\nname = "a"\n', "neither duration nor iterations"),
        ('[[phase]]\nduration = "1s"\n', "'name' is missing"),
        ('[[phase]]\nname = "a"\nduration = "0s"\n', "more than zero"),
        ('[[phase]]\nname = "a"\nduration = "99999999999999h"\n', "is longer than a year"),
        ('[[phase]]\nname = "a{b}"\nduration = "1s"\n', "letters, digits"),
        ('[[phase]]\nname = "a"\nduration = "5s"\nwarmup = "5s"\n', "nothing would be measured"),
        (PHASE + PHASE, "is there already"),
    ],
)
def test_mistakes_of_the_phases(folder: Path, text: str, expected: str) -> None:
    parts = (text, TARGET, SCENARIO) if text.startswith("phase") else (TARGET, SCENARIO, text)
    assert expected in problem(folder, *parts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[database]\n", "'dsn_env' is missing"),
        ('[database]\ndsn_env = "X"\ncapture = "logs"\n', "did you mean 'log'?"),
        ('[database]\ndsn_env = "X"\nslower_than = 50\n', 'such as "50ms"'),
        ('[database]\ndsn_env = "X"\nexplain_worst = -1\n', "between 0 and"),
        ('[sampling]\nperiod = "0s"\n', "more than zero"),
        ('[sampling]\nperiods = "1s"\n', "did you mean 'period'?"),
        ('[compare]\nrelative = "10ms"\n', "does not fit"),
        ('[tolerance]\nrelative = "10%"\n', "did you mean 'compare'?"),
        ("[expct]\n", "did you mean 'expect'?"),
    ],
)
def test_mistakes_of_the_other_tables(folder: Path, text: str, expected: str) -> None:
    assert expected in problem(folder, TARGET, SCENARIO, PHASE, text)


@pytest.mark.parametrize(
    "text",
    [
        f'[database]\ndsn_env = "postgresql://u:{SECRET}@h/db"\n',
        f'[database]\ndsn_env = "host=h password={SECRET}"\n',
        f'[database]\ndsn_env = "X"\ndsn = "postgresql://u:{SECRET}@h/db"\n',
        f'[database]\ndsn_env = "X"\npassword = "{SECRET}"\n',
        f'[database]\ndsn_env = "X"\ncapture = "{SECRET}"\n',
        f'[database]\ndsn_env = "X"\nslower_than = "{SECRET}"\n',
        f'[database]\ndsn_env = ["{SECRET}"]\n',
        f'[database]\ndsn_env = "X"\n"postgresql://u:{SECRET}@h/db" = 1\n',
        f'[[expect]]\nthat = "postgresql://u:{SECRET}@h/db"\n',
    ],
)
def test_a_secret_written_here_is_refused_and_never_repeated(folder: Path, text: str) -> None:
    """Not in a problem, not in the message, not in the hint."""
    with pytest.raises(ConfigError) as failed:
        read(folder, TARGET, SCENARIO, PHASE, text)
    said = f"{failed.value} {failed.value.hint} {failed.value.problems}"
    assert SECRET not in said


@pytest.mark.parametrize("url", [f"http://u:{SECRET}@h", f"http://u:{SECRET}@h:x", f"u:{SECRET}@h", f"a b:{SECRET}@h"])
def test_a_password_in_the_url_is_refused_and_never_repeated(folder: Path, url: str) -> None:
    assert SECRET not in problem(folder, f'[target]\nurl = "{url}"\n', SCENARIO, PHASE)


def test_a_connection_string_is_answered_with_the_way_out(folder: Path) -> None:
    """It says that an environment variable's name belongs there."""
    found = problem(folder, TARGET, SCENARIO, PHASE, '[database]\ndsn_env = "postgresql:///erp"\n')
    assert "environment variable" in found


def test_a_problem_is_one_line_and_cannot_move_the_cursor(folder: Path) -> None:
    """Whatever characters a key has."""
    assert problem(folder, '"a\\n\\u001b[2J" = 1\n', TARGET, SCENARIO, PHASE).startswith("1: a\\n\\x1b[2J: ")


def test_text_that_is_not_toml_has_its_line(folder: Path) -> None:
    assert problem(folder, TARGET, "[scenario\n").startswith("3: is not TOML: ")


def test_toml_that_ends_too_early_has_its_last_line(folder: Path) -> None:
    assert problem(folder, TARGET, 'x = """\n').startswith("4: is not TOML: ")


def test_bytes_that_are_no_text_have_their_line(folder: Path) -> None:
    file = folder / "perfkit.toml"
    file.write_bytes(b"a = 1\nb = '\xff'\n")
    with pytest.raises(ConfigError) as failed:
        config.load(file, metrics=METRICS)
    assert failed.value.problems == (f"{file}:2: is not UTF-8 text",)


def test_a_byte_order_mark_is_no_mistake(folder: Path) -> None:
    """Some editors write one."""
    (folder / "perfkit.toml").write_bytes(b"\xef\xbb\xbf" + (TARGET + SCENARIO + PHASE).encode())
    assert config.load(folder / "perfkit.toml", metrics=METRICS).phases


def test_a_file_that_is_not_there_is_answered_with_init(folder: Path) -> None:
    with pytest.raises(ConfigError) as failed:
        config.load(folder / "nowhere.toml", metrics=METRICS)
    assert "perfkit init" in str(failed.value.hint)


def test_a_folder_is_no_suite(folder: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        config.load(folder, metrics=METRICS)


def test_the_scenario_is_looked_for_beside_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the command was started."""
    monkeypatch.chdir("/")
    (folder / "perfkit.toml").write_text(TARGET + SCENARIO + PHASE)
    assert config.load(folder / "perfkit.toml", metrics=METRICS).scenario.file == folder / "locustfile.py"


@pytest.mark.parametrize(("file", "expected"), [("lost.py", "does not exist"), ("x" * 300, "cannot be")])
def test_a_scenario_that_is_not_there_is_a_mistake(folder: Path, file: str, expected: str) -> None:
    assert expected in problem(folder, TARGET, f'[scenario]\nfile = "{file}"\n', PHASE)


def test_the_url_of_the_command_line_stands_in_for_that_of_the_file(folder: Path) -> None:
    """Whether the file has one or not."""
    assert read(folder, TARGET, SCENARIO, PHASE, url="http://h:1").target.url == "http://h:1"
    assert read(folder, SCENARIO, PHASE, url="http://h:1").target.url == "http://h:1"


def test_a_target_named_on_the_command_line_is_not_started(folder: Path) -> None:
    """It is somewhere already."""
    target = '[target]\nurl = "http://127.0.0.1:{port}"\nstart = ["serve", "{port}"]\n'
    assert read(folder, target, SCENARIO, PHASE, url="http://h:1").target.start == ()


def test_a_wrong_url_of_the_command_line_is_not_blamed_on_the_file(folder: Path) -> None:
    with pytest.raises(ConfigError) as failed:
        read(folder, TARGET, SCENARIO, PHASE, url="h")
    assert [text.split(":")[0] for text in failed.value.problems] == ["command line"]


def test_arguments_of_the_command_line_come_after_those_of_the_file(folder: Path) -> None:
    suite = read(folder, TARGET, SCENARIO, 'arguments = ["a"]\n', PHASE, arguments=["b"])
    assert suite.scenario.arguments == ("a", "b")


VALUES = st.recursive(
    st.none()
    | st.sampled_from(
        ['""', '"30s"', '"http://h"', "1", "-1", "0", "1e999", "nan", "true", '"x"', "1979-05-27", '"\\u0000"']
    )
    | st.text(st.characters(codec="utf-8", exclude_characters='"\\', exclude_categories=["Cc"]), max_size=8).map(
        lambda text: f'"{text}"'
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(str(i or 1) for i in items)}]")
        | inner.map(lambda value: f"{{ url = {value or 1}, name = {value or 1} }}")
    ),
    max_leaves=4,
)
KEYS = st.sampled_from(
    re.findall(
        r"\S+",
        """name url watch heap start ready allow_hosts dsn_env capture slower_than file arguments users
        iterations duration warmup drain rate arrivals max_users stages to over pacing think that optional priority
        title columns cells header row documented target metric endpoint""",
    )
)
TABLES = st.sampled_from(
    re.findall(
        r"\S+",
        """[target] [database] [scenario] [sampling] [compare] [[phase]] [[expect]] [[sheet]] [[sheet.row]] [row]
        [phase] [[phase.stages]] [profile] [profile.a] [[profile.a.phase]]""",
    )
)
LINES = TABLES | st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1] or 0}")


@given(st.lists(LINES, max_size=12).map("\n".join) | st.text(max_size=60))
def test_any_text_is_a_config_or_a_config_error(text: str) -> None:
    """No other exception, whatever stands in the file; each problem is one line."""
    try:
        config.from_text(text, Path("perfkit.toml"), metrics=METRICS)
    except ConfigError as error:
        assert all(found.startswith("perfkit.toml") and "\n" not in found for found in error.problems)  # noqa: PT017


@given(content=st.binary(max_size=60))
def test_any_bytes_are_a_config_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        config.load(file, metrics=METRICS)


@pytest.mark.parametrize("text", [f"x = {'[' * 5000}{']' * 5000}", f"x = {'9' * 5000}", f"{'a.' * 3000}a = 1"])
def test_a_text_made_to_exhaust_the_reader_is_a_config_error(folder: Path, text: str) -> None:
    """Brackets thousands deep, a number of thousands of digits, keys thousands long."""
    assert problems(folder, text)
