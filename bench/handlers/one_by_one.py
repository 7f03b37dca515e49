"""A handler as people write it: on the alarm's message, look which images were pushed, and roll the services that run them.

One call after the other, with paginators, and every member of the definition that RegisterTaskDefinition takes.
"""

import json
import os
import re
import time

import boto3

ECS = boto3.client("ecs")
LOGS = boto3.client("logs")
PATTERN = '{ ($.eventSource = "ecr.amazonaws.com") && ($.eventName = "PutImage") && ($.errorCode NOT EXISTS) }'
# What DescribeTaskDefinition answers and RegisterTaskDefinition does not take.
OUTPUT_ONLY = (
    "taskDefinitionArn revision status requiresAttributes compatibilities registeredAt registeredBy deregisteredAt"
).split()


def pushed():
    """The newest push of each repository, `host/name` to tag, of the last half hour."""
    pages = LOGS.get_paginator("filter_log_events").paginate(
        logGroupName=os.environ["LOG_GROUP"],
        startTime=int((time.time() - 1800) * 1000),
        filterPattern=PATTERN,
    )
    newest = {}
    for event in (event for page in pages for event in page["events"]):
        record = json.loads(event["message"])
        asked = record["requestParameters"]
        tag = asked.get("imageTag")
        image = f"{asked['registryId']}.dkr.ecr.{record['awsRegion']}.amazonaws.com/{asked['repositoryName']}"
        if tag and record["eventTime"] >= newest.get(image, ("",))[0]:
            newest[image] = (record["eventTime"], tag)
    return {image: tag for image, (_, tag) in newest.items()}


def services():
    """Every service of every cluster, as DescribeServices tells it."""
    for clusters in ECS.get_paginator("list_clusters").paginate():
        for cluster in clusters["clusterArns"]:
            for page in ECS.get_paginator("list_services").paginate(cluster=cluster, maxResults=10):
                if page["serviceArns"]:
                    yield from ECS.describe_services(cluster=cluster, services=page["serviceArns"])["services"]


def roll(service, images):
    """Gives a service the pushed images, where it runs others of these repositories."""
    definition = ECS.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    changed = False
    for container in definition["containerDefinitions"]:
        name = re.split(r"[:@](?!.*/)", container["image"])[0]
        if name in images and container["image"] != f"{name}:{images[name]}":
            container["image"] = f"{name}:{images[name]}"
            changed = True
    if not changed:
        return None
    wanted = {member: value for member, value in definition.items() if member not in OUTPUT_ONLY}
    made = ECS.register_task_definition(**wanted)["taskDefinition"]["taskDefinitionArn"]
    ECS.update_service(cluster=service["clusterArn"], service=service["serviceArn"], taskDefinition=made)
    return made


def handler(event, context):
    images = pushed()
    rolled = [roll(service, images) for service in services()]
    return {"rolled": sum(made is not None for made in rolled)}
