"""Writes records of pushes for the report: many repositories, bursts, an empty season, hard names. Always the same."""

import datetime
import json
import random
import sys

ACCOUNT, REGION = "111122223333", "eu-west-1"
KINDS = {
    "image": "application/vnd.oci.image.config.v1+json",
    "signature": "application/vnd.dev.cosign.simplesigning.v1+json",
}


def record(number, at, repository, tag, digest, kind):
    layer = "application/vnd.oci.image.layer.v1.tar+gzip" if kind == "image" else KINDS["signature"]
    config = KINDS["image"]
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": config, "digest": "sha256:" + "c" * 64, "size": 2},
        "layers": [{"mediaType": layer, "digest": "sha256:" + "e" * 64, "size": 3}],
    }
    image = {"imageDigest": digest, "imageTag": tag}
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/build/build-{number % 7}",
            "accountId": ACCOUNT,
        },
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "ecr.amazonaws.com",
        "eventName": "PutImage",
        "awsRegion": REGION,
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": {
            "registryId": ACCOUNT,
            "repositoryName": repository,
            "imageTag": tag,
            "imageManifestMediaType": manifest["mediaType"],
            "imageManifest": json.dumps(manifest),
        },
        "responseElements": {
            "image": {"registryId": ACCOUNT, "repositoryName": repository, "imageId": image}
        },
        "requestID": f"request-{number}",
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def main(path, many=180):
    chance = random.Random(7)
    repositories = ["shop", "team/search", "web", "web-admin", "billing", "held", "refused", "x" * 180]
    at = datetime.datetime(2025, 11, 3, 8, 0, tzinfo=datetime.timezone.utc)
    lines = []
    for number in range(many):
        # Bursts within working days, and nothing for a season.
        gap = chance.choice([20, 90, 400, 1800, 5000, 40000])
        at += datetime.timedelta(seconds=gap, days=120 if number == many // 2 else 0)
        repository = chance.choice(repositories)
        kind = "signature" if chance.random() < 0.08 else "image"
        tag = chance.choice([f"1.{number}.0", "latest", f"main-{number}", "v1"])
        digest = "sha256:" + "".join(chance.choice("0123456789abcdef") for _ in range(64))
        lines.append(record(number, at, repository, tag, digest, kind))
    with open(path, "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
        file.write("{this is no record\n")


main(sys.argv[1], *map(int, sys.argv[2:]))
