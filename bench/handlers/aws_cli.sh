#!/bin/sh
# The same with the AWS CLI and jq: aws_cli.sh CLUSTER TAG SERVICE...
set -eu
cluster=$1 tag=$2
shift 2
for service; do
  runs=$(aws ecs describe-services --cluster "$cluster" --services "$service" \
    --query 'services[0].taskDefinition' --output text)
  next=$(aws ecs describe-task-definition --task-definition "$runs" --query taskDefinition --output json |
    jq -c --arg tag "$tag" 'del(.taskDefinitionArn, .revision, .status, .requiresAttributes, .compatibilities,
      .registeredAt, .registeredBy, .deregisteredAt) | .containerDefinitions[].image |= sub(":[^:/]*$"; ":" + $tag)')
  made=$(aws ecs register-task-definition --cli-input-json "$next" \
    --query taskDefinition.taskDefinitionArn --output text)
  aws ecs update-service --cluster "$cluster" --service "$service" --task-definition "$made" \
    --query service.serviceName --output text
done
