"""The template of a group of container instances: valid by CloudFormation's rules, the wish as parameters."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shipway.deploy.infrastructure.instances_template import (
    ARM_IMAGE_PARAMETER,
    IMAGE_PARAMETER,
    InstancesWish,
    template_of,
    values_of,
)

A_WISH = InstancesWish(cluster="shop", name="shop-instances", vpc="vpc-1", subnets=("subnet-1", "subnet-2"))


def test_cfn_lint_finds_nothing(tmp_path: Path) -> None:
    """CloudFormation's linter, warnings included."""
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template_of(A_WISH)))
    program = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([str(program), str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_parameter_without_a_default_gets_a_value() -> None:
    """And no value is for a parameter that is not there."""
    parameters, values = template_of(A_WISH)["Parameters"], values_of(A_WISH)
    assert {name for name, parameter in parameters.items() if "Default" not in parameter} <= set(values)
    assert set(values) <= set(parameters)


@pytest.mark.parametrize(
    ("instance_type", "image"),
    [("t3.small", IMAGE_PARAMETER), ("m7gd.large", ARM_IMAGE_PARAMETER), ("g5.xlarge", IMAGE_PARAMETER)],
)
def test_the_image_fits_the_processor(instance_type: str, image: str) -> None:
    """ECS's own image for the instance type's architecture."""
    wish = InstancesWish(cluster="shop", name="shop-instances", instance_type=instance_type)
    assert template_of(wish)["Parameters"]["ImageId"]["Default"] == image


def test_the_maximum_is_never_below_the_minimum() -> None:
    """Who asks for six to begin with gets room for six."""
    values = values_of(InstancesWish(cluster="shop", name="shop-instances", count=6, maximum=4))
    assert (values["Minimum"], values["Maximum"]) == ("6", "6")
