"""The loop of Lambda's Python runtime, in as few lines as it can be: `runtime.py MODULE`.

It imports the module first, then asks for events, as Lambda does. It loads less than Lambda's own client does.
"""

import http.client
import importlib
import json
import os
import sys

VERSION = "/2018-06-01/runtime/invocation"

handler = importlib.import_module(sys.argv[1]).handler
host = os.environ["AWS_LAMBDA_RUNTIME_API"]
while True:
    api = http.client.HTTPConnection(host)
    api.request("GET", f"{VERSION}/next")
    answer = api.getresponse()
    event, name = json.loads(answer.read()), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    result = json.dumps(handler(event, None))
    api.request("POST", f"{VERSION}/{name}/response", result)
    api.getresponse().read()
