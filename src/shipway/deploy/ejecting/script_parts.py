"""The parts of deploy.sh. Those with values in them are filled by script.py, which quotes them."""

from __future__ import annotations

HEAD = """\
#!/usr/bin/env bash
# What `shipway deploy` does for {name}, with the AWS CLI. Written by `shipway eject`; see README.md.
set -euo pipefail

cluster={cluster}
service={service}
here=$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)
root=$here/{root}
timeout_s=${{TIMEOUT_S:-1200}}
pause_s=${{PAUSE_S:-5}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/task-definition.json" "$work/task-definition.json"

aws() {{ command aws{options} --output text "$@"; }}
say() {{ printf '%s\\n' "$*" >&2; }}
"""

CLUSTER = """\
if [[ $(aws ecs describe-clusters --clusters "$cluster" --query 'clusters[0].status') != ACTIVE ]]; then
  aws ecs create-cluster --cluster-name "$cluster" > /dev/null
  say "created the cluster $cluster"
fi
"""

IMAGES = """\
# Images: built, pushed, and pinned by digest in the task definition.
tag=${TAG:-$(git -C "$root" rev-parse HEAD 2> /dev/null || date -u +%Y%m%d%H%M%S)}

repository_uri() {
  aws ecr describe-repositories --repository-names "$1" \\
    --query 'repositories[0].repositoryUri' 2> /dev/null ||
    aws ecr create-repository --repository-name "$1" --query 'repository.repositoryUri'
}

login() {
  aws ecr get-login-password | docker login --username AWS --password-stdin "${1%%/*}" > /dev/null
}

# given CONTAINER ARGUMENT...: the image that an argument CONTAINER=IMAGE gives it.
given() {
  local container=$1 argument
  shift
  for argument in "$@"; do
    if [[ $argument == "$container="* ]]; then printf '%s' "${argument#*=}"; fi
  done
}

# digest_of IMAGE: as the registry knows it.
digest_of() {
  docker inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1" | grep -m 1 -F "${1%:*}@"
}

# put CONTAINER IMAGE
put() {
  sed -e "s|@IMAGE_OF_$1@|$2|" "$work/task-definition.json" > "$work/changed.json"
  mv "$work/changed.json" "$work/task-definition.json"
  say "$1: $2"
}
"""

IMAGE = """\
image=$(given {container} "$@")
if [[ -z $image ]]; then
  {repository}
  image=$repository:{tag}
  docker build -t "$image"{options} \\
    "$root"/{context} >&2
  docker push "$image" >&2
  image=$(digest_of "$image")
fi
put {container} "$image"
"""

BALANCER = """\
# The load balancer, its target group and its listener: found by name, or made where that is allowed.
create={create}
may_make() {{
  if [[ $create != true ]]; then
    say "there is no $1 yet, and create: in shipway.yml did not allow to make one"
    exit 1
  fi
}}
balancer=$(aws elbv2 describe-load-balancers --names {name} \\
  --query 'LoadBalancers[0].LoadBalancerArn' 2> /dev/null || true)
if [[ -z $balancer || $balancer == None ]]; then
  may_make "load balancer"
  balancer=$(aws elbv2 create-load-balancer --cli-input-json "file://$here/load-balancer.json" \\
    --query 'LoadBalancers[0].LoadBalancerArn')
fi
targets=$(aws elbv2 describe-target-groups --names {name} \\
  --query 'TargetGroups[0].TargetGroupArn' 2> /dev/null || true)
if [[ -z $targets || $targets == None ]]; then
  may_make "target group"
  vpc=$(aws elbv2 describe-load-balancers --load-balancer-arns "$balancer" \\
    --query 'LoadBalancers[0].VpcId')
  targets=$(aws elbv2 create-target-group --vpc-id "$vpc" \\
    --cli-input-json "file://$here/target-group.json" \\
    --query 'TargetGroups[0].TargetGroupArn')
fi
aws elbv2 modify-target-group --target-group-arn "$targets" \\
  --cli-input-json "file://$here/health-check.json" > /dev/null
aws elbv2 modify-target-group-attributes --target-group-arn "$targets" \\
  --attributes Key=deregistration_delay.timeout_seconds,Value={delay} > /dev/null
# shellcheck disable=SC2016
listener=$(aws elbv2 describe-listeners --load-balancer-arn "$balancer" \\
  --query 'Listeners[?Port==`{port}`] | [0].ListenerArn')
if [[ -z $listener || $listener == None ]]; then
  may_make listener
  aws elbv2 create-listener --load-balancer-arn "$balancer" \\
    --protocol HTTP --port {port} \\
    --default-actions "Type=forward,TargetGroupArn=$targets" > /dev/null
fi
container={container}
in_front=(--load-balancers "targetGroupArn=$targets,containerName=$container,containerPort={container_port}")
"""

REGISTER = """\
revision=$(aws ecs register-task-definition --cli-input-json "file://$work/task-definition.json" \\
  --query 'taskDefinition.taskDefinitionArn')
say "registered $revision"
"""

RUN_TASK = """\
# run_task NAME CONTAINER: with the new revision; the container's exit code decides.
run_task() {
  local tasks codes code
  tasks=$(aws ecs run-task --cli-input-json "file://$here/task-$1.json" --task-definition "$revision" \\
    --query 'tasks[].taskArn')
  if [[ -z $tasks || $tasks == None ]]; then
    say "the task $1 found no place"
    exit 1
  fi
  # One ARN is one word.
  # shellcheck disable=SC2086
  aws ecs wait tasks-stopped --cluster "$cluster" --tasks $tasks
  # shellcheck disable=SC2086
  codes=$(aws ecs describe-tasks --cluster "$cluster" --tasks $tasks \\
    --query "tasks[].containers[?name=='$2'][].exitCode")
  for code in ${codes:-None}; do
    if [[ $code != 0 ]]; then
      say "the task $1 failed: exit code $code"
      exit 1
    fi
  done
  say "the task $1 has ended well"
}
"""

COUNT = """\
  # A count that Application Auto Scaling keeps is left alone.
  scaled=$(aws application-autoscaling describe-scalable-targets --service-namespace ecs \\
    --resource-ids "service/$cluster/$service" --query 'ScalableTargets[0].ResourceId')
  if [[ $scaled == None ]]; then more+=(--desired-count {count}); fi
"""

TARGETS = """\
more+=("${in_front[@]}")
"""

SERVICE = """\
newest_deployment() {{
  aws ecs list-service-deployments --cluster "$cluster" --service "$service" \\
    --query 'sort_by(serviceDeployments, &createdAt)[-1].serviceDeploymentArn'
}}

status=$(aws ecs describe-services --cluster "$cluster" --services "$service" --query 'services[0].status')
before=None
more=(--task-definition "$revision")
{targets}if [[ $status == ACTIVE ]]; then
  before=$(newest_deployment)
{count}  aws ecs update-service --cli-input-json "file://$here/update-service.json" "${{more[@]}}" > /dev/null
else
  aws ecs create-service --cli-input-json "file://$here/create-service.json" "${{more[@]}}" > /dev/null
fi
"""

WATCH = """\
# The deployment that this began, to its own end: a service is stable after a rollback, too.
over() {
  if ((SECONDS > timeout_s)); then
    say "still not over after $timeout_s s; it goes on: $1"
    exit 7
  fi
  sleep "$pause_s"
}

deployment=$(newest_deployment)
while [[ $deployment == "$before" || $deployment == None ]]; do
  over "$service"
  deployment=$(newest_deployment)
done
last=
while :; do
  status=$(aws ecs describe-service-deployments --service-deployment-arns "$deployment" \\
    --query 'serviceDeployments[0].status')
  if [[ $status != "$last" ]]; then say "$deployment: $status"; fi
  last=$status
  case $status in
    SUCCESSFUL)
      break
      ;;
    ROLLBACK_SUCCESSFUL)
      aws ecs describe-service-deployments --service-deployment-arns "$deployment" \\
        --query 'serviceDeployments[0].rollback.reason' >&2
      exit 3
      ;;
    ROLLBACK_FAILED)
      aws ecs describe-service-deployments --service-deployment-arns "$deployment" \\
        --query 'serviceDeployments[0].statusReason' >&2
      exit 1
      ;;
    STOPPED)
      if [[ $(newest_deployment) != "$deployment" ]]; then exit 4; fi
      exit 6
      ;;
  esac
  over "$deployment"
done
say "deployed $revision"
"""
