"""A `rocmforge serve` of its own for each class of tests, and the clients that ask it."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import openai

PROGRAM = os.environ["ROCMFORGE"]
START_S = 120


def shared_model(name):
    """A model of the shared data; None where there is none."""
    root = os.environ.get("ROCMFORGE_TEST_DATA")
    root = pathlib.Path(root) if root else pathlib.Path(__file__).parents[4] / "shared"
    path = root / "models" / name
    return path if path.exists() else None


def smollm2():
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    path = pathlib.Path(cache) / "rocmforge/models/SmolLM2-135M-Instruct.Q4_1.gguf"
    return path if path.exists() else None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, model, *options, address="127.0.0.1"):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--gguf", str(model), "--addr", f"{address}:{self.port}",
             "--device", "cpu", *options],
            stdout=self.log, stderr=subprocess.STDOUT,
            env=os.environ | {"ROCMFORGE_LOG_LEVEL": "info"})
        self.await_ready()

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def await_ready(self):
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}: {self.said()}")
            try:
                if self.get("/ready")[0] == 200 or self.get("/v1/models")[0] in (200, 401):
                    return
            except OSError:
                pass
            time.sleep(0.05)
        self.process.kill()
        raise RuntimeError(f"the server was not ready within {START_S} s: {self.said()}")

    def stop(self, how=signal.SIGTERM):
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.log.close()

    def client(self, key="none", **more):
        return openai.OpenAI(base_url=self.url + "/v1", api_key=key, max_retries=0, timeout=120,
                             **more)

    def async_client(self, key="none"):
        return openai.AsyncOpenAI(base_url=self.url + "/v1", api_key=key, max_retries=0, timeout=120)

    def request(self, method, path, body=None, headers=None):
        """(status, headers, text) of a plain request."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data=data, method=method,
                                       headers={"Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, dict(e.headers), e.read().decode()

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def post(self, path, body, headers=None):
        status, _, text = self.request("POST", path, body, headers)
        return status, json.loads(text)

    def metric(self, name):
        """The sum over the labels of a metric."""
        values = [float(line.rsplit(" ", 1)[1]) for line in self.get("/metrics")[2].splitlines()
                  if line.startswith((name + " ", name + "{"))]
        if not values:
            raise AssertionError(f"there is no metric {name}")
        return sum(values)


class ServerCase(unittest.TestCase):
    """Tests that share a server. MODEL: SmolLM2, unless it is the name of a shared model."""
    MODEL = None
    OPTIONS = ()

    @classmethod
    def setUpClass(cls):
        model = shared_model(cls.MODEL) if cls.MODEL else smollm2()
        if model is None:
            raise unittest.SkipTest(f"no model: {cls.MODEL or 'SmolLM2 (make model)'}")
        cls.server = Server(model, *cls.OPTIONS)
        cls.client = cls.server.client()

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        code = cls.server.stop()
        if code != 0:
            raise AssertionError(f"the server ended with {code}")

    def chat(self, text="What is 2+2?", **more):
        more.setdefault("temperature", 0)
        more.setdefault("max_tokens", 24)
        return self.client.chat.completions.create(
            model="default", messages=[{"role": "user", "content": text}], **more)

    def complete(self, prompt="One two three four", **more):
        more.setdefault("temperature", 0)
        return self.client.completions.create(model="default", prompt=prompt, **more)

    def refused(self, param, call, status=400, code=None):
        """The error of a call that must be refused because of `param`."""
        with self.assertRaises(openai.APIStatusError) as caught:
            call()
        self.assertEqual(caught.exception.status_code, status, caught.exception)
        if param is not None:  # or a part of it: "prompt[0]"
            self.assertTrue((caught.exception.param or "").startswith(param), caught.exception)
        if code is not None:
            self.assertEqual(caught.exception.code, code, caught.exception)
        return caught.exception
