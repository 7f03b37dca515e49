"""What is measured: the handler as it goes into Lambda, and its peers, each in an environment of its own below `target`."""

import json
import os
import shutil
import subprocess

from account import CLUSTER, GROUP, REGION
from machine import ROOT, say

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = os.path.join(ROOT, "target", "bench-handlers")
EMULATOR = ["ministack==1.5.33", "cbor2==6.2.1"]
BOTO3, ECS_DEPLOY, AWS_CLI = "boto3==1.44.5", "ecs-deploy==1.17.0", "awscli==1.46.3"
# Where Linux distributions keep the certificates of all authorities.
BUNDLES = ("/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem")


def venv(python, name, packages):
    """The folder of programs of an environment with these packages, installed once."""
    folder = os.path.join(WORK, name)
    programs = os.path.join(folder, "bin")
    mark = os.path.join(folder, "installed")
    wanted = " ".join([python, *packages])
    if not os.path.exists(mark) or open(mark, encoding="utf-8").read() != wanted:
        say(f"installing {' '.join(packages)}")
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        inside = os.path.join(programs, "python")
        subprocess.run([inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True)
        # Compiled, as a layer of Lambda should be.
        subprocess.run([inside, "-m", "compileall", "-q", os.path.join(folder, "lib")], stdout=subprocess.DEVNULL)
        with open(mark, "w", encoding="utf-8") as file:
            file.write(wanted)
    return programs


def functions(python):
    """The handlers in Python, by name: the commands that start them. Copied, so that their bytecode lies beside them."""
    folder = os.path.join(WORK, "function")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name in ("runtime.py", "one_by_one.py", "in_threads.py"):
        shutil.copy(os.path.join(HERE, name), folder)
    inside = os.path.join(venv(python, "boto3", [BOTO3]), "python")
    subprocess.run([inside, "-m", "compileall", "-q", folder], check=True)
    runtime = os.path.join(folder, "runtime.py")
    return {
        "Python, one call after the other": [inside, runtime, "one_by_one"],
        "Python, ten threads": [inside, runtime, "in_threads"],
    }


def tools(python):
    """What people run in a CI job, by name: command and folder of the program that it calls."""
    found = {"ecs-deploy, per service": ("ecs_deploy.sh", venv(python, "ecs-deploy", [ECS_DEPLOY, BOTO3]))}
    if shutil.which("jq"):
        found["aws ecs and jq, per service"] = ("aws_cli.sh", venv(python, "aws-cli", [AWS_CLI]))
    else:
        say("no jq, so no loop with the AWS CLI: apt-get install jq")
    return {name: ([os.path.join(HERE, script), CLUSTER], folder) for name, (script, folder) in found.items()}


def environment(endpoint, bundle, programs=None):
    """What a program finds: credentials, Region and endpoint, Lambda's variables, and our configuration."""
    path = os.environ["PATH"]
    given = {
        "PATH": f"{programs}:{path}" if programs else path, "HOME": WORK, "LOG_GROUP": GROUP, "LANG": "C.UTF-8",
        "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "test",
        "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f", "AWS_LAMBDA_LOG_STREAM_NAME": "1", "LAMBDA_TASK_ROOT": WORK,
        "ECROLL_CONFIG": json.dumps({"log_group": GROUP}),
    }  # fmt: skip
    if bundle:
        given |= {"SSL_CERT_FILE": bundle, "AWS_CA_BUNDLE": bundle}
    return given


def certificates():
    """For TLS: the file with certificate and key of `localhost`, and a bundle of all authorities, its own among them."""
    folder = os.path.join(WORK, "tls")
    served, bundle = os.path.join(folder, "served.pem"), os.path.join(folder, "bundle.pem")
    system = next((path for path in BUNDLES if os.path.exists(path)), None)
    if system is None:
        raise SystemExit(f"no bundle of certificates in {', '.join(BUNDLES)}: install ca-certificates")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
    authority = ["-x509", *key, "-subj", "/CN=bench", "-keyout", "ca.key", "-out", "ca.pem"]
    asked = [*key[:-2], "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "asked.pem"]
    signed = "-req -in asked.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out signed.pem".split()
    with open(os.path.join(folder, "names"), "w", encoding="utf-8") as file:
        file.write("subjectAltName = DNS:localhost\n")
    for command in (["req", *authority], ["req", *asked], ["x509", *signed]):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    for to, parts in ((served, ("signed.pem", "key.pem")), (bundle, (system, "ca.pem"))):
        with open(to, "wb") as whole:
            for part in parts:
                whole.write(open(os.path.join(folder, part), "rb").read())
    return served, bundle
