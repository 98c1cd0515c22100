"""The CloudFormation template of a group of container instances that join one cluster.

Pure: from a wish to a template, which `--print` shows as it is sent. The group scales with the tasks that
wait for room (a capacity provider with managed scaling), down to its minimum.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

Members = dict[str, Any]

IMAGE_PARAMETER = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
ARM_IMAGE_PARAMETER = "/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id"
# Graviton: a "g" after the generation's number, as in m7gd.large; not g5.xlarge, whose g is the family's.
ARM_TYPE = re.compile(r"(a1|[a-z]+\d+[a-z]*g[a-z]*)\.")
INSTANCE_POLICIES = ("service-role/AmazonEC2ContainerServiceforEC2Role", "AmazonSSMManagedInstanceCore")


class InstancesWish(msgspec.Struct, frozen=True, kw_only=True):
    """A group of container instances. `count` is what it starts with and its minimum."""

    cluster: str
    name: str
    count: int = 2
    maximum: int = 4
    instance_type: str = "t3.small"
    vpc: str = ""
    subnets: tuple[str, ...] = ()
    target_capacity_percent: int = 100


def template_of(wish: InstancesWish) -> Members:
    """The template; everything that differs between two groups is a parameter, so that an update shows it."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Container instances of the Amazon ECS cluster {wish.cluster} (made by Shipway)",
        "Parameters": parameters_of(wish),
        "Resources": {
            "InstanceRole": instance_role(),
            "InstanceProfile": {
                "Type": "AWS::IAM::InstanceProfile",
                "Properties": {"Roles": [{"Ref": "InstanceRole"}]},
            },
            "SecurityGroup": security_group(wish),
            "LaunchTemplate": launch_template(),
            "AutoScalingGroup": auto_scaling_group(),
            "CapacityProvider": capacity_provider(),
        },
        "Outputs": {
            "CapacityProvider": {"Value": {"Ref": "CapacityProvider"}},
            "AutoScalingGroup": {"Value": {"Ref": "AutoScalingGroup"}},
            "SecurityGroup": {"Value": {"Fn::GetAtt": ["SecurityGroup", "GroupId"]}},
        },
    }


def parameters_of(wish: InstancesWish) -> Members:
    image = ARM_IMAGE_PARAMETER if ARM_TYPE.match(wish.instance_type) else IMAGE_PARAMETER
    return {
        "Cluster": {"Type": "String", "Default": wish.cluster},
        "InstanceType": {"Type": "String", "Default": wish.instance_type},
        "ImageId": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": image},
        "Vpc": {"Type": "AWS::EC2::VPC::Id"},
        "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>"},
        "Minimum": {"Type": "Number", "Default": wish.count, "MinValue": 0},
        "Maximum": {"Type": "Number", "Default": wish.maximum, "MinValue": 1},
        "TargetCapacity": {
            "Type": "Number",
            "Default": wish.target_capacity_percent,
            "MinValue": 1,
            "MaxValue": 100,
        },
    }


def values_of(wish: InstancesWish) -> dict[str, str]:
    """What the parameters are set to when the stack is made or changed."""
    return {
        "Cluster": wish.cluster,
        "InstanceType": wish.instance_type,
        "Vpc": wish.vpc,
        "Subnets": ",".join(wish.subnets),
        "Minimum": str(wish.count),
        "Maximum": str(max(wish.maximum, wish.count, 1)),
        "TargetCapacity": str(wish.target_capacity_percent),
    }


def instance_role() -> Members:
    policies = [{"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{name}"} for name in INSTANCE_POLICIES]
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": {"Fn::Sub": "ec2.${AWS::URLSuffix}"}},
        "Action": "sts:AssumeRole",
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "ManagedPolicyArns": policies,
        },
    }


def security_group(wish: InstancesWish) -> Members:
    """Nothing comes in but from the group itself; a load balancer's group is let in by its owner."""
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": f"Container instances of {wish.cluster}",
            "VpcId": {"Ref": "Vpc"},
            "SecurityGroupEgress": [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}],
        },
    }


def launch_template() -> Members:
    join = '#!/bin/bash\necho "ECS_CLUSTER=${Cluster}" >> /etc/ecs/ecs.config\n'
    return {
        "Type": "AWS::EC2::LaunchTemplate",
        "Properties": {
            "LaunchTemplateData": {
                "ImageId": {"Ref": "ImageId"},
                "InstanceType": {"Ref": "InstanceType"},
                "IamInstanceProfile": {"Arn": {"Fn::GetAtt": ["InstanceProfile", "Arn"]}},
                "SecurityGroupIds": [{"Fn::GetAtt": ["SecurityGroup", "GroupId"]}],
                "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
                "UserData": {"Fn::Base64": {"Fn::Sub": join}},
            }
        },
    }


def auto_scaling_group() -> Members:
    """Protected from scale-in: the capacity provider ends an instance only when no task is on it."""
    return {
        "Type": "AWS::AutoScaling::AutoScalingGroup",
        "Properties": {
            "LaunchTemplate": {
                "LaunchTemplateId": {"Ref": "LaunchTemplate"},
                "Version": {"Fn::GetAtt": ["LaunchTemplate", "LatestVersionNumber"]},
            },
            "MinSize": {"Ref": "Minimum"},
            "MaxSize": {"Ref": "Maximum"},
            "VPCZoneIdentifier": {"Ref": "Subnets"},
            "NewInstancesProtectedFromScaleIn": True,
            "Tags": [{"Key": "AmazonECSManaged", "Value": "", "PropagateAtLaunch": True}],
        },
    }


def capacity_provider() -> Members:
    return {
        "Type": "AWS::ECS::CapacityProvider",
        "Properties": {
            "AutoScalingGroupProvider": {
                "AutoScalingGroupArn": {"Ref": "AutoScalingGroup"},
                "ManagedScaling": {"Status": "ENABLED", "TargetCapacity": {"Ref": "TargetCapacity"}},
                "ManagedTerminationProtection": "ENABLED",
                "ManagedDraining": "ENABLED",
            }
        },
    }
