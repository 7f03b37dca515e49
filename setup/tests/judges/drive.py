"""Drives the pocket account with boto3, operation by operation: the table is in operations.py.

Prints what differs, one line each, and ends with 1 if anything does.
"""

import re
import sys
import time

import boto3
import jmespath
from botocore.config import Config
from botocore.exceptions import ClientError

import operations
import shapes

# What the pipeline touches, by the names of boto3.
SERVICES = [
    "cloudtrail", "cloudwatch", "ecr", "ecs", "events", "iam", "lambda", "logs", "s3", "scheduler", "sns", "sqs", "sts",
    "cloudformation",
]
QUICK = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=60)
# What an input holds where any text will do.
DUMMY = "dummy"
# How a service says that it does not know an operation.
UNKNOWN = ("NotImplemented", "UnknownOperationException")

problems = []
driven = set()
saved = {}


def say(problem):
    problems.append(problem)
    print(problem, flush=True)


def client(service, config=QUICK):
    made = boto3.client(service, config=config)

    def check(response_dict, operation_model, **_):
        if response_dict["status_code"] < 300:
            try:
                shapes.compare(operation_model, response_dict["status_code"], response_dict["body"])
            except Exception as error:  # Whatever a body does to the comparison, it is the body's fault.
                say(f"{service} {operation_model.name}: {error}")

    made.meta.events.register(f"before-parse.{made.meta.service_model.service_id.hyphenize()}", check)
    return made


clients = {service: client(service) for service in SERVICES}


def filled(value):
    """The value with `$name` replaced by what was kept under that name."""
    if isinstance(value, str):
        whole = re.fullmatch(r"\$(\w+)", value)
        # What was never kept is told where it was to be kept.
        return saved.get(whole[1], DUMMY) if whole else value
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item) for item in value]
    return value


def call(service, operation, given):
    """The answer of an operation by its name in the model."""
    made = clients[service]
    names = {api: method for method, api in made.meta.method_to_api_mapping.items()}
    driven.add((service, operation))
    return getattr(made, names[operation])(**given)


def drive(case):
    name = f"{case.service} {case.operation}"
    given = filled(case.given)
    until = time.monotonic() + case.patience
    while True:
        differing = attempt(case, name, given)
        if not differing or time.monotonic() > until:
            break
        time.sleep(0.2)
    for line in differing:
        say(line)


def attempt(case, name, given):
    try:
        answer = call(case.service, case.operation, given)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if case.error != code:
            wanted = case.error or "an answer"
            return [f"{name}: {code} where {wanted} was expected: {error.response['Error'].get('Message')}"]
        if code not in modelled(case) and (case.service, code) not in operations.UNMODELLED:
            return [f"{name}: {code} is no error of this operation in the model"]
        if not error.response["Error"].get("Message") and case.operation != "HeadBucket":
            return [f"{name}: {code} has no message"]
        if not error.response["ResponseMetadata"].get("RequestId"):
            return [f"{name}: {code} has no request identifier"]
        return []
    if case.error:
        return [f"{name}: an answer where {case.error} was expected"]
    differing = []
    for path, wanted in filled(case.expects).items():
        found = jmespath.search(path, answer)
        if found != wanted and not (wanted is operations.ANY and found not in (None, "", [], {})):
            differing.append(f"{name}: {path} is {found!r}, not {wanted!r}")
    for key, path in case.keeps.items():
        saved[key] = jmespath.search(path, answer)
    return differing


def modelled(case):
    """The codes of the errors that the model lists for the operation; S3 lists hardly any."""
    model = clients[case.service].meta.service_model
    shapes_of = model.operation_model(case.operation).error_shapes
    codes = {shape.metadata.get("error", {}).get("code") or shape.name for shape in shapes_of}
    return codes | ({case.error} if case.service == "s3" else set())


def wait(waiter):
    service, name, given = waiter
    made = clients[service]
    try:
        made.get_waiter(name).wait(**filled(given), WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    except Exception as error:
        say(f"waiter {service} {name}: {error}")


def pages(paging):
    service, operation, given, size, path, least = paging
    names = {api: method for method, api in clients[service].meta.method_to_api_mapping.items()}
    driven.add((service, operation))
    try:
        paginator = clients[service].get_paginator(names[operation])
        settings = {"PageSize": size} if size else {}
        seen, count = [], 0
        for page in paginator.paginate(**filled(given), PaginationConfig=settings):
            count += 1
            seen += jmespath.search(path, page) or []
        texts = [str(item) for item in seen]
        if len(seen) < least or len(set(texts)) != len(texts):
            say(f"paginator {service} {operation}: {len(seen)} items, {len(set(texts))} of them different, at least {least} expected")
        if size and count < len(seen) / size:
            say(f"paginator {service} {operation}: {count} pages for {len(seen)} items of {size} a page")
        if size and least > size and count < 2:
            say(f"paginator {service} {operation}: one page, although it was asked for {size} a page")
    except Exception as error:
        say(f"paginator {service} {operation}: {error}")


def dummy(shape, depth=0):
    """The least input that the model lets through."""
    kind = shape.type_name
    if kind == "structure":
        return {name: dummy(shape.members[name], depth + 1) for name in shape.required_members}
    if kind == "list":
        return [dummy(shape.member, depth + 1)] if depth < 4 else []
    if kind == "map":
        return {}
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return 0
    if kind in ("integer", "long", "float", "double"):
        return 1
    if kind == "blob":
        return b"{}"
    return shape.enum[0] if getattr(shape, "enum", None) else DUMMY


def answered():
    """The operations that the account answers: every one of the models that it does not call NotImplemented."""
    found = set()
    config = Config(
        retries={"max_attempts": 1}, parameter_validation=False, inject_host_prefix=False,
        s3={"addressing_style": "path"}, read_timeout=60,
    )
    for service in SERVICES:
        made = boto3.client(service, config=config)
        for method, operation in made.meta.method_to_api_mapping.items():
            model = made.meta.service_model.operation_model(operation)
            if model.auth_type == "none" or model.deprecated:
                # Nobody signs it, and so nobody is told more; or boto3 warns against it.
                continue
            given = dummy(model.input_shape) if model.input_shape else {}
            given.update(operations.PROBES.get(service, {}))
            given = {k: v for k, v in given.items() if model.input_shape and k in model.input_shape.members}
            try:
                getattr(made, method)(**given)
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                if error.response["Error"]["Code"] in UNKNOWN or status == 501:
                    continue
            except Exception as error:  # The client refuses what it cannot write; such an operation is none of ours.
                print(f"# {service} {operation}: not asked: {type(error).__name__}: {error}", file=sys.stderr)
                continue
            found.add((service, operation))
    return found


def main():
    for step in operations.STEPS:
        if isinstance(step, operations.Case):
            drive(step)
        elif isinstance(step, operations.Waiter):
            wait(step)
        else:
            pages(step)
    # Last, because it creates what it likes.
    found = answered()
    for service, operation in sorted(found - driven):
        say(f"{service} {operation}: is answered, and no case drives it")
    for service, operation in sorted(driven - found):
        say(f"{service} {operation}: is driven, and is not answered")
    for key in sorted(set(operations.DIFFERENCES) - {line.split(":")[0] for line in problems}):
        say(f"{key}: is listed as a difference, and differs no more")
    left = [line for line in problems if line.split(":")[0] not in operations.DIFFERENCES]
    print(f"{len(driven)} operations driven, {len(operations.STEPS)} steps, {len(left)} problems")
    raise SystemExit(1 if left else 0)


main()
