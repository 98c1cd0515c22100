"""What a task needs before its containers start: roles, secrets, log groups, file systems."""

from __future__ import annotations

import re

from shipway.deploy.planning.causes.images import UNREACHED
from shipway.deploy.planning.causes.texts import Text

RESOURCES_GATE = re.compile(
    r"ResourceInitializationError|Fetching secret data|secrets? from (?:ssm|asm|AWS|Secrets)|log(?:ging"
    r"|ger)? driver"
    r"|log group|log stream|logger args|EFS|assume (?:the )?role|env(?:ironment)? (?:variable )?files?",
    re.I,
)

ROLES = (
    Text(
        "SC211",
        r"unable to assume (?:the )?role '?(?P<arn>arn:[^\s']+)?",
        "ECS may not act as the role {arn}",
        "See that the role exists, that its trust policy names ecs-tasks.amazonaws.com, and that you may "
        "pass "
        "it (iam:PassRole).",
    ),
)

SECRETS = (
    Text(
        "SC203",
        r"did not contain json key (?P<key>[^\s,]+?)[.,]?(?:\s|$)",
        "the secret{secret} has no JSON key {key}",
        "Add the key to the secret's value, or correct it in valueFrom (ARN:KEY:STAGE:VERSION).",
    ),
    Text(
        "SC204",
        r"has no text value|staging label|invalid character .*looking for|not valid JSON|cannot unmarshal"
        r"|ParameterVersionNotFound"
        r"|find the specified secret value for VersionId",
        "the secret{secret} has no value that can be used",
        "Give it a current version (AWSCURRENT); its value must be a JSON object where valueFrom names a "
        "key.",
    ),
    Text(
        "SC202",
        r"not authorized to perform:? (?P<action>(?:secretsmanager|ssm|kms):\w+)",
        "the secret{secret} may not be read: {action} is not allowed",
        "Allow {action} on it to {role}.",
    ),
    Text(
        "SC202",
        r"(?:Fetching secret|secrets?) .*AccessDenied|Access to KMS is not allowed",
        "the secret{secret} may not be read",
        "Allow secretsmanager:GetSecretValue or ssm:GetParameters on it to {role}, and kms:Decrypt on its "
        "key.",
    ),
    Text(
        "SC201",
        r"invalid (?:ssm )?parameters:? (?P<name>[^\s,]+)|ParameterNotFound",
        "the SSM parameter {name} does not exist in this region",
        "Create it, or correct its name in valueFrom.",
    ),
    Text(
        "SC201",
        r"can(?:'|’)t find the specified secret|secret was not found|(?:secret"
        r"|asm).*ResourceNotFoundException",
        "the secret{secret} does not exist in this region",
        "Create it, or correct its ARN in valueFrom.",
    ),
    Text(
        "SC205",
        rf"(?:secret|registry auth|asm|ssm|parameter store).*(?:{UNREACHED}|send request failed)",
        "the task does not reach the services that keep its secrets or its registry login",
        "Give it a way out (a public address or a NAT gateway), or VPC endpoints for secretsmanager, ssm, "
        "kms "
        "and ecr.api, and let its security group use port 443.",
    ),
)

LOGS = (
    Text(
        "SC207",
        r"not authorized to perform:? (?P<action>logs:\w+)",
        "the logs{of_container} may not be written: {action} is not allowed",
        "Allow {action} to {role} (on EC2 to the instance's role).",
    ),
    Text(
        "SC206",
        r"log group (?P<missing>[\w./#-]+ )?does not exist|can(?:not|'t"
        r"|’t) find the (?:Amazon )?CloudWatch log group",
        "the log group{group}{of_container} does not exist",
        'Create it, or write awslogs-create-group: "true". On Fargate it may also be there and out of reach.',
    ),
    Text(
        "SC208",
        r"log(?:ging|ger)? (?:driver|args)|log stream|log group|awslogs",
        "the logs{of_container} cannot be opened: {text}",
        "Correct logConfiguration; the driver's own words say what it lacks.",
    ),
)

OTHERS = (
    Text(
        "SC209",
        r"\bEFS\b|mount\.nfs4",
        "the EFS volume cannot be mounted: {text}",
        "See that the file system has a mount target in the task's zone, that port 2049 is open to the "
        "task, and "
        "that access point, path and the task role's permissions are right.",
    ),
    Text(
        "SC210",
        r"env(?:ironment)? (?:variable )?files?",
        "an environment file cannot be fetched: {text}",
        "See that the object exists, that {role} may do s3:GetObject on it, and that tasks reach S3.",
    ),
    Text(
        "SC299",
        r"ResourceInitializationError",
        "what the task needs could not be prepared: {text}",
        "Correct what it names; the execution role and the way to the network are what is missing most "
        "often.",
    ),
)

RESOURCES = (*ROLES, *SECRETS, *LOGS, *OTHERS)
