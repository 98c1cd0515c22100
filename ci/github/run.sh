#!/usr/bin/env bash
# The Action's step: its inputs, which come as variables, become a command line. No input is ever read by the shell as code.
set -euo pipefail

arguments=()
add() { [ -z "$2" ] || arguments+=("$1" "$2"); }

add --config "$INPUT_CONFIG"
add --env "$INPUT_ENVIRONMENT"
add --service "$INPUT_SERVICE"
add --cluster "$INPUT_CLUSTER"
add --region "$INPUT_REGION"
add --tag "$INPUT_TAG"
add --timeout "$INPUT_TIMEOUT"
while IFS= read -r image; do
  add --image "$image"
done <<<"${INPUT_IMAGES//;/$'\n'}"
while IFS= read -r argument; do
  [ -z "$argument" ] || arguments+=("$argument")
done <<<"$INPUT_ARGUMENTS"

# Shipway knows by itself that it runs in GitHub Actions: it writes the outputs, the summary and the annotations.
exec "$SHIPWAY" "$INPUT_VERB" ${arguments[@]+"${arguments[@]}"}
