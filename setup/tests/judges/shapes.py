"""Compares an answer as it came over the wire with the shape that botocore's service model gives it.

botocore's own parsers drop what the model does not know; so the raw body is compared, before it is parsed: every member
exists in the shape and has its type, every value of an enumeration is one of its values, every required member is
there.
"""

import base64
import datetime
import io
import json
import re
import xml.etree.ElementTree as ElementTree

from botocore.parsers import RpcV2CBORParser
from botocore.utils import parse_timestamp


class Differs(Exception):
    """The answer does not have the shape."""


def compare(operation, status, body):
    """Raises Differs where the body of a successful answer is not what the model of the operation says."""
    shape = operation.output_shape
    protocol = operation.service_model.resolved_protocol
    if shape is None:
        # An operation without an output still answers its envelope in XML, and an empty object in JSON.
        if protocol.startswith("query"):
            ElementTree.fromstring(body)
        elif body not in (b"", b"{}") and protocol != "rest-xml":
            raise Differs(f"a body where the model has no output: {body[:80]!r}")
        return
    payload = shape.serialization.get("payload")
    in_body = {
        name: member
        for name, member in shape.members.items()
        if member.serialization.get("location") not in ("header", "headers", "statusCode")
    }
    if payload is not None:
        member = shape.members[payload]
        if member.type_name in ("blob", "string"):
            return
        shape = member
    elif not in_body and protocol != "query":
        if body.strip() not in (b"", b"{}"):
            raise Differs(f"a body where the model has none: {body[:80]!r}")
        return
    if protocol in ("json", "rest-json"):
        of_json(shape, json.loads(body), operation.name, status)
    elif protocol == "smithy-rpc-v2-cbor":
        of_cbor(shape, body, operation.name)
    elif protocol == "query":
        root = ElementTree.fromstring(body)
        if local(root) != f"{operation.name}Response":
            raise Differs(f"the root is {root.tag}")
        if root.find("./{*}ResponseMetadata/{*}RequestId") is None:
            raise Differs("there is no ResponseMetadata/RequestId")
        wrapper = shape.serialization.get("resultWrapper")
        if wrapper:
            root = root.find(f"./{{*}}{wrapper}")
            if root is None:
                raise Differs(f"there is no {wrapper}")
        of_xml(shape, root, operation.name)
    elif protocol == "rest-xml":
        of_xml(shape, ElementTree.fromstring(body), operation.name)
    else:
        raise Differs(f"the protocol {protocol} is unknown to this judge")


def of_cbor(shape, body, path):
    parser = RpcV2CBORParser()
    value = parser.parse_data_item(io.BufferedReader(io.BytesIO(body)))
    of_value(shape, value, path, lambda at: isinstance(at, datetime.datetime))


def of_json(shape, value, path, _status):
    def is_time(at):
        return isinstance(at, (int, float)) and not isinstance(at, bool)

    of_value(shape, value, path, is_time)


def of_value(shape, value, path, is_time):
    kind = shape.type_name
    if value is None:
        raise Differs(f"{path} is null; what is not there is left out")
    if kind == "structure":
        if not isinstance(value, dict):
            raise Differs(f"{path} is no structure: {value!r}")
        # A member may have another name on the wire.
        names = {m.serialization.get("name", n): (n, m) for n, m in shape.members.items()}
        for name, held in value.items():
            if name not in names:
                raise Differs(f"{path}.{name} is no member of {shape.name}")
            of_value(names[name][1], held, f"{path}.{name}", is_time)
        for wire, (name, _) in names.items():
            if name in shape.required_members and wire not in value:
                raise Differs(f"{path}.{name} is missing")
    elif kind == "list":
        if not isinstance(value, list):
            raise Differs(f"{path} is no list: {value!r}")
        for index, item in enumerate(value):
            of_value(shape.member, item, f"{path}[{index}]", is_time)
    elif kind == "map":
        if not isinstance(value, dict):
            raise Differs(f"{path} is no map: {value!r}")
        for key, item in value.items():
            of_value(shape.key, key, f"{path} key", is_time)
            of_value(shape.value, item, f"{path}[{key}]", is_time)
    elif kind == "timestamp":
        if shape.serialization.get("timestampFormat") == "iso8601":
            of_text(shape, value, path)
        elif not is_time(value):
            raise Differs(f"{path} is no time: {value!r}")
    elif kind == "boolean":
        if not isinstance(value, bool):
            raise Differs(f"{path} is no boolean: {value!r}")
    elif kind in ("integer", "long"):
        if isinstance(value, bool) or not isinstance(value, int):
            raise Differs(f"{path} is no whole number: {value!r}")
    elif kind in ("float", "double"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Differs(f"{path} is no number: {value!r}")
    else:
        of_text(shape, value, path)


def of_text(shape, value, path):
    if not isinstance(value, str):
        raise Differs(f"{path} is no text: {value!r}")
    if shape.type_name == "blob":
        base64.b64decode(value, validate=True)
    elif shape.type_name == "timestamp":
        parse_timestamp(value)
    elif getattr(shape, "enum", None) and value not in shape.enum:
        raise Differs(f"{path} is {value!r}, none of {shape.enum}")


def local(element):
    return re.sub(r"^\{.*\}", "", element.tag)


def of_xml(shape, element, path):
    kind = shape.type_name
    text = (element.text or "").strip()
    if kind == "structure":
        members = {}
        for name, member in shape.members.items():
            wire = member.serialization.get("name", name)
            if member.type_name == "list" and member.serialization.get("flattened"):
                wire = member.serialization.get("name") or member.member.serialization.get("name", name)
            members[wire] = (name, member)
        seen = set()
        for child in element:
            if local(child) not in members:
                raise Differs(f"{path}.{local(child)} is no member of {shape.name}")
            name, member = members[local(child)]
            flat = member.type_name in ("list", "map") and member.serialization.get("flattened")
            if name in seen and not flat:
                raise Differs(f"{path}.{name} is there twice")
            seen.add(name)
            inner = member.member if flat and member.type_name == "list" else member
            of_xml(inner, child, f"{path}.{name}")
        missing = [name for name in shape.required_members if name not in seen]
        if missing:
            raise Differs(f"{path} lacks {missing}")
    elif kind == "list":
        item = shape.member.serialization.get("name", "member")
        for child in element:
            if local(child) != item:
                raise Differs(f"{path} has {local(child)} where its items are {item}")
            of_xml(shape.member, child, f"{path}[]")
    elif kind == "map":
        for child in element:
            if local(child) != "entry" or [local(part) for part in child] != ["key", "value"]:
                raise Differs(f"{path} has {local(child)} where its items are entry(key, value)")
            of_xml(shape.value, child[1], f"{path}[{child[0].text}]")
    elif kind == "timestamp":
        parse_timestamp(text)
    elif kind == "boolean":
        if text not in ("true", "false"):
            raise Differs(f"{path} is no boolean: {text!r}")
    elif kind in ("integer", "long"):
        int(text)
    elif kind in ("float", "double"):
        float(text)
    elif getattr(shape, "enum", None) and text not in shape.enum:
        raise Differs(f"{path} is {text!r}, none of {shape.enum}")
