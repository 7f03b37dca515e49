#!/usr/bin/env python3
"""What a look-up costs in a log group with much else between the pushes; README.md says how."""

import argparse
import datetime
import hashlib
import hmac
import json
import os
import random
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(HERE, "handlers")]

import handlers  # noqa: E402
import machine  # noqa: E402
import programs  # noqa: E402
from account import CLUSTER, GROUP, REGION, Account, image, record  # noqa: E402
from far_away import FarAway  # noqa: E402
from lambda_api import Function  # noqa: E402
from machine import say  # noqa: E402
from programs import WORK  # noqa: E402

# How far the log reaches back, and what CloudWatch Logs takes at once: a megabyte, with 26 bytes for each event.
DAY, BATCH = 23 * 3600, 1_000_000


class Pocket(Account):
    """`ecroll local`, whose pages end after 50,000 events looked at, a megabyte or 10,000 found."""

    def __init__(self, ecroll):
        self.process = subprocess.Popen(
            [ecroll, "local", "--port", "0", "--output", "json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        greeting = json.loads(self.process.stdout.readline())
        self.environment = greeting["environment"]
        self.port = int(greeting["endpoint"].rpartition(":")[2])

    def end(self):
        self.process.terminate()
        self.process.wait()

    def call(self, prefix, service, operation, members):
        body = json.dumps(members).encode()
        target = f"{prefix}.{operation}"
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        return self.http("/", body, headers | self.signed(service, target, body))

    def signed(self, service, target, body):
        """Signature Version 4, of which no more than this is needed here."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        scope, names = f"{now[:8]}/{REGION}/{service}/aws4_request", "host;x-amz-date;x-amz-target"
        lines = ["POST", "/", "", f"host:127.0.0.1:{self.port}", f"x-amz-date:{now}", f"x-amz-target:{target}", "", names]
        request = "\n".join([*lines, hashlib.sha256(body).hexdigest()]).encode()
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request).hexdigest()])
        key = ("AWS4" + self.environment["AWS_SECRET_ACCESS_KEY"]).encode()
        for part in [*scope.split("/"), text]:
            key = hmac.digest(key, part.encode(), "sha256")
        credential = f"{self.environment['AWS_ACCESS_KEY_ID']}/{scope}"
        signature = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={key.hex()}"
        return {"X-Amz-Date": now, "Authorization": signature}

    def serve(self):
        """A service that runs what is pushed."""
        self.logs("CreateLogGroup", logGroupName=GROUP)
        self.logs("CreateLogStream", logGroupName=GROUP, logStreamName="trail")
        self.ecs("CreateCluster", clusterName=CLUSTER)
        container = {"name": "app", "image": image("web", "seed"), "essential": True, "memory": 128}
        self.ecs("RegisterTaskDefinition", family="web", containerDefinitions=[container])
        self.ecs("CreateService", cluster=CLUSTER, serviceName="web", taskDefinition="web", desiredCount=1)

    def put(self, events):
        events = [{"timestamp": int(at * 1000), "message": text} for at, text in events]
        self.logs("PutLogEvents", logGroupName=GROUP, logStreamName="trail", logEvents=events)

    def fill(self, size):
        """So many bytes of other calls, from a day ago until now, in batches as CloudTrail writes them. How many events."""
        chance, now = random.Random(1), time.time()
        batch, held, written, count = [], 0, 0, 0
        while written < size:
            text = other(chance, count)
            at = now - DAY + DAY * written / size
            if held + len(text) + 26 > BATCH:
                self.put(batch)
                batch, held = [], 0
            batch.append((at, text))
            held, written, count = held + len(text) + 26, written + len(text), count + 1
        self.put(batch)
        return count


def other(chance, number):
    """A record of some other call, of about the three kilobytes that one has."""
    tags = [{"key": f"key-{one}", "value": f"{chance.getrandbits(256):064x}"} for one in range(24)]
    return json.dumps({
        "eventVersion": "1.11", "eventTime": "2026-01-01T00:00:00Z", "eventSource": "ec2.amazonaws.com", "eventName": "DescribeTags",
        "awsRegion": "eu-west-1", "eventID": f"other-{number}", "recipientAccountId": "111122223333",
        "userIdentity": {"type": "AssumedRole", "principalId": f"AROA{chance.getrandbits(64):016X}:session"},
        "sourceIPAddress": "192.0.2.1", "userAgent": "aws-sdk", "requestParameters": {"tagSet": {"items": tags}},
    })  # fmt: skip


def look(function, far):
    """One look-up: seconds, calls, pages of the log, megabytes of them."""
    before = (sum(far.calls.values()), far.calls["FilterLogEvents"], far.answered["FilterLogEvents"])
    took, _, _ = function.invoke(handlers.EVENT)
    after = (sum(far.calls.values()), far.calls["FilterLogEvents"], far.answered["FilterLogEvents"])
    calls, pages, answered = (new - old for new, old in zip(after, before))
    return f"{took:.2f} | {calls} | {pages} | {answered / 1e6:.3f}"


def looks(pocket, command, latency, tag):
    """Rows of one program: the first look-up, which rolls; two that find nothing new; and its memory."""
    far = FarAway(pocket.port, latency)
    now = datetime.datetime.now(datetime.timezone.utc)
    pocket.put([(now.timestamp(), record("web", tag, now))])
    environment = programs.environment(far.url(), None) | pocket.environment | {"AWS_ENDPOINT_URL": far.url()}
    environment.pop("AWS_SESSION_TOKEN")
    rows = []
    with open(os.path.join(WORK, "output"), "w", encoding="utf-8") as output:
        function = Function(command, environment, output)
        try:
            for name in ("first, rolls", "second", "third"):
                rows.append(f"{name} | {look(function, far)} | {function.peak():.1f}")
        finally:
            function.end()
            far.end()
    if pocket.running(["web"], tag) != 1:
        raise SystemExit(f"{command}: the service does not run {tag}; {WORK}/output says why")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ecroll", help="the program whose pocket account serves the log, rather than what a release holds")
    parser.add_argument("--handler", help="likewise")
    parser.add_argument("--megabytes", type=int, nargs="*", default=[1, 100, 1000], help="of other records, within a day")
    parser.add_argument("--latency", type=float, default=0.04, help="seconds that a call takes at least")
    options = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    ecroll = os.path.abspath(options.ecroll or machine.released("release/ecroll"))
    commands = {handlers.OURS: [os.path.abspath(options.handler or machine.released("lambda/handler"))]}
    commands["Python, half an hour back"] = programs.functions(sys.executable)["Python, one call after the other"]
    print(machine.line() + "\n")
    print("| log | program | look-up | s | calls | pages of the log | MB of them | peak MiB |")
    print("|---|---|---|---|---|---|---|---|")
    for megabytes in options.megabytes:
        pocket = Pocket(ecroll)
        try:
            pocket.serve()
            began = time.perf_counter()
            count = pocket.fill(megabytes * 1_000_000)
            say(f"{megabytes} MB in {count} events, written in {time.perf_counter() - began:.0f} s")
            for turn, (name, command) in enumerate(commands.items()):
                for row in looks(pocket, command, options.latency, f"v{turn}"):
                    print(f"| {megabytes:,} MB, {count:,} events | {name} | {row} |", flush=True)
        finally:
            pocket.end()


if __name__ == "__main__":
    main()
