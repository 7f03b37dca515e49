"""Signs wrongly, in each protocol, and looks how the pocket account refuses."""

import datetime
import json
import time

import boto3
import botocore
import botocore.auth
from botocore.config import Config
from botocore.exceptions import ClientError

# One operation of each wire format.
ASKED = {
    "json": ("ecs", "list_clusters"),
    "query": ("sns", "list_topics"),
    "rest-json": ("lambda", "list_functions"),
    "rest-xml": ("s3", "list_buckets"),
    "cbor": ("cloudwatch", "describe_alarms"),
}
JSON, QUERY, S3 = ("json", "rest-json", "cbor"), ("query",), ("rest-xml",)
# What is wrong, and the codes by which the JSON formats, the query format and S3 say so.
WRONG = {
    "secret": ("InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"),
    "key": ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"),
    "nothing": ("MissingAuthenticationTokenException", "MissingAuthenticationToken", "AccessDenied"),
    "region": ("InvalidSignatureException", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed"),
    "early": ("RequestExpired", "RequestExpired", "RequestTimeTooSkewed"),
    "late": ("RequestExpired", "RequestExpired", "RequestTimeTooSkewed"),
}

now = botocore.auth.get_current_datetime
problems = 0


def code(service, method, wrong):
    settings = {"retries": {"max_attempts": 1, "mode": "standard"}}
    given = {}
    if wrong == "secret":
        given["aws_secret_access_key"] = "another"
        given["aws_access_key_id"] = "POCKET"
    elif wrong == "key":
        given["aws_secret_access_key"] = "account"
        given["aws_access_key_id"] = "NOBODY"
    elif wrong == "nothing":
        settings["signature_version"] = botocore.UNSIGNED
    elif wrong == "region":
        given["region_name"] = "ap-south-1"
    shift = {"early": -16, "late": 16}.get(wrong, 0)
    botocore.auth.get_current_datetime = lambda *a, **k: now(*a, **k) + datetime.timedelta(minutes=shift)
    try:
        getattr(boto3.client(service, config=Config(**settings), **given), method)()
        return "an answer"
    except ClientError as error:
        return error.response["Error"]["Code"]


for protocol, (service, method) in ASKED.items():
    if code(service, method, None) != "an answer":
        print(f"{service}: rightly signed, and refused: {code(service, method, None)}")
        problems += 1
    for wrong, codes in WRONG.items():
        wanted = codes[0 if protocol in JSON else 1 if protocol in QUERY else 2]
        found = code(service, method, wrong)
        if found != wanted:
            print(f"{service} ({protocol}), wrong {wrong}: {found}, not {wanted}")
            problems += 1



def lent():
    """The keys of a role that the operator takes on."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::000000000000:user/operator"},
    }]})
    role = boto3.client("iam").create_role(RoleName="lent", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for _ in range(100):
        try:
            given = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
            return {"aws_access_key_id": given["AccessKeyId"], "aws_secret_access_key": given["SecretAccessKey"],
                    "aws_session_token": given["SessionToken"]}
        except ClientError:
            time.sleep(0.2)
    raise SystemExit("the role cannot be taken on")


def refused(service, method, keys):
    try:
        getattr(boto3.client(service, config=Config(retries={"max_attempts": 1}), **keys), method)()
        return "an answer"
    except ClientError as error:
        return error.response["Error"]["Code"]


botocore.auth.get_current_datetime = now
keys = lent()
arn = boto3.client("sts", **keys).get_caller_identity()["Arn"]
for found, wanted in [
    (arn, "arn:aws:sts::000000000000:assumed-role/lent/me"),
    # The role has no policy, so it may do nothing else.
    (refused("ecs", "list_clusters", keys), "AccessDeniedException"),
    (refused("sns", "list_topics", keys), "AuthorizationError"),
    (refused("s3", "list_buckets", keys), "AccessDenied"),
    (refused("sns", "list_topics", {**keys, "aws_session_token": "another"}), "InvalidClientTokenId"),
    (refused("ecs", "list_clusters", {**keys, "aws_session_token": "another"}), "UnrecognizedClientException"),
]:
    if found != wanted:
        print(f"{found}, not {wanted}")
        problems += 1

raise SystemExit(problems)
