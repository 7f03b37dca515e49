#!/usr/bin/env python3
"""Times `ecroll filter` beside other programs on the same files in the same run; README.md says how."""

import argparse
import glob
import gzip
import hashlib
import itertools
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import machine  # noqa: E402
from machine import ROOT, say  # noqa: E402

WORK = os.path.join(ROOT, "target", "bench-filters")

OURS, COUNT, UNPACKING = "ecroll filter", "ecroll filter --count", "decompressing alone, same library"
JQ = (
    'select(.eventSource == "ecr.amazonaws.com" and .eventName == "PutImage" and (has("errorCode") | not)'
    ' and (.requestParameters.imageTag | type == "string")) | .eventID'
)
SQL = """select eventID from read_ndjson('{file}', maximum_object_size = 16777216, columns = {{eventSource: 'VARCHAR',
 eventName: 'VARCHAR', errorCode: 'VARCHAR', eventID: 'VARCHAR', requestParameters: 'STRUCT(imageTag VARCHAR)'}})
 where eventSource = 'ecr.amazonaws.com' and eventName = 'PutImage' and errorCode is null
 and requestParameters.imageTag is not null"""
# Only the query is timed, not Python's start; the rows leave the process all the same.
DUCKDB = """import duckdb, json, resource, sys, time
duckdb.sql("set threads = " + sys.argv[1])
begin, used = time.perf_counter(), time.process_time()
rows = duckdb.sql(sys.argv[2]).fetchall()
print(json.dumps([time.perf_counter() - begin, time.process_time() - used, [row[0] for row in rows]]))"""
# Two of the four conditions: the library has no NOT EXISTS, joins no more than two with `&&`, and fails on a selector that
# goes through a null. On the sampled lines they select the same.
MATCHER = """import json, sys, time
from aws_json_term_matcher.matcher import match
begin, used = time.perf_counter(), time.process_time()
pattern = '{ ($.eventSource = "ecr.amazonaws.com") && ($.eventName = "PutImage") }'
rows = [json.loads(line)["eventID"] for line in open(sys.argv[1]) if match(json.loads(line), pattern)]
print(json.dumps([time.perf_counter() - begin, time.process_time() - used, rows]))"""


# ---------------------------------------------------------------------------------------------------- the corpora


def compact(record):
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


def records():
    """The records of the folder ECROLL_RECORDS, else some made up here."""
    folder = os.environ.get("ECROLL_RECORDS")
    if not folder:
        return [made_up(n, "AssumeRole", "sts.amazonaws.com") for n in range(3000)], "synthesised records"
    found = []
    for name in sorted(glob.glob(os.path.join(folder, "*.json"))):
        with open(name, encoding="utf-8") as file:
            found += json.load(file)["Records"]
    return found, f"{len(found)} recorded CloudTrail records"


def made_up(n, name="PutImage", source="ecr.amazonaws.com"):
    dice = random.Random(n)
    digest = "sha256:" + hashlib.sha256(str(n).encode()).hexdigest()
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 7023, "digest": digest},
        "layers": [{"size": dice.randrange(1 << 25), "digest": digest} for _ in range(dice.randrange(1, 6))],
    }
    record = {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE{n}:build",
            "arn": "arn:aws:sts::123456789012:assumed-role/ci/build",
            "accountId": "123456789012",
            "sessionContext": {"attributes": {"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "false"}},
        },
        "eventTime": "2026-01-01T00:00:00Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": f"203.0.113.{n % 250}",
        "userAgent": "docker/28.0.1 go/go1.23 kernel/6.1 os/linux arch/amd64",
        "requestParameters": {"registryId": "123456789012", "repositoryName": f"team/service-{n % 40}"},
        "responseElements": None,
        "requestID": f"{n:032x}",
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "123456789012",
    }
    if name == "PutImage":
        record["requestParameters"] |= {"imageTag": f"v{n}", "imageDigest": digest, "imageManifest": compact(manifest)}
        image = {"imageId": {"imageDigest": digest, "imageTag": f"v{n}"}, "imageManifest": compact(manifest)}
        record["responseElements"] = {"image": image}
    return record


def is_hit(record):
    return (
        record.get("eventSource") == "ecr.amazonaws.com"
        and record.get("eventName") == "PutImage"
        and "errorCode" not in record
        and isinstance((record.get("requestParameters") or {}).get("imageTag"), str)
    )


def decoy(record, n):
    """A line that holds the needle and does not match; every second one is of the registry itself."""
    record = dict(record, note=["PutImage", "imageTag", "no push"])
    if n % 2:
        record |= {"eventSource": "ecr.amazonaws.com", "eventName": "DescribeImages"}
    return record


def corpora(megabytes):
    """Writes the files that are not there yet; their names, and what they are made of."""
    found, origin = records()
    bulk = [record for record in found if "PutImage" not in compact(record)]
    hits = [record for record in found if is_hit(record)] + [made_up(n) for n in range(200)]
    random.Random(7).shuffle(bulk)
    size = megabytes * 1_000_000
    names = {name: os.path.join(WORK, name + ".jsonl") for name in ("hits-1", "decoys", "hits-100", "escapes")}
    names["records"] = os.path.join(WORK, "records.json")
    names["gz"] = os.path.join(WORK, "hits-1.jsonl.gz")
    stamp = os.path.join(WORK, "made")
    wanted = f"{origin} {megabytes} 2"
    if os.path.exists(stamp) and open(stamp, encoding="utf-8").read() == wanted:
        return names, origin
    say(f"writing corpora of {megabytes} MB from {origin}")

    def lines(of_bulk, share):
        bulk_lines, hit_lines = itertools.cycle(of_bulk), itertools.cycle(hits)
        written = 0
        for n in itertools.count():
            record = next(hit_lines) if n % share == 0 else next(bulk_lines)
            line = compact(dict(record, eventID=f"{n:08x}-0000-4000-8000-000000000000")) + "\n"
            written += len(line.encode())
            if written > size:
                return
            yield line

    def write(name, content):
        with open(names[name], "w", encoding="utf-8") as file:
            file.writelines(content)

    def escaped(line):
        # As some writers do; and every second hit is spelled so that no plain search can find it.
        line = line.replace("&", "\\u0026").replace("<", "\\u003c").replace('"eventType":', '"x":"\\u003d","eventType":')
        return line.replace('"eventName":"PutImage"', '"eventName":"Put\\u0049mage"') if len(line) % 2 else line

    write("hits-1", lines(bulk, 100))
    write("decoys", lines([decoy(r, n) if n % 5 == 0 else r for n, r in enumerate(bulk)], 100))
    write("hits-100", lines(bulk, 1))
    write("escapes", map(escaped, lines(bulk, 100)))
    with open(names["records"], "w", encoding="utf-8") as file:
        file.write('{"Records":[')
        for n, line in enumerate(lines(bulk, 100)):
            file.write(("," if n else "") + line.rstrip("\n"))
        file.write("]}")
    with open(names["hits-1"], "rb") as plain, gzip.open(names["gz"], "wb", 6) as packed:
        shutil.copyfileobj(plain, packed, 1 << 20)
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(wanted)
    return names, origin


# ---------------------------------------------------------------------------------------------------- the programs


def floors():
    """The program that does no more than has to be done."""
    target = os.path.join(WORK, "build")
    command = "cargo build --locked --quiet --release -p ecroll-filters --example unpack".split()
    subprocess.run(command, cwd=ROOT, env=dict(os.environ, CARGO_TARGET_DIR=target), check=True)
    return os.path.join(target, "release/examples/unpack")


def system_package(command, package):
    if not shutil.which(command) and shutil.which("apt-get"):
        say(f"installing {package}")
        subprocess.run(["apt-get", "install", "-y", "-qq", package], stdout=subprocess.DEVNULL, check=False)
    return shutil.which(command)


def python_with(*packages):
    folder = os.path.join(WORK, "venv")
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([python, "-m", "pip", "-q", "--disable-pip-version-check", "install", *packages], check=True)
    return python


def cargo_program(name):
    found = shutil.which(name)
    root = os.path.join(WORK, "cargo")
    if not found and not os.path.exists(os.path.join(root, "bin", name)):
        say(f"building {name}")
        subprocess.run(["cargo", "install", "--quiet", "--root", root, name], check=False)
    path = found or os.path.join(root, "bin", name)
    return path if os.path.exists(path) else None


def version(*command):
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return text.splitlines()[0] if text else "?"


# ---------------------------------------------------------------------------------------------------- the clock


def measured(command, times=3, shell=False):
    """Wall and CPU seconds of the best run, its output thrown away."""
    best = None
    for _ in range(times):
        run = measured_call(lambda: subprocess.run(command, shell=shell, stdout=subprocess.DEVNULL, check=False))
        # The quickest by CPU: on a machine that others use too, the wall clock counts them.
        best = min(best or run, run, key=lambda run: run[1])
    return best


def measured_call(call):
    """Wall and CPU seconds of the processes that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    call()
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rows(command, shell=False):
    """The event ids that a program prints, alone or within the events."""
    output = subprocess.run(command, shell=shell, capture_output=True, text=True, check=False).stdout
    ids = (json.loads(line)["eventID"] if line.startswith("{") else line for line in output.splitlines())
    return sorted(ids)


def measured_rows(command):
    """Both at once, of a program that takes long."""
    found = []
    run = measured_call(lambda: found.extend(rows(command, True)))
    return run, found


def in_python(python, program, *words, times=2):
    """Seconds and rows of a program that times itself."""
    best = None
    for _ in range(times):
        answer = subprocess.run([python, "-c", program, *words], capture_output=True, text=True, check=False)
        if answer.returncode:
            say(answer.stderr.strip().splitlines()[-1])
            return None
        # DuckDB may say something of its own before.
        wall, cpu, ids = json.loads(answer.stdout.splitlines()[-1])
        best = min(best or (wall, cpu, ids), (wall, cpu, ids), key=lambda run: run[1])
    return best[0], best[1], sorted(best[2])


class Table:
    """The rows of one corpus, printed as they come."""

    def __init__(self, reference, run, size):
        self.reference, self.run, self.size = reference, run, size
        self.cpu = {}

    def add(self, name, run, found):
        if run is None:
            return
        wall, cpu = run[:2]
        self.cpu[name] = cpu
        if found is None:
            same = "–"
        elif found == self.reference:
            same = "same"
        else:
            same = f"{len(set(self.reference) - set(found))} lost, {len(set(found) - set(self.reference))} too many"
        speed = self.size / cpu / 1e6
        times_wall, times_cpu = (f"{mine / ours:.3g}" for mine, ours in zip((wall, cpu), self.run))
        print(f"| {name} | {wall:.3f} | {cpu:.3f} | {speed:,.0f} | {times_wall} | {times_cpu} | {same} |", flush=True)


def aims(tables):
    """What issues of speed ask for, by time on a processor; only of what was measured."""

    def rate(corpus, program=OURS):
        table = tables[corpus]
        return table.size / table.cpu[program] / 1e9

    def times(corpus, peer):
        return tables[corpus].cpu[peer] / tables[corpus].cpu[OURS]

    def has(corpus, *peers):
        return corpus in tables and all(peer in tables[corpus].cpu for peer in peers)

    rows = []
    if has("hits-1", COUNT):
        whole, count = rate("hits-1"), rate("hits-1", COUNT)
        rows.append(("1 % hits: 4 GB/s", f"{whole:.2f} GB/s, with `--count` {count:.2f}", min(whole, count) >= 4))
    if has("decoys"):
        rows.append(("decoys: 1.5 GB/s", f"{rate('decoys'):.2f} GB/s", rate("decoys") >= 1.5))
    duck = [name for name in tables if has(name, "DuckDB, 1 thread")]
    if has("hits-1", "DuckDB, 1 thread"):
        here = "; ".join(f"{name} {times(name, 'DuckDB, 1 thread'):.1f} ×" for name in duck)
        rows.append(("1 % hits: 5 × DuckDB on one thread", here, times("hits-1", "DuckDB, 1 thread") >= 5))
    if has("hits-1", "jq"):
        here = "; ".join(f"{name} {times(name, 'jq'):.0f} ×" for name in tables if has(name, "jq"))
        rows.append(("1 % hits: aiming at 100 × jq", here, times("hits-1", "jq") >= 100))
    if has("gz", UNPACKING):
        share = 1 / times("gz", UNPACKING)
        rows.append((".gz: at most 1.15 × decompressing", f"{share:.2f} ×", share <= 1.15))
    machine.aims(rows)


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--megabytes", type=int, default=300)
    words.add_argument("--only", nargs="*", help="hits-1 decoys hits-100 escapes records gz")
    words.add_argument("--quick", action="store_true", help="only ecroll and the floors")
    words.add_argument("--ecroll", help="this program, rather than what a release holds")
    options = words.parse_args()
    os.makedirs(WORK, exist_ok=True)
    ecroll, unpack = os.path.abspath(options.ecroll or machine.released("release/ecroll")), floors()
    files, origin = corpora(options.megabytes)
    pattern = subprocess.run([ecroll, "filter", "--put-image"], capture_output=True, text=True, check=True).stdout.strip()
    jq = rg = jaq = python = None
    if not options.quick:
        jq, rg = system_package("jq", "jq"), system_package("rg", "ripgrep")
        jaq = cargo_program("jaq")
        python = python_with("duckdb", "aws-json-term-matcher")
    print(machine.line())
    print(f"Corpora of {options.megabytes} MB from {origin}.")
    if not options.quick:
        library = version(python, "-c", "import duckdb; print(duckdb.__version__)")
        peers = {"jq": jq, "ripgrep": rg, "jaq": jaq}
        print("; ".join(version(path, "--version") if path else f"no {name}" for name, path in peers.items()) + f"; DuckDB {library}.")
    tables = {}
    for name, file in files.items():
        if options.only and name not in options.only:
            continue
        packed = file.endswith(".gz")
        size = os.path.getsize(files["hits-1"] if packed else file)
        ours = [ecroll, "filter", pattern, file]
        reference = rows(ours)
        subprocess.run(["cat", file], stdout=subprocess.DEVNULL, check=True)
        run = measured(ours, 15)
        table = tables[name] = Table(reference, run, size)
        print(f"\n**{name}**: {size:,} bytes, {len(reference):,} matches, {machine.load()}\n")
        print("| program | wall s | CPU s | MB per CPU s | times ecroll's wall | CPU | rows |\n|---|---|---|---|---|---|---|")
        table.add(OURS, run, reference)
        table.add(COUNT, measured([*ours, "--count"], 15), None)
        if packed:
            table.add(UNPACKING, measured([unpack, file], 15), None)
        else:
            table.add("reading alone", measured([unpack, "--read", file], 15), None)
            if name != "records":
                ten = measured([unpack, "--search", pattern, file], 1)
                table.add("the search alone, in memory", (ten[0] / 10, ten[1] / 10), None)
        if options.quick:
            continue
        program = ".Records[] | " + JQ if name == "records" else JQ
        opened = f"zcat {file} | " if packed else ""
        for peer in (jq, jaq):
            if peer:
                command = f"{opened}{peer} -r '{program}' {'' if packed else file}"
                table.add(os.path.basename(peer), *measured_rows(command))
        if rg and jq and name != "records":
            command = f"{rg} -zF '\"PutImage\"' {file} | {jq} -r '{program}'"
            table.add("rg \\| jq, needle chosen by hand", measured(command, 3, True), rows(command, True))
        if python and name != "records":
            for threads in ("1", "2"):
                run = in_python(python, DUCKDB, threads, SQL.format(file=file))
                table.add(f"DuckDB, {threads} thread{'s' * (threads > '1')}", run, run and run[2])
        if python and name == "hits-1":
            sample = os.path.join(WORK, "sample.jsonl")
            with open(file, encoding="utf-8") as whole, open(sample, "w", encoding="utf-8") as part:
                part.writelines(itertools.islice(whole, 101))
            run = in_python(python, MATCHER, sample, times=1)
            if run:
                scale = size / os.path.getsize(sample)
                same = run[2] == rows([ecroll, "filter", pattern, sample])
                table.add(f"aws-json-term-matcher, from 101 lines ({'same rows' if same else 'other rows'})", (run[0] * scale, run[1] * scale), None)
    aims(tables)


main()
