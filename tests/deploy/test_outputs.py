"""What each CI system is given at the end of a run, letter for letter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shipway.deploy.building import Artifacts
from shipway.deploy.outcome import Outcome
from shipway.deploy.outputs.publishing import publish
from shipway.deploy.outputs.report import OUTPUTS, Publication, report_of
from shipway.deploy.outputs.systems import SYSTEMS, Wish, publications, wish_of, wishes
from shipway.deploy.planning.causes import Cause
from shipway.deploy.planning.post_mortem import Finding, PostMortem
from shipway.deploy.planning.verdict import Verdict
from tests.docs.pages import ROOT, table

from .fakes import World
from .hello import deployed

ECS = "arn:aws:ecs:eu-west-1:111122223333"
CRASH = Finding(
    Cause("SC501", "container web exits with code 1", "Correct the image."),
    ("5e6182a4",),
    log_lines=("cannot open /etc/hello.conf", "```", "::error::not ours"),
)
CHANGE = "web.image: shop:1 -> shop:2"


def an_outcome(**members: Any) -> Outcome:
    given: dict[str, Any] = {
        "verdict": Verdict.DEPLOYED,
        "sentence": "3 tasks are in service.",
        "cluster": "shop",
        "service": "web",
        "service_deployment_arn": f"{ECS}:service-deployment/shop/web/d1",
        "revision_before": f"{ECS}:task-definition/web:1",
        "revision_after": f"{ECS}:task-definition/web:2",
        "images": {"web": "shop@sha256:ab", "side": "log:1"},
        "urls": ("http://web.example/",),
        "task_arns": (f"{ECS}:task/shop/t1", f"{ECS}:task/shop/t2"),
        "console_url": "https://console/web",
        "duration_ms": 61_240,
    }
    return Outcome(**{**given, **members})


def rolled_back() -> Outcome:
    return an_outcome(
        verdict=Verdict.ROLLED_BACK,
        sentence="ECS rolled the service back: 100% of [3] tasks failed; it's over.",
        revision_after=f"{ECS}:task-definition/web:1",
        post_mortem=PostMortem((CRASH,), (CHANGE,)),
    )


def given_to(system: str, outcome: Outcome, prefix: str | None = None, **variables: str) -> Publication:
    report = report_of("deploy", outcome.as_document())
    (publication,) = publications(report, [Wish(system)], prefix, variables)
    return publication


def test_the_page_has_the_same_outputs_and_systems() -> None:
    """Names, meanings, detection and default files are told as they are."""
    page = ROOT / "docs" / "ci.md"
    told = [(name.strip("`"), meaning) for name, meaning in table(page, "## The outputs")]
    assert told == list(OUTPUTS.items())
    rows = {row[0].strip("`"): row for row in table(page, "| format")}
    assert {name: item.detected_by or "asked for only" for name, item in SYSTEMS.items()} == {
        name: row[1].strip("`") for name, row in rows.items()
    }
    for system, row in rows.items():
        files = [Path(file).name for file, _ in given_to(system, an_outcome()).write]
        assert all(f"`{file}`" in row[2] for file in files)


def test_every_output_has_a_value_or_is_empty() -> None:
    """The names are those of the table, whatever the document lacks; lists are joined with semicolons."""
    values = report_of("deploy", an_outcome().as_document()).values
    assert list(values) == list(OUTPUTS)
    assert list(report_of("deploy", {}).values) == list(OUTPUTS)
    assert values["task_arns"] == f"{ECS}:task/shop/t1;{ECS}:task/shop/t2"
    assert values["first_task_arn"] == f"{ECS}:task/shop/t1"
    assert (values["images"], values["first_image"]) == ("web=shop@sha256:ab;side=log:1", "shop@sha256:ab")
    assert (values["exit_code"], values["duration_s"], values["failure_cause"]) == ("0", "61.2", "")


def test_a_release_of_one_chosen_service_has_all_that_is_known_of_it() -> None:
    """As if its file were the service's alone: the next step asks for its task definition."""
    one = an_outcome()
    release = {"verdict": "deployed", "sentence": "of 1 service: 1 deployed.", "exitCode": 0}
    values = report_of("deploy", {**release, "services": {"front": one.as_document()}}).values
    assert values == report_of("deploy", one.as_document()).values


def test_a_release_is_told_as_one() -> None:
    """All services' lists, and the cause of the one that failed."""
    services = {"front": an_outcome(), "back": rolled_back()}
    release = {"verdict": "rolled back", "sentence": "back failed.", "exitCode": 3, "cluster": "shop"}
    release |= {"durationMs": 9_000, "services": {name: one.as_document() for name, one in services.items()}}
    values = report_of("deploy", release).values
    assert (values["service"], values["verdict"], values["exit_code"]) == ("web;web", "rolled back", "3")
    assert values["images"].split(";")[0] == "front/web=shop@sha256:ab"
    assert values["failure_cause"] == "container web exits with code 1. Correct the image."
    assert len(values["task_arns"].split(";")) == 4


def test_what_was_pushed_and_registered_is_handed_on() -> None:
    """So that one pipeline builds, and another deploys with `-i`."""
    artifacts = Artifacts(images={"web": "shop@sha256:ab"}, task_definition=f"{ECS}:task-definition/web:2")
    values = report_of("register", artifacts.as_document()).values
    assert (values["images"], values["verdict"]) == ("web=shop@sha256:ab", "succeeded")
    assert values["task_definition_after"] == f"{ECS}:task-definition/web:2"


def test_failure_has_its_cause_in_one_line() -> None:
    """The post-mortem's first finding, with what to do."""
    values = report_of("deploy", rolled_back().as_document()).values
    assert values["failure_cause"] == "container web exits with code 1. Correct the image."
    assert (values["verdict"], values["exit_code"]) == ("rolled back", "3")


def test_github() -> None:
    """Outputs without a prefix, a summary, and an annotation for what went wrong."""
    given = given_to("github", rolled_back(), GITHUB_OUTPUT="out", GITHUB_STEP_SUMMARY="page")
    (out, outputs), (page, summary) = given.append
    assert (out, page) == ("out", "page")
    assert outputs.splitlines()[:4] == [
        "verdict=rolled back",
        "exit_code=3",
        "sentence=ECS rolled the service back: 100% of [3] tasks failed; it's over.",
        "failure_cause=container web exits with code 1. Correct the image.",
    ]
    assert given.lines == (
        "::error::rolled back: ECS rolled the service back: 100%25 of [3] tasks failed; it's over. "
        "container web exits with code 1. Correct the image.",
    )
    assert summary == SUMMARY


SUMMARY = """\
### web on shop: rolled back

ECS rolled the service back: 100% of \\[3\\] tasks failed; it's over.

| | |
| --- | --- |
| task definition | `web:1` |
| images | `web=shop@sha256:ab`<br>`side=log:1` |
| tasks | 2 |
| duration | 61.2 s |
| answers at | <http://web.example/> |
| console | [web](https://console/web) |

container web exits with code 1. Correct the image.

<details><summary>last log lines</summary>

````
cannot open /etc/hello.conf
```
::error::not ours
````
</details>

What changed:

- web.image: shop:1 -\\> shop:2
"""


def test_github_output_of_several_lines_ends_at_a_word_that_it_does_not_have() -> None:
    """Nothing in a value can end it early or begin another output."""
    report = report_of("deploy", {"cluster": "a\nshipway-end\nverdict=forged"})
    (publication,) = publications(report, [Wish("github", "out")], None, {})
    assert "cluster<<shipway-end-\na\nshipway-end\nverdict=forged\nshipway-end-\n" in publication.append[0][1]


def test_gitlab() -> None:
    """A dotenv report: names in capitals, values as they are, empty ones left out."""
    ((name, text),) = given_to("gitlab", an_outcome()).write
    assert name == "shipway.env"
    assert text.splitlines()[:4] == [
        "SHIPWAY_VERDICT=deployed",
        "SHIPWAY_EXIT_CODE=0",
        "SHIPWAY_SENTENCE=3 tasks are in service.",
        "SHIPWAY_CLUSTER=shop",
    ]


def test_gitlab_gets_no_more_than_it_takes() -> None:
    """The longest list goes, and is named; a report one byte too long would be refused as a whole."""
    many = tuple(f"{ECS}:task/shop/{number:032}" for number in range(60))
    given = given_to("gitlab", an_outcome(task_arns=many))
    ((_, text),) = given.write
    assert len(text) <= 5 * 1024
    assert "SHIPWAY_FIRST_TASK_ARN=" in text
    assert given.lines == ("not in the dotenv report, which may be 5 KiB: task_arns",)


def test_properties() -> None:
    """Bamboo's dotted names, Jenkins's capitals; both as java.util.Properties reads them."""
    outcome = an_outcome(sentence="a\\b für 3")
    ((name, bamboo),) = given_to("bamboo", outcome).write
    assert name == "shipway.properties"
    assert bamboo.splitlines()[2] == "shipway.sentence=a\\\\b f\\u00fcr 3"
    ((_, jenkins),) = given_to("jenkins", outcome, prefix="shop-web").write
    assert jenkins.splitlines()[0] == "SHOP_WEB_VERDICT=deployed"


def test_azure() -> None:
    """Each variable for this and for other jobs; errors are issues."""
    lines = given_to("azure", rolled_back()).lines
    assert lines[:2] == (
        "##vso[task.setvariable variable=shipway.verdict]rolled back",
        "##vso[task.setvariable variable=shipway.verdict;isOutput=true]rolled back",
    )
    assert lines[-1].startswith("##vso[task.logissue type=error]rolled back: ECS rolled")


def test_teamcity() -> None:
    """Service messages, with TeamCity's escapes."""
    lines = given_to("teamcity", rolled_back()).lines
    assert lines[2] == (
        "##teamcity[setParameter name='shipway.sentence' "
        "value='ECS rolled the service back: 100% of |[3|] tasks failed; it|'s over.']"
    )
    assert lines[-1].startswith("##teamcity[message text='rolled back: ECS")
    assert "value='f|0x00fcr'" in given_to("teamcity", an_outcome(sentence="für")).lines[2]


def test_json() -> None:
    """The outputs as one flat object."""
    ((name, text),) = given_to("json", an_outcome(), prefix="web").write
    assert name == "shipway-outputs.json"
    assert json.loads(text)["web_verdict"] == "deployed"


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_is_given_the_verdict(system: str) -> None:
    """Under its prefix, by whatever way it has."""
    given = given_to(system, an_outcome(), prefix="mine", GITHUB_OUTPUT="out")
    told = "\n".join([*given.lines, *(text for _, text in (*given.append, *given.write))])
    assert "mine" in told.lower()
    assert "deployed" in told


def test_findings_of_verify_are_annotations_at_their_lines() -> None:
    """So that a pull request shows them beside the file."""
    finding = {
        "code": "SW301",
        "severity": "warn",
        "key": "service.desiredCount",
        "sentence": "It is odd, really.",
        "todo": "Look at it.",
        "place": "shipway.yml:7",
    }
    report = report_of("verify", {"verdict": "passed", "exitCode": 0, "findings": [finding]})
    (github,) = publications(report, [Wish("github")], None, {})
    assert github.lines == (
        "::warning file=shipway.yml,line=7::SW301 service.desiredCount: It is odd, really. Look at it.",
    )
    (azure,) = publications(report, [Wish("azure")], None, {})
    assert azure.lines[-1].startswith(
        "##vso[task.logissue type=warning;sourcepath=shipway.yml;linenumber=7]SW301"
    )


def test_an_error_in_the_file_is_annotated_there() -> None:
    """Its sentence begins with the place."""
    document = {"verdict": "error", "sentence": "shipway.yml:3: unknown key 'servise'.", "exitCode": 1}
    (github,) = publications(report_of("deploy", document), [Wish("github")], None, {})
    assert github.lines == ("::error file=shipway.yml,line=3::error: shipway.yml:3: unknown key 'servise'.",)


def test_the_system_around_us_is_found() -> None:
    """By the variable that it sets; what was asked for wins, and `none` is asked for nothing."""
    around = {system: item.detected_by for system, item in SYSTEMS.items() if item.detected_by}
    assert len(around) == 6
    for system, variable in around.items():
        assert wishes([], {str(variable): "1"}) == [Wish(system)]
    assert wishes([Wish("json", "x")], {"GITLAB_CI": "true"}) == [Wish("json", "x")]
    assert wishes([Wish("none")], {"GITLAB_CI": "true"}) == []
    assert wish_of("gitlab:a/b.env") == Wish("gitlab", "a/b.env")
    assert wish_of("travis") is None


@pytest.mark.parametrize(
    ("system", "lines"),
    [
        ("github", ("::group::shipway deploy", "::endgroup::")),
        ("azure", ("##[group]shipway deploy", "##[endgroup]")),
        (
            "teamcity",
            (
                "##teamcity[blockOpened name='shipway deploy']",
                "##teamcity[blockClosed name='shipway deploy']",
            ),
        ),
        (
            "gitlab",
            (
                "section_start:7:shipway_deploy\r\x1b[0Kshipway deploy",
                "section_end:7:shipway_deploy\r\x1b[0K",
            ),
        ),
    ],
)
def test_progress_is_folded(system: str, lines: tuple[str, str]) -> None:
    """In the systems that can."""
    group = SYSTEMS[system].group
    assert group is not None
    assert group("shipway deploy", 7) == lines


def test_files_are_written_where_asked(tmp_path: Path) -> None:
    """What stands in a properties file is replaced, what stands in GITHUB_OUTPUT is kept."""
    for system, kept in (("bamboo", False), ("github", True)):
        file = tmp_path / system
        file.write_text("before=1\n")
        publish("deploy", an_outcome().as_document(), [Wish(system, str(file))], None)
        assert ("before=1" in file.read_text()) is kept
        assert "verdict=deployed\n" in file.read_text()


def test_the_outcome_names_its_tasks_and_the_console() -> None:
    """On Amazon; a local ECS has no console."""
    world = World(local=False)
    world.ecs.tasks = [{"taskArn": "t1", "desiredStatus": "RUNNING"}]
    outcome = deployed(world)
    assert outcome.as_document()["consoleUrl"] == (
        "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/hello/services/hello?region=us-east-1"
    )
    assert outcome.task_arns == ("t1",)
    assert deployed(World()).console_url is None
