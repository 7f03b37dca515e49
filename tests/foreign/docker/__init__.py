"""Stands for the Docker SDK, so that MiniStack's ECS scheduler rolls services where there is no Docker.

A container is a note that somebody wants it to run. An image whose tag begins with "missing" cannot be pulled; a
container of an image whose tag begins with "crash" exits soon after its start. Only what the scheduler uses is here.
"""

import hashlib
import threading
import time
import uuid

from . import errors

# Seconds that a start takes, and that a crashing container lives.
START = 0.2
LIFE = 0.5


def from_env(**_):
    return DockerClient()


class DockerClient:
    """All clients see the same containers, as those of one daemon do."""

    def __init__(self, **_):
        self.containers = Containers()
        self.images = Images()

    def ping(self):
        return True


class Containers:
    _held = {}
    _lock = threading.Lock()

    def run(self, image, command=None, name=None, **_):
        refuse_missing(image)
        time.sleep(START)
        container = Container(image, name)
        with self._lock:
            self._held[container.id] = container
        return container

    def get(self, wanted):
        with self._lock:
            for container in self._held.values():
                if wanted and (container.id.startswith(wanted) or container.name == wanted):
                    return container
        raise errors.NotFound(f"no container {wanted}")

    def list(self, **_):
        with self._lock:
            return list(self._held.values())

    @classmethod
    def forget(cls, container):
        with cls._lock:
            cls._held.pop(container.id, None)


class Container:
    def __init__(self, image, name):
        self.id = uuid.uuid4().hex * 2
        self.name = name or self.id[:12]
        self.image = image
        self.labels = {}
        self.attrs = {"NetworkSettings": {"Networks": {}, "Ports": {}}}
        self._dies = time.monotonic() + LIFE if tag_of(image).startswith("crash") else None
        self._ended = threading.Event()

    @property
    def status(self):
        crashed = self._dies is not None and time.monotonic() >= self._dies
        return "exited" if crashed or self._ended.is_set() else "running"

    def reload(self):
        """There is no daemon to ask: what is here is the truth."""

    def wait(self, **_):
        while self.status == "running":
            self._ended.wait(0.05)
        return {"StatusCode": 0 if self._ended.is_set() else 1}

    def logs(self, stream=False, follow=False, **_):
        return iter(()) if stream or follow else b""

    def stop(self, **_):
        self._ended.set()

    def remove(self, **_):
        self._ended.set()
        Containers.forget(self)


class Images:
    """Every image is there, at a digest that follows from its name."""

    def pull(self, image, **_):
        return self.get(image)

    def get(self, image):
        refuse_missing(image)
        return Image(image)

    def get_registry_data(self, image, **_):
        return self.get(image)


class Image:
    def __init__(self, name):
        self.id = "sha256:" + hashlib.sha256(name.encode()).hexdigest()

    def tag(self, *_, **__):
        return True


def tag_of(image):
    return image.rpartition("/")[2].partition("@")[0].partition(":")[2]


def refuse_missing(image):
    if tag_of(image).startswith("missing"):
        raise errors.ImageNotFound(f"no image {image}")
