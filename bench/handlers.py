#!/usr/bin/env python3
"""Times the handler from its start to the end of its first roll, beside programs that people use; README.md says how."""

import argparse
import json
import os
import ssl
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(HERE, "handlers")]

import machine  # noqa: E402
import programs  # noqa: E402
from account import Account  # noqa: E402
from far_away import FarAway  # noqa: E402
from lambda_api import Function  # noqa: E402
from machine import ROOT, load, say  # noqa: E402
from programs import WORK  # noqa: E402

OURS = "ecroll's handler"
ALARM = {
    "AlarmName": "ecroll-pushes", "AWSAccountId": "000000000000", "Region": "EU (Ireland)", "NewStateValue": "ALARM",
    "OldStateValue": "OK", "NewStateReason": "Threshold Crossed", "StateChangeTime": "2026-01-01T00:00:00.000+0000",
    "AlarmArn": "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:ecroll-pushes",
}  # fmt: skip
EVENT = {
    "Records": [{
        "EventSource": "aws:sns", "EventVersion": "1.0",
        "EventSubscriptionArn": "arn:aws:sns:eu-west-1:000000000000:ecroll:1",
        "Sns": {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-west-1:000000000000:ecroll",
                "Subject": "ALARM", "Message": json.dumps(ALARM), "Timestamp": "2026-01-01T00:00:00.000Z"},
    }]
}  # fmt: skip


class Stage:
    """Where programs run: the account, how far away it is, and whether it is reached by TLS."""

    def __init__(self, account, latency, tls):
        self.account, self.latency = account, latency
        self.context = self.bundle = None
        if tls:
            served, self.bundle = programs.certificates()
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(served)

    def prepared(self, services):
        """An account with these services, a push to each, and the way there. The names of the services, the tag, the way."""
        names, tag = self.account.fill(services), "v1"
        self.account.push(names, tag)
        return names, tag, FarAway(self.account.port, self.latency, self.context)

    def check(self, command, names, tag):
        done = self.account.running(names, tag)
        if done != len(names):
            raise SystemExit(f"{command}: {done} of {len(names)} services run {tag}; {WORK}/output says why")

    def wake(self, command, services):
        """Starts a function, lets it roll, and look once more."""
        names, tag, far = self.prepared(services)
        with open(os.path.join(WORK, "output"), "w", encoding="utf-8") as output:
            function = Function(command, programs.environment(far.url(), self.bundle), output)
        try:
            first, used, _ = function.invoke(EVENT)
            calls = sum(far.calls.values())
            self.check(command, names, tag)
            peak = function.peak()
            second, _, _ = function.invoke(EVENT)
        finally:
            function.end()
            far.end()
        again = sum(far.calls.values()) - calls
        return {
            "end": function.start + first, "cpu": used, "trips": first / self.latency, "calls": calls, "opened": far.connections,
            "second": second / self.latency, "again": again, "peak": peak,
        }  # fmt: skip

    def run(self, tool, services):
        """Runs a program of a CI job, which is told what to roll."""
        (command, folder), (names, tag, far) = tool, self.prepared(services)
        with open(os.path.join(WORK, "output"), "w", encoding="utf-8") as output:
            began = time.perf_counter()
            process = subprocess.Popen(
                [*command, tag, *names], env=programs.environment(far.url(), self.bundle, folder),
                stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            # Of the process and all that it waited for.
            _, _, usage = os.wait4(process.pid, 0)
            end = time.perf_counter() - began
        process.returncode = 0
        far.end()
        self.check(command, names, tag)
        return {
            "end": end, "cpu": usage.ru_utime + usage.ru_stime, "calls": sum(far.calls.values()), "opened": far.connections,
            "peak": usage.ru_maxrss / 1024,
        }  # fmt: skip


def starts(stage, commands, times):
    """So many starts of each function until it asks for an event, in turns: milliseconds on the clock and on a processor."""
    rows = {name: [] for name in commands}
    way = FarAway(stage.account.port, stage.latency, stage.context)
    with open(os.path.join(WORK, "output"), "w", encoding="utf-8") as output:
        for _ in range(times):
            for name, command in commands.items():
                function = Function(command, programs.environment(way.url(), stage.bundle), output)
                rows[name].append((function.start * 1000, function.used * 1000, function.peak()))
                function.end()
    way.end()
    return {name: medians(found) for name, found in rows.items()}


def medians(rows):
    return [statistics.median(column) for column in zip(*rows)]


def start_table(found, times):
    own = found[OURS]
    lines = [
        f"\n**Start**: from the start of the process to its first request for an event, the median of {times}; {load()}\n",
        "| program | ms | times ours | ms on a processor | times ours | peak MiB | times ours |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in found.items():
        cells = (f"{mine:.2f} | {mine / ours:.3g}" for mine, ours in zip(row, own))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def rolls(stage, commands, tools, services, runs):
    """What each program takes to roll so many services: medians, by what is measured."""
    rows = {name: [] for name in [*commands, *tools]}
    for turn in range(runs):
        say(f"{services} services, run {turn + 1} of {runs}")
        for name in commands:
            rows[name].append(stage.wake(commands[name], services))
        for name in tools:
            rows[name].append(stage.run(tools[name], services))
    return {name: {key: statistics.median(run[key] for run in all) for key in all[0]} for name, all in rows.items()}


def roll_table(stage, found, services, runs):
    own = found[OURS]
    plural = "s" if services > 1 else ""
    lines = [
        f"\n**{services} service{plural}**, each with a definition and a repository of its own, all pushed to;"
        f" {stage.latency * 1000:.0f} ms per call, {'https' if stage.bundle else 'http'}; the median of {runs}; {load()}\n",
        "| program | start to the end of the first roll s | times ours | s on a processor | times ours"
        " | the roll alone, in round trips | calls | connections | a second look-up: round trips | calls | peak MiB | times ours |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in found.items():
        cells = [
            f"{row['end']:.3f}", f"{row['end'] / own['end']:.1f}", f"{row['cpu']:.3f}", f"{row['cpu'] / own['cpu']:.0f}",
            f"{row['trips']:.1f}" if "trips" in row else "–", f"{row['calls']:.0f}", f"{row['opened']:.0f}",
            f"{row['second']:.1f}" if "second" in row else "–", f"{row['again']:.0f}" if "again" in row else "–",
            f"{row['peak']:.1f}", f"{row['peak'] / own['peak']:.1f}",
        ]  # fmt: skip
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def aims(started, rolled):
    """What was to be reached beside the functions in Python; of the tools of a CI job nothing was asked."""
    rows = []
    if started:
        own, *others = started.values()
        sooner, used = (min(row[place] / own[place] for row in others) for place in (0, 1))
        rows.append(("start: 50 × sooner than Python on boto3", f"{sooner:.0f} ×, on a processor {used:.0f} ×", sooner >= 50))
        memory = min(row[2] / own[2] for row in others)
        rows.append(("start: at most 1/5 of its memory", f"{own[2]:.1f} MiB, 1/{memory:.1f}", memory >= 5))
    for key, aim, least in (("end", "10 × sooner", 10), ("peak", "at most 1/5 of the memory", 5)):
        for services, found in rolled.items():
            own, others = found[OURS], {name: row for name, row in found.items() if "trips" in row and name != OURS}
            times = {name: row[key] / own[key] for name, row in others.items()}
            here = "; ".join(f"{value:.1f} × ({name})" for name, value in times.items())
            rows.append((f"the end of the first roll, services: {services}: {aim}", here, min(times.values()) >= least))
    machine.aims(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, nargs="*", default=[1, 10], help="how many services each table has")
    parser.add_argument("--starts", type=int, default=21, help="how often each function is started; the median counts")
    parser.add_argument("--runs", type=int, default=5, help="how often each program rolls; the median counts")
    parser.add_argument("--latency", type=float, default=0.04, help="seconds that a call takes at least")
    parser.add_argument("--tls", action="store_true", help="reach the account by https")
    parser.add_argument("--handler", help="this one, rather than what a release holds")
    parser.add_argument("--python", default=sys.executable, help="the Python of the peers")
    parser.add_argument("--no-tools", action="store_true", help="only functions")
    options = parser.parse_args()
    os.makedirs(WORK, exist_ok=True)
    emulator = os.path.join(programs.venv(options.python, "emulator", programs.EMULATOR), "python")
    peers = programs.functions(options.python)
    tools = {} if options.no_tools else programs.tools(options.python)
    ours = options.handler or machine.released("lambda/handler")
    commands = {OURS: [os.path.abspath(ours)]} | peers
    version = subprocess.run([options.python, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print(machine.line())
    print(f"{version}, {', '.join([programs.BOTO3, programs.ECS_DEPLOY, programs.AWS_CLI, programs.EMULATOR[0]])}.")
    print(f"The handler has {os.path.getsize(ours):,} bytes.")
    account = Account(emulator, os.path.join(ROOT, "tests", "foreign"), os.path.join(WORK, "home"))
    try:
        stage = Stage(account, options.latency, options.tls)
        started, rolled = {}, {}
        if options.starts:
            say(f"{options.starts} starts of each")
            started = starts(stage, commands, options.starts)
            print(*start_table(started, options.starts), sep="\n", flush=True)
        for services in options.services:
            rolled[services] = rolls(stage, commands, tools, services, options.runs)
            print(*roll_table(stage, rolled[services], services, options.runs), sep="\n", flush=True)
        aims(started, rolled)
    finally:
        account.end()


if __name__ == "__main__":
    main()
