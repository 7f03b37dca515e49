#!/bin/sh
# A step of a CI job that knows what it built: ecs_deploy.sh CLUSTER TAG SERVICE...
# https://github.com/fabfuel/ecs-deploy; it neither waits for the deployment nor deregisters the revision before.
set -eu
cluster=$1 tag=$2
shift 2
for service; do
  ecs deploy "$cluster" "$service" --tag "$tag" --timeout -1 --no-deregister
done
