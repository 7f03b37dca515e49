#!/usr/bin/env python3
"""How the cost of each job grows with the work, as a line each and as a plot; README.md says how."""

import argparse
import datetime
import json
import math
import os
import resource
import subprocess
import sys
from html import escape

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import machine  # noqa: E402
from machine import ROOT, say  # noqa: E402

WORK = os.path.join(ROOT, "target", "bench-growth")
FIGURES = "cargo test --workspace --quiet --test rules -- --ignored --nocapture figures".split()
# Of a plot: its frame, and what the axes reach to, as multiples of the least work and its cost.
LEFT, TOP, WIDE, HIGH, MOST = 60, 20, 420, 420, 5000
COLOURS = ("#0b62a4", "#b5460f", "#2f7d32", "#7a3fa0", "#8a6d00", "#c2185b")


def used(command):
    """Seconds on a processor, and the most memory in MiB, of a command that must succeed."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT)
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    if status:
        raise SystemExit(f"{' '.join(command)}: {said}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def least(command, times=3):
    return min(used(command) for _ in range(times))


def push(number, repository, at):
    """The record of a push."""
    digest = f"sha256:{number:064x}"
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 1, "digest": "sha256:" + "1" * 64},
    })  # fmt: skip
    of = {"registryId": "111122223333", "repositoryName": repository}
    named = {"imageDigest": digest, "imageTag": f"v{number}"}
    return json.dumps({
        "eventVersion": "1.11", "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "eventSource": "ecr.amazonaws.com",
        "eventName": "PutImage", "awsRegion": "eu-west-1", "eventID": f"push-{number}", "recipientAccountId": "111122223333",
        "requestParameters": of | {"imageTag": f"v{number}", "imageManifest": manifest},
        "responseElements": {"image": of | {"imageManifest": manifest, "imageId": named}},
    })  # fmt: skip


def other(number):
    """The record of some other call."""
    return json.dumps({
        "eventVersion": "1.11", "eventTime": "2026-01-01T00:00:00Z", "eventSource": "ec2.amazonaws.com",
        "eventName": "DescribeInstances", "awsRegion": "eu-west-1", "eventID": f"other-{number}",
        "requestParameters": {"text": "x" * 3000},
    })  # fmt: skip


def megabytes(path):
    return round(os.path.getsize(path) / 1e6)


def filtered(ecroll):
    """Megabytes of lines, of which one in a hundred is a push."""
    now = datetime.datetime(2026, 1, 1)
    lines = [push(one, "web", now) if one % 100 == 0 else other(one) for one in range(3_000)]
    text = "\n".join(lines) + "\n"
    path = os.path.join(WORK, "lines.jsonl")
    pattern = subprocess.run([ecroll, "filter", "--put-image"], capture_output=True, text=True, check=True).stdout.strip()
    for size in (25, 50, 100, 200, 400, 800):
        with open(path, "w", encoding="utf-8") as file:
            for _ in range(math.ceil(size * 1e6 / len(text))):
                file.write(text)
        yield megabytes(path), least([ecroll, "filter", "--count", pattern, path])[0]
    os.remove(path)


def replayed(ecroll):
    """Pushes, an hour between two, to five repositories in turn."""
    path = os.path.join(WORK, "pushes.jsonl")
    start = datetime.datetime(2026, 1, 1)
    for pushes in (50, 100, 200, 400, 800, 1600):
        with open(path, "w", encoding="utf-8") as file:
            for one in range(pushes):
                file.write(push(one, f"web-{one % 5}", start + datetime.timedelta(hours=one)) + "\n")
        yield pushes, used([ecroll, "replay", path])[0]
    os.remove(path)


def read(ecroll):
    """Megabytes of other calls' records between two pushes: what replay reads them in."""
    path = os.path.join(WORK, "records.jsonl")
    start = datetime.datetime(2026, 1, 1)
    lines = "\n".join(other(one) for one in range(3_000)) + "\n"
    # Beyond 50,000 records, which are kept.
    for size in (200, 400, 800, 1600):
        with open(path, "w", encoding="utf-8") as file:
            file.write(push(0, "web", start) + "\n")
            for _ in range(math.ceil(size * 1e6 / len(lines))):
                file.write(lines)
        yield megabytes(path), used([ecroll, "replay", path])[0]
    os.remove(path)


def looked_up():
    """Services that a first look-up rolls, a definition each, with AWS's token buckets: seconds of the clock, and calls."""
    said = subprocess.run(FIGURES, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in said.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[3] == "first" and row[0] == row[1]]
    return [(int(row[0]), float(row[5])) for row in rows], [(int(row[0]), int(row[6])) for row in rows]


def growth(points):
    """What twice the work costs: from the slope between the logarithms, over the upper half of the points."""
    upper = points[len(points) // 2 - 1 :]
    (least_work, least_cost), (most_work, most_cost) = upper[0], upper[-1]
    return 2 ** (math.log(most_cost / least_cost) / math.log(most_work / least_work))


def place(multiple):
    return math.log(multiple) / math.log(MOST)


def svg(jobs):
    """Both axes in multiples of the job's least point, on logarithmic scales."""
    total = TOP + HIGH + 60 + 22 * len(jobs)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDE + 140} {total}" font-family="sans-serif" font-size="12">',
        "<title>Cost by work, both as multiples of the least that was measured</title>",
        f'<rect width="100%" height="100%" fill="#fff"/><rect x="{LEFT}" y="{TOP}" width="{WIDE}" height="{HIGH}" fill="none" stroke="#999"/>',
    ]
    for mark in (1, 10, 100, 1000):
        x, y = LEFT + WIDE * place(mark), TOP + HIGH - HIGH * place(mark)
        parts.append(f'<path d="M{x:.1f} {TOP}V{TOP + HIGH}M{LEFT} {y:.1f}H{LEFT + WIDE}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP + HIGH + 16}" text-anchor="middle">{mark}×</text>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{mark}×</text>')
    parts.append(f'<path d="M{LEFT} {TOP + HIGH}L{LEFT + WIDE} {TOP}" stroke="#999" stroke-dasharray="4 4"/>')
    parts.append(f'<text x="{LEFT + WIDE / 2}" y="{TOP + HIGH + 34}" text-anchor="middle">work</text>')
    parts.append(f'<text x="{LEFT + WIDE + 6}" y="{TOP + 12}">twice for twice</text>')
    for number, (name, points) in enumerate(jobs.items()):
        colour, (work, cost) = COLOURS[number], points[0]
        at = [(LEFT + WIDE * place(x / work), TOP + HIGH - HIGH * place(max(y / cost, 1))) for x, y in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in at]
        y = TOP + HIGH + 60 + 22 * number
        parts.append(f'<circle cx="{LEFT + 6}" cy="{y - 4}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + 18}" y="{y}">{escape(name)}: twice the work costs {growth(points):.2f} times</text>')
    return "\n".join([*parts, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ecroll", help="this program, rather than what a release holds")
    parser.add_argument("--svg", metavar="FILE", help="write the plot there")
    parser.add_argument("--no-look-up", action="store_true", help="leave out what is measured by a test")
    options = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ecroll = os.path.abspath(options.ecroll or machine.released("release/ecroll"))
    jobs = {}
    for name, measure in {
        "filter --count, MB of lines: processor s": filtered,
        "replay, MB of other calls: processor s": read,
        "replay, pushes: processor s": replayed,
    }.items():
        say(name)
        jobs[name] = list(measure(ecroll))
    if not options.no_look_up:
        say("look-ups")
        seconds, calls = looked_up()
        jobs["first look-up, services: s, with AWS's rates"] = seconds
        jobs["first look-up, services: calls"] = calls
    print(machine.line() + "\n")
    print("| job | measured: work → cost | twice the work costs |")
    print("|---|---|---|")
    for name, points in jobs.items():
        measured = "; ".join(f"{work:,} → {cost:.3g}" if isinstance(cost, float) else f"{work:,} → {cost:,}" for work, cost in points)
        print(f"| {name} | {measured} | {growth(points):.2f} × |")
    if options.svg:
        with open(options.svg, "w", encoding="utf-8") as file:
            file.write(svg(jobs))


if __name__ == "__main__":
    main()
