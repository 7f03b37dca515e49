#!/usr/bin/env python3
"""Fails when one of a few named jobs takes more than a tenth more instructions than `guard/figures.json` says.

    bench/guard.py            compares
    bench/guard.py --renew    writes the figures anew

Instructions are counted by valgrind, in the dev profile's programs: the same work gives the same count on a busy machine
and on an idle one. README.md says what the jobs are.
"""

import argparse
import gzip
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
FIGURES = os.path.join(HERE, "guard", "figures.json")
# How much a job may grow.
ALLOWED = 1.10
RENEW = "bench/guard.py --renew"
LIMIT = 600


def fail(text):
    raise SystemExit(f"guard: {text}")


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()
    except OSError as error:
        fail(f"{command[0]}: {error}")
    except subprocess.CalledProcessError as error:
        fail(f"{' '.join(command)} ended with {error.returncode}:\n{error.stderr}")


def build():
    """The programs of the dev profile, built by the very command that the tests use, so that nothing is built twice."""
    command = "cargo build --locked --quiet --bin handler --bin ecroll --message-format json-render-diagnostics".split()
    messages = (json.loads(line) for line in output(*command).splitlines() if line.startswith("{"))
    programs = {message["target"]["name"]: message["executable"] for message in messages if message.get("executable")}
    return programs["ecroll"], programs["handler"]


# ---------------------------------------------------------------------------------------------------- the work


def line(number):
    """A CloudTrail record; one in a hundred is a push, one in ten another call to ECR."""
    push, ecr = number % 100 == 0, number % 10 == 0
    record = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::111122223333:assumed-role/ci/build-{number}"},
        "eventTime": f"2026-01-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        "eventSource": "ecr.amazonaws.com" if ecr else "sts.amazonaws.com",
        "eventName": "PutImage" if push else "BatchGetImage" if ecr else "AssumeRole",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": f"203.0.113.{number % 250}",
        "userAgent": "docker/28.0.1 go/go1.23 \"kernel/6.1\" os/linux arch/amd64",
        "requestParameters": {"registryId": "111122223333", "repositoryName": f"team/service-{number % 40}"},
        "responseElements": None,
        "eventID": f"00000000-0000-4000-8000-{number:012}",
        "eventType": "AwsApiCall",
    }
    if push:
        record["requestParameters"] |= {"imageTag": f"v{number}", "imageManifest": json.dumps({"schemaVersion": 2})}
    return json.dumps(record, separators=(",", ":"))


def events(folder):
    """5 MB of records: as lines, the same packed, and as one of CloudTrail's own files."""
    lines = [line(number) for number in range(8000)]
    text = "\n".join(lines) + "\n"
    paths = {name: os.path.join(folder, name) for name in ("lines.jsonl", "lines.jsonl.gz", "file.json")}
    with open(paths["lines.jsonl"], "w", encoding="utf-8") as file:
        file.write(text)
    with open(paths["lines.jsonl.gz"], "wb") as file:
        file.write(gzip.compress(text.encode(), 6, mtime=0))
    with open(paths["file.json"], "w", encoding="utf-8") as file:
        file.write('{"Records":[' + ",".join(lines) + "]}")
    return paths.values()


# ---------------------------------------------------------------------------------------------------- the counting


def valgrind(folder, command, environment=None):
    """Starts a program under valgrind. Gives the process, and the file with what valgrind says."""
    log = os.path.join(folder, "valgrind")
    # Cachegrind counts what callgrind counts, in half the time when it simulates no caches.
    words = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", f"--log-file={log}"]
    with open(os.path.join(folder, "said"), "w", encoding="utf-8") as said:
        process = subprocess.Popen(
            ["valgrind", *words, *command], cwd=folder, env={"HOME": folder, "LANG": "C.UTF-8"} | (environment or {}),
            stdin=subprocess.DEVNULL, stdout=said, stderr=said,
        )  # fmt: skip
    return process, log


def counted(log, folder, name):
    with open(log, encoding="utf-8") as file:
        found = re.search(r"I\s+refs:\s+([\d,]+)", file.read())
    if not found:
        fail(f"{name}: valgrind counted nothing:\n{open(os.path.join(folder, 'said'), encoding='utf-8').read()}")
    return int(found.group(1).replace(",", ""))


def run(folder, name, command):
    """The instructions of a program from its start to its end."""
    process, log = valgrind(folder, command)
    if process.wait(LIMIT):
        said = open(os.path.join(folder, "said"), encoding="utf-8").read()
        fail(f"{name}: {' '.join(command)} ended with {process.returncode}:\n{said}")
    return counted(log, folder, name)


def wake(folder, name, handler):
    """The instructions of the handler until it asks for its first event; there is none, it is ended instead."""
    with socket.create_server(("127.0.0.1", 0)) as api:
        api.settimeout(LIMIT)
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.getsockname()[1]}", "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f", "AWS_LAMBDA_LOG_STREAM_NAME": "1", "LAMBDA_TASK_ROOT": folder,
            "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "ECROLL_CONFIG": json.dumps({"log_group": "/ecroll/trail", "clusters": ["prod", "stage-*"]}),
        }  # fmt: skip
        process, log = valgrind(folder, [handler], environment)
        # Should it end before it asks, there is nobody to wait for.
        threading.Thread(target=lambda: process.wait() and wake_up(api.getsockname()), daemon=True).start()
        with api.accept()[0] as asked:
            request = asked.recv(65536)
            process.terminate()
            process.wait(LIMIT)
    if b"/invocation/next" not in request:
        fail(f"{name}: it did not ask for an event:\n{open(os.path.join(folder, 'said'), encoding='utf-8').read()}")
    return counted(log, folder, name)


def wake_up(address):
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        pass


def counts(folder):
    """Every job by its name."""
    ecroll, handler = build()
    pattern = output(ecroll, "filter", "--put-image")
    lines, packed, file = events(folder)
    count = [ecroll, "filter", "--count", pattern]
    jobs = {
        "the handler's start to its first request": lambda name: wake(folder, name, handler),
        "ecroll --help": lambda name: run(folder, name, [ecroll, "--help"]),
        "ecroll filter --count, 5 MB of lines": lambda name: run(folder, name, [*count, lines]),
        "ecroll filter --count, the same as .gz": lambda name: run(folder, name, [*count, packed]),
        "ecroll filter --count, the same as {\"Records\": …}": lambda name: run(folder, name, [*count, file]),
        "ecroll replay, the bundled sample": lambda name: run(folder, name, [ecroll, "replay", "--output", "json"]),
    }
    found = {}
    for name, job in jobs.items():
        found[name] = job(name)
        print(f"{found[name]:>15,}  {name}", flush=True)
    return found


# ---------------------------------------------------------------------------------------------------- the judgement


def grown(found, figures):
    """What has grown, or has no figure; one line each."""
    for name, count in found.items():
        before = figures.get(name)
        if before is None:
            yield f"{name}: no figure; {RENEW}, and commit it"
        elif count > before * ALLOWED:
            yield f"{name}: {count:,} instructions, {(count / before - 1) * 100:.1f} % more than the {before:,} before"


def shrunk(found, figures):
    """What has shrunk by so much that its figure would hide the next growth."""
    for name, count in found.items():
        if count * ALLOWED < figures.get(name, 0):
            yield f"{name}: {count:,} instructions, {(1 - count / figures[name]) * 100:.1f} % fewer; {RENEW} keeps the gain"


def ground():
    """What else decides how many instructions the same work takes."""
    rustc = output("rustc", "--version")
    return {"rustc": rustc, "valgrind": output("valgrind", "--version"), "machine": platform.machine()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renew", action="store_true", help="write the figures anew")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        print("guard: passed over, there is no valgrind; apt-get install valgrind", file=sys.stderr)
        return
    here = ground()
    if not options.renew:
        with open(FIGURES, encoding="utf-8") as file:
            committed = json.load(file)
        differs = [f"{key} is {here[key]}, was {committed.get(key)}" for key in here if here[key] != committed.get(key)]
        if differs:
            # Other compilers and other machines count otherwise: that says nothing of a change.
            print(f"guard: passed over, the figures were counted elsewhere: {'; '.join(differs)}. "
                  f"Count them anew on a commit that is known to be good, and commit guard/figures.json: {RENEW}",
                  file=sys.stderr)  # fmt: skip
            return
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        found = counts(folder)
    if options.renew:
        with open(FIGURES, "w", encoding="utf-8") as file:
            json.dump(here | {"instructions": found}, file, indent=2, ensure_ascii=False)
            file.write("\n")
        return
    for text in shrunk(found, committed["instructions"]):
        print(f"guard: {text}")
    worse = list(grown(found, committed["instructions"]))
    if worse:
        fail("\nguard: ".join(worse))


if __name__ == "__main__":
    main()
