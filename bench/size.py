#!/usr/bin/env python3
"""How large the Lambda is, by crate, and what its build costs; README.md says how."""

import argparse
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import machine  # noqa: E402
from machine import ROOT  # noqa: E402

WORK = os.path.join(ROOT, "target", "bench-size")
# In the names of symbols these stand for what they were made for.
STANDARD = {"core", "alloc", "std", "compiler_builtins", "hashbrown", "gimli", "addr2line", "rustc_demangle", "miniz_oxide"}


def build(clean):
    """Builds the handler, with its symbols, else as it goes into Lambda. Seconds on the clock and on processors."""
    if clean:
        shutil.rmtree(WORK, ignore_errors=True)
    environment = os.environ | {"CARGO_TARGET_DIR": WORK, "CARGO_INCREMENTAL": "0", "CARGO_PROFILE_LAMBDA_STRIP": "none"}
    began = time.perf_counter()
    command = "cargo build --locked --quiet --profile lambda -p ecroll-handler --timings".split()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the handler cannot be built: {' '.join(command)}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime


def timings():
    """The seconds on the clock of every crate in the last build, from the report that cargo makes for a browser."""
    newest = max(glob.glob(os.path.join(WORK, "cargo-timings", "cargo-timing-*.html")), key=os.path.getmtime)
    with open(newest, encoding="utf-8") as file:
        units = json.loads(re.search(r"UNIT_DATA = (\[.*?\]);\n", file.read(), re.S).group(1))
    seconds = collections.Counter()
    for unit in units:
        seconds[unit["name"]] += unit["duration"]
    return seconds


def crates(binary):
    """Bytes of code and constants with a name, by crate."""
    sizes = collections.Counter()
    listing = subprocess.run(["nm", "--print-size", "--defined-only", "--demangle", binary], capture_output=True, text=True)
    for line in listing.stdout.splitlines():
        parts = line.split(" ", 3)
        if len(parts) == 4 and parts[2] in "tTrRdDbBvVwW":
            sizes[crate(parts[3])] += int(parts[1], 16)
    return sizes


def crate(symbol):
    """To whom a symbol belongs: the first crate that it names which is not the standard library's, if any."""
    names = re.findall(r"(?<![A-Za-z0-9_:])([a-z_][a-z0-9_]*)(?=::)", symbol)
    own = next((name for name in names if name not in STANDARD), None)
    if own:
        return own
    if names:
        return "standard library"
    if symbol.startswith(("ring_", "x25519", "ecp_", "p256", "p384", "bn_", "aes", "sha", "gcm", "chacha", "fiat", "k25519", "LIMBS")):
        return "ring"
    return "no crate named"


def zipped(binary):
    """The bytes of the stripped binary, and of the zip that setup uploads, made by ecroll itself."""
    ecroll = os.environ.get("ECROLL")
    with tempfile.TemporaryDirectory() as folder:
        bare, zip_file = os.path.join(folder, "handler"), os.path.join(folder, "handler.zip")
        subprocess.run(["strip", "--strip-all", "-o", bare, binary], check=True)
        run = [ecroll] if ecroll else "cargo run --locked --quiet --bin ecroll --".split()
        command = [*run, "template", "--handler", bare, "--zip", zip_file]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return os.path.getsize(bare), os.path.getsize(zip_file)


def table(title, sizes, count, unit, form):
    total = sum(sizes.values())
    print(f"\n| {title} | {unit} | share |\n|---|---|---|")
    for name, value in sizes.most_common(count):
        print(f"| {name} | {form(value)} | {value / total * 100:.1f} % |")
    rest = total - sum(value for _, value in sizes.most_common(count))
    print(f"| all others | {form(rest)} | {rest / total * 100:.1f} % |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="build on what is there, rather than from nothing")
    parser.add_argument("--binary", help="this one, with its symbols, rather than building it")
    options = parser.parse_args()
    binary = options.binary or os.path.join(WORK, "lambda", "handler")
    print(machine.line())
    if not options.binary:
        print("building; from nothing it takes a quarter of an hour", file=sys.stderr)
        wall, cpu = build(not options.keep)
        print(f"Build: {wall:.0f} s on the clock, {cpu:.0f} s on processors, {machine.load()} at its end.")
    bare, packed = zipped(binary)
    print(f"The binary has {bare:,} bytes, the zip {packed:,}: {packed / (4 << 20) * 100:.0f} % of 4 MB.")
    table("crate", crates(binary), 25, "KiB", lambda value: f"{value / 1024:,.0f}")
    if not options.binary:
        table("crate", timings(), 10, "s on the clock", lambda value: f"{value:,.0f}")


main()
