"""What all benches say of the machine that they run on, and where they keep what they build."""

import datetime
import functools
import os
import platform
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def say(text):
    print(text, file=sys.stderr, flush=True)


def load():
    return f"load {os.getloadavg()[0]:.2f}"


def line():
    """The date, the machine, and how busy it is; right after a build that is the build's own load."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if "model name" in line), "?")
    return f"{datetime.date.today()}, {os.cpu_count()} cores ({model}), Linux {platform.release()}, {load()}."


@functools.cache
def released(program):
    """A program as a release holds it, built if need be: `release/ecroll` or `lambda/handler`."""
    say("building what a release holds")
    said = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    host = next(line.split()[1] for line in said.splitlines() if line.startswith("host: "))
    only = ["ecroll"] if program == "release/ecroll" else []
    subprocess.run([os.path.join(ROOT, "release", "build"), host, *only], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(ROOT, "target", host, program)


def aims(rows):
    """A table of what was to be reached, what was, and whether."""
    if not rows:
        return
    print("\n| aim | here | reached? |\n|---|---|---|")
    for aim, here, reached in rows:
        print(f"| {aim} | {here} | {'yes' if reached else 'no'} |")
