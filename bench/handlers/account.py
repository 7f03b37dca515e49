"""The account that all programs work on: MiniStack, an AWS emulator written elsewhere, filled anew for each run."""

import datetime
import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

REGION, REGISTRY, GROUP, CLUSTER = "eu-west-1", "111122223333", "/bench/trail", "shop"


class Account:
    """MiniStack on a free port, in a folder of its own. `python` is one in which it is installed."""

    def __init__(self, python, serve, home):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        shutil.rmtree(home, ignore_errors=True)
        os.makedirs(home)
        environment = {
            "PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, "PYTHONPATH": serve, "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port), "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        with open(os.path.join(home, "log"), "w", encoding="utf-8") as log:
            command = [python, os.path.join(serve, "serve.py"), "ministack", str(self.port)]
            # It ends with its standard input, so whatever becomes of this process.
            self.process = subprocess.Popen(
                command, env=environment, cwd=home, stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        for _ in range(300):
            try:
                self.http("/_ministack/health")
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"MiniStack does not start; {home}/log says why")

    def end(self):
        self.process.stdin.close()
        self.process.wait()

    def http(self, path, body=None, headers=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as refused:
            raise SystemExit(f"{headers}: {refused.read().decode()}") from refused

    def ecs(self, operation, **members):
        return self.call("AmazonEC2ContainerServiceV20141113", "ecs", operation, members)

    def logs(self, operation, **members):
        return self.call("Logs_20140328", "logs", operation, members)

    def call(self, prefix, service, operation, members):
        scope = f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request"
        return self.http("/", json.dumps(members).encode(), {
            "X-Amz-Target": f"{prefix}.{operation}", "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"{scope}, SignedHeaders=host, Signature=0",
        })  # fmt: skip

    def fill(self, services):
        """Nothing but so many services in one cluster, each with a definition and a repository of its own. Their names."""
        self.http("/_ministack/reset", b"")
        self.logs("CreateLogGroup", logGroupName=GROUP)
        self.logs("CreateLogStream", logGroupName=GROUP, logStreamName="trail")
        self.ecs("CreateCluster", clusterName=CLUSTER)
        names = [f"web-{number}" for number in range(services)]
        for name in names:
            container = {"name": "app", "image": image(name, "seed"), "essential": True, "memory": 128}
            self.ecs("RegisterTaskDefinition", family=name, containerDefinitions=[container])
            self.ecs("CreateService", cluster=CLUSTER, serviceName=name, taskDefinition=name, desiredCount=1)
        return names

    def push(self, names, tag):
        """Pushes this tag to every repository: the record of it is in the log group."""
        now = datetime.datetime.now(datetime.timezone.utc)
        at = int(now.timestamp() * 1000)
        events = [{"timestamp": at, "message": record(name, tag, now)} for name in names]
        self.logs("PutLogEvents", logGroupName=GROUP, logStreamName="trail", logEvents=events)

    def running(self, names, tag):
        """How many services are to run this tag."""
        count = 0
        for name in names:
            found = self.ecs("DescribeServices", cluster=CLUSTER, services=[name])["services"][0]
            definition = self.ecs("DescribeTaskDefinition", taskDefinition=found["taskDefinition"])["taskDefinition"]
            count += definition["containerDefinitions"][0]["image"] == image(name, tag)
        return count


def image(repository, tag):
    return f"{REGISTRY}.dkr.ecr.{REGION}.amazonaws.com/{repository}:{tag}"


def record(repository, tag, now):
    """What CloudTrail writes of a push."""
    digest = "sha256:" + hashlib.sha256(f"{repository}:{tag}".encode()).hexdigest()
    media = "application/vnd.oci.image"
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": f"{media}.manifest.v1+json",
        "config": {"mediaType": f"{media}.config.v1+json", "size": 1470, "digest": "sha256:" + "1" * 64},
        "layers": [{"mediaType": f"{media}.layer.v1.tar+gzip", "size": 3402542, "digest": "sha256:" + "2" * 64}],
    })  # fmt: skip
    of = {"registryId": REGISTRY, "repositoryName": repository}
    named = {"imageDigest": digest, "imageTag": tag}
    return json.dumps({
        "eventVersion": "1.11", "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "eventSource": "ecr.amazonaws.com",
        "eventName": "PutImage", "awsRegion": REGION, "eventID": f"{repository}-{tag}", "recipientAccountId": REGISTRY,
        "requestParameters": of | {"imageTag": tag, "imageManifest": manifest},
        "responseElements": {"image": of | {"imageManifest": manifest, "imageId": named}},
    })  # fmt: skip
