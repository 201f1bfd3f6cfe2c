"""The program as a service: signals, sockets, key files, its log; clients that leave or are slow."""
import http.client
import json
import os
import pathlib
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from server import PROGRAM, Server, ServerCase, shared_model, smollm2

TINY = "stories260K.gguf"


def request_of(body, more=""):
    data = json.dumps(body).encode()
    return (f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n{more}\r\n"
            .encode() + data)


def endless(**more):
    return {"prompt": "Once", "max_tokens": 4000, "ignore_eos": True, **more}


class Ends(unittest.TestCase):
    """A request that is still under way when its time is over is told so; the program ends with 0."""

    def setUp(self):
        self.model = shared_model(TINY) or smollm2()
        if self.model is None:
            self.skipTest("no model")

    def cut(self, end, *options):
        """The answers to a streamed and a plain request that `end` cuts, and the exit code."""
        server = Server(self.model, "--ctx", "512", *options)
        got = {}

        def read(name, s):
            with s:
                data = b""
                while part := s.recv(65536):
                    data += part
            got[name] = data

        # More tokens than the context has would be refused: many answers one after the other.
        threads = []
        for name in ("stream", "plain"):
            s = socket.create_connection(("127.0.0.1", server.port), timeout=60)
            s.sendall(request_of(endless(max_tokens=480, n=8, prompt=["Once"] * 8,
                                         stream=name == "stream")))
            threads.append(threading.Thread(target=read, args=(name, s)))
            threads[-1].start()
        # Connections are taken in their order: when these are answered, those are there.
        while server.metric("vllm:num_requests_running") == 0:
            time.sleep(0.01)
        begun = time.monotonic()
        end(server)
        code = server.stop(how=0)  # the signal that does nothing
        for thread in threads:
            thread.join()
        return got, code, time.monotonic() - begun

    def check(self, got, code):
        self.assertEqual(code, 0)
        head, _, text = got["stream"].partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
        self.assertIn(b'"error"', text)  # the stream says that it was cut, and ends in form
        self.assertTrue(text.endswith(b"0\r\n\r\n"), text[-200:])
        head, _, text = got["plain"].partition(b"\r\n\r\n")
        self.assertRegex(head, b"^HTTP/1.1 503")
        self.assertIn("error", json.loads(text))

    def test_the_time_to_drain_is_kept(self):
        got, code, seconds = self.cut(lambda s: s.process.send_signal(signal.SIGTERM),
                                      "--drain-seconds", "1")
        self.check(got, code)
        self.assertLess(seconds, 20)

    def test_the_second_signal_cuts(self):
        def twice(server):
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            server.process.send_signal(signal.SIGINT)
        got, code, seconds = self.cut(twice, "--drain-seconds", "600")
        self.check(got, code)
        self.assertLess(seconds, 20)


class Starts(unittest.TestCase):
    def setUp(self):
        self.model = shared_model(TINY) or smollm2()
        if self.model is None:
            self.skipTest("no model")

    def fails(self, *options):
        done = subprocess.run([PROGRAM, "serve", "--device", "cpu", *options], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertGreater(done.returncode, 0, "ended by a signal")
        return done.stderr

    def test_what_keeps_it_from_starting_is_said(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.assertIn(address, self.fails("--gguf", str(self.model), "--addr", address))
        for options, word in ((["--addr", "nowhere.invalid:1"], "nowhere.invalid"),
                              (["--addr", "127.0.0.1:99999"], "99999"),
                              (["--host", "nowhere.invalid", "--port", "1"], "nowhere.invalid:1"),
                              (["--port", "99999"], "--port"),
                              (["--host", "::1", "--addr", ":1"], "--addr"),
                              (["--hide-thinking"], "--hide-thinking"),
                              (["--api-key-file", "/no/such/file"], "/no/such/file"),
                              (["--api-key", ""], "api-key"),
                              (["--parallel", "0"], "parallel"),
                              (["--gguf", "/no/model.gguf"], "/no/model.gguf")):
            with self.subTest(options):
                gguf = [] if "--gguf" in options else ["--gguf", str(self.model)]
                self.assertIn(word, self.fails(*gguf, *options))

    def test_host_and_port_apart(self):
        for host, told in (([], "127.0.0.1"), (["--host", "localhost"], "127.0.0.1")):
            with subprocess.Popen([PROGRAM, "serve", "--device", "cpu", "--gguf", str(self.model),
                                   "--ctx", "64", "--port", "0", *host],
                                  stderr=subprocess.PIPE, text=True) as process:
                ready = next((line for line in process.stderr if "ready:" in line), "")
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=60)
            self.assertRegex(ready, rf"ready: http://({told}|\[::1\]):[1-9]")

    def test_keys_of_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            keys = pathlib.Path(folder, "keys")
            keys.write_text("key-one\n\nkey-two\r\n", encoding="utf-8")
            server = Server(self.model, "--ctx", "64", "--api-key-file", str(keys),
                            "--api-key", "key-three")
            try:
                for key, status in (("key-one", 200), ("key-two", 200), ("key-three", 200), ("", 401),
                                    ("four", 401)):
                    header = {"Authorization": f"Bearer {key}"}
                    with self.subTest(key):
                        self.assertEqual(server.get("/v1/models", header)[0], status)
                # Nobody reads a key in the log.
                self.assertNotIn("key-t", server.said())
                self.assertNotIn("key-o", server.said())
            finally:
                self.assertEqual(server.stop(), 0)

    def test_public_without_a_key_is_warned_of(self):
        for address, options, warned in (("0.0.0.0", [], True), ("127.0.0.1", [], False),
                                         ("0.0.0.0", ["--api-key", "k"], False)):
            with self.subTest((address, options)):
                server = Server(self.model, "--ctx", "64", *options, address=address)
                said = server.said().lower()
                self.assertEqual(server.stop(), 0)
                self.assertEqual("api-key" in said, warned, said)

    def test_a_socket_of_the_file_system(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "s")
            process = subprocess.Popen([PROGRAM, "serve", "--gguf", str(self.model), "--addr",
                                        f"unix:{path}", "--device", "cpu", "--ctx", "128"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                end = time.monotonic() + 60
                while not os.path.exists(path) and time.monotonic() < end:
                    time.sleep(0.02)
                self.assertTrue(stat.S_ISSOCK(os.stat(path).st_mode))
                with socket.socket(socket.AF_UNIX) as s:
                    s.settimeout(60)
                    while s.connect_ex(path) != 0 and time.monotonic() < end:
                        time.sleep(0.02)
                    # 503 until the model is there.
                    while True:
                        s.sendall(request_of({"prompt": "Once", "max_tokens": 4}))
                        answer = http.client.HTTPResponse(s)
                        answer.begin()
                        text = json.loads(answer.read())
                        if answer.status != 503 or time.monotonic() > end:
                            break
                        time.sleep(0.05)
                    self.assertEqual(text["usage"]["completion_tokens"], 4)
                told = subprocess.run([PROGRAM, "--host", f"unix:{path}", "generate", "--prompt",
                                       "Once", "--max-tokens", "4"], capture_output=True, text=True,
                                      timeout=60, check=False)
                self.assertEqual(told.returncode, 0, told.stderr)
            finally:
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(30), 0)
            self.assertFalse(os.path.exists(path), "the socket is left behind")


class Clients(ServerCase):
    """Whatever a client does, the next one is served and nothing of it stays."""
    MODEL = TINY
    OPTIONS = ("--parallel", "2", "--ctx", "512")

    def idle(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self.server.metric("vllm:num_requests_running") + \
                    self.server.metric("vllm:num_requests_waiting") == 0:
                return
            time.sleep(0.02)
        self.fail("a request of a client that left still runs")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=60)

    def test_the_log_has_a_line_for_each(self):
        mine = "/v1/models/mine-7"
        status, headers, _ = self.server.get(mine, {"X-Request-Id": "my-own-7"})
        self.assertEqual(status, 404)
        self.assertEqual({k.lower(): v for k, v in headers.items()}["x-request-id"], "my-own-7")
        end = time.monotonic() + 10
        while mine not in self.server.said() and time.monotonic() < end:
            time.sleep(0.02)
        lines = [line for line in self.server.said().splitlines() if mine in line]
        self.assertEqual(len(lines), 1, self.server.said())
        self.assertRegex(lines[0], r"method=GET .* status=404 .* id=my-own-7$")

    def test_leaves_before_the_answer(self):
        for stream in (False, True):
            for reset in (False, True):
                with self.subTest((stream, reset)):
                    s = self.connect()
                    s.sendall(request_of(endless(max_tokens=400, n=4, stream=stream)))
                    if stream:
                        s.recv(100)
                    if reset:
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.close()
                    self.idle()

    def test_half_closed_clients_get_their_answer(self):
        with self.connect() as s:
            s.sendall(request_of({"prompt": "Once", "max_tokens": 8}, "Connection: close\r\n"))
            s.shutdown(socket.SHUT_WR)
            got = b""
            while part := s.recv(65536):
                got += part
        got = got.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.assertTrue(got.startswith(b"HTTP/1.1 200"), got[:100])

    def test_a_reader_that_stops_does_not_slow_others(self):
        slow = [self.connect() for _ in range(1)]
        for s in slow:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.sendall(request_of(endless(max_tokens=480, logprobs=5, stream=True)))
        for _ in range(3):
            answer = self.complete("Once", max_tokens=64, extra_body={"ignore_eos": True})
            self.assertEqual(answer.usage.completion_tokens, 64)
        for s in slow:
            s.close()
        self.idle()

    def test_a_header_that_comes_a_byte_at_a_time_hinders_nobody(self):
        loris = [self.connect() for _ in range(40)]
        for byte in b"POST /v1/compl":
            for s in loris:
                s.sendall(bytes([byte]))
        self.assertEqual(self.complete("Once", max_tokens=2).usage.completion_tokens, 2)
        for s in loris:
            s.close()

    def test_sent_in_small_parts(self):
        data = request_of({"prompt": "Once", "max_tokens": 3, "temperature": 0})
        with self.connect() as s:
            for i in range(0, len(data), 7):
                s.sendall(data[i:i + 7])
                time.sleep(0.002)
            answer = http.client.HTTPResponse(s)
            answer.begin()
            self.assertEqual(answer.status, 200)
            self.assertEqual(json.loads(answer.read())["usage"]["completion_tokens"], 3)
