"""The command line speaks one language, cuts nothing, and answers a wrong call in the form that was asked for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from rich.cells import cell_len
from typer.testing import CliRunner

from forecast.cli import app
from forecast.cli.help import broken, manner
from forecast.cli.options import COMMON, RUN
from forecast.texts import LANGS, catalogue, t

TOP = typer.main.get_command(app)


def walk(command=TOP, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, (*words, name))


COMMANDS = dict(walk())
IDS = [" ".join(words) or "dabiao" for words in COMMANDS]


def call(*arguments: str, columns: int = 80):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": str(columns), "LANG": "zh_CN.UTF-8", "LC_ALL": ""})


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def beside(screen: str, name: str) -> str:
    """What stands beside or below a name on a page of help."""
    lines = iter(screen.splitlines())
    first = next(line for line in lines if line.startswith(f"  {name}") and line[2 + len(name) :][:2] in ("", "  "))
    found = [first[2 + len(name) :]]
    for line in lines:
        if not line.startswith("     ") or (found[0].strip() and line[2] != " "):
            break
        found.append(line)
    return bare("".join(found))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("words", COMMANDS, ids=IDS)
def test_every_word_of_every_help_is_on_a_screen_of_80_columns(words, lang):
    command = COMMANDS[words]
    done = call(*words, "--help", "--lang", lang)
    assert done.exit_code == 0, done.output
    assert all(cell_len(line) <= 80 for line in done.stdout.splitlines())
    assert "…" not in done.stdout
    assert bare(t(f"help.{'_'.join(['command', *words])}", lang)) in bare(done.stdout)
    shown = 0
    for param in command.params:
        names = ", ".join(sorted(param.opts, key=len))
        if param.param_type_name == "argument":
            names = f"{param.metavar}{'...' if param.nargs != 1 else ''}"
        elif not param.is_flag:
            names += f" {param.metavar}"
        assert beside(done.stdout, names).startswith(bare(t(f"help.{param.help}", lang))), names
        shown += 1
    for name in getattr(command, "commands", ()):
        assert beside(done.stdout, name) == bare(t(f"help.{'_'.join(['command', *words, name])}", lang))
        shown += 1
    listed = re.findall(r"^  (?=\S)(?!" + re.escape(t("help.usage", lang)) + ")", done.stdout, flags=re.MULTILINE)
    assert len(listed) >= shown + 1  # and the page's own option


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("words", COMMANDS, ids=IDS)
def test_help_is_of_one_language(words, lang):
    page = call(*words, "--help", "--lang", lang).stdout
    han = len(re.findall(r"[\u4e00-\u9fff]", page))
    if lang == "zh":
        assert han > 40
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", page.partition("\n")[2])  # below the line of usage
    else:
        assert han <= 6  # 安康市, as an example of what is to be written


def test_every_text_of_the_help_is_used():
    keys = {*("_".join(["command", *words]) for words in COMMANDS if words)}
    keys |= {param.help for _, command in COMMANDS.items() for param in command.params}
    of_help = {key.removeprefix("help.") for key in catalogue("zh") if key.startswith("help.")}
    frame = {key for key in of_help if not key.startswith(("command_", "option_", "argument_"))} | {"option_help"}
    assert of_help - frame == keys


def test_an_option_that_several_commands_have_means_the_same_in_each():
    for words, command in COMMANDS.items():
        for param in command.params:
            if param.name in COMMON and param.param_type_name == "option":
                expected = "option_outcomes_as_of" if words == ("backtest",) and param.name == "as_of" else None
                assert param.help == (expected or f"option_{param.name}")
                assert param.default == COMMON[param.name][1]


def test_commands_that_run_a_data_set_have_all_common_options():
    for name in ("run", "scenario", "path", "makeup", "breakdown"):
        assert set(RUN) <= {param.name for param in COMMANDS[(name,)].params}


@pytest.mark.parametrize("words", [w for w, c in COMMANDS.items() if any(p.name == "json" for p in c.params)])
def test_a_call_that_cannot_be_read_leaves_one_json_document(words):
    done = call(*words, "--no-such-option", "--json")
    assert done.exit_code == 2
    document = json.loads(done.stdout)
    assert document["ok"] is False
    (problem,) = document["problems"]
    assert problem["code"] == "usage_call"
    assert "--no-such-option" in problem["text"]


def test_only_the_app_and_the_groups_give_no_json():
    silent = {words for words, c in COMMANDS.items() if not any(p.name == "json" for p in c.params)}
    assert silent == {(), ("app",), ("runs",)}
    for words in silent:
        done = call(*words, "--json")
        assert done.exit_code == 2
        assert json.loads(done.stdout)["ok"] is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rum", "--json"), "rum"),
        (("run", "--json"), "DATASET"),
        (("run", "x", "--json", "--seed", "many"), "--seed"),
        (("run", "x", "--json", "--method", "magic"), "magic"),
        (("run", "data/ankang-2020", "--json", "--as-of", "2020年8月"), "YYYY-MM"),
        (("runs", "prune", "--json"), "--keep"),
        (("collect", "x.xlsx", "--month", "soon", "--json"), "soon"),
    ],
)
def test_every_exit_with_code_2_says_what_is_wrong_in_json(arguments, said):
    done = call(*arguments)
    assert done.exit_code == 2
    assert said in json.loads(done.stdout)["problems"][0]["text"]
    assert not done.stderr.strip()


@pytest.mark.parametrize("lang", LANGS)
def test_a_wrong_call_is_told_in_the_language_of_the_call(lang):
    done = call("run", "--lang", lang)
    assert done.exit_code == 2
    assert t("help.error_MissingParameter", lang, name="DATASET") in done.stderr
    assert "dabiao run --help" in done.stderr or "run --help" in done.stderr
    assert "Traceback" not in done.output


def test_without_a_command_the_page_of_help_is_shown():
    done = call()
    assert done.exit_code == 2
    assert "makeup" in done.output


def test_the_manner_of_a_call_is_read_wherever_it_stands():
    assert manner(["run", "x", "--lang", "en", "--json"]) == manner(["--lang=en", "--json", "run", "x"])
    assert manner(["run"]).json is False


@pytest.mark.parametrize("width", [12, 20, 37, 80])
def test_nothing_is_lost_where_lines_are_broken(width):
    text = '愿望，可多次：gdp>=0.3 达到，"gdp:near>=50%" 接近，restart,complete（PyMC）；a-very-long-word-of-all'
    lines = broken(text, width)
    assert bare("".join(lines)) == bare(text)
    assert all(cell_len(line) <= width for line in lines)
    assert not any(line.startswith(("，", "。", "；", "）")) for line in lines if width > 12)


def test_the_module_is_the_command():
    told = [
        subprocess.run([sys.executable, *how, "--help", "--lang", "en"], capture_output=True, text=True, check=True)
        for how in (["-m", "forecast"], ["-c", "from forecast.cli import main; main()"])
    ]
    assert told[0].stdout == told[1].stdout
    assert told[0].stdout.startswith("Usage: dabiao")
