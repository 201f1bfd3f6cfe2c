"""Keys, bad requests, ends: what a server meets in the open."""
import concurrent.futures
import json
import signal
import socket
import threading
import time
import unittest

import openai

from server import Server, ServerCase, shared_model, smollm2

TINY = "stories260K.gguf"


class Keys(ServerCase):
    MODEL = TINY
    OPTIONS = ("--api-key", "first-key", "--api-key", "second-key")

    def test_keys(self):
        for key in ("wrong", "first-ke", "first-keyy", ""):
            status, answer = self.server.post("/v1/completions", {"prompt": "a"},
                                              {"Authorization": f"Bearer {key}"})
            self.assertEqual((status, answer["error"]["code"]), (401, "invalid_api_key"))
        for key in ("first-key", "second-key"):
            self.server.client(key).completions.create(model="m", prompt="a", max_tokens=1)
        with self.assertRaises(openai.AuthenticationError):
            self.server.client("wrong").models.list()

    def test_health_needs_none(self):
        self.assertEqual(self.server.get("/health")[0], 200)
        self.assertEqual(self.server.get("/ready")[0], 200)


class BadRequests(ServerCase):
    MODEL = TINY
    OPTIONS = ("--parallel", "2", "--max-queue", "2", "--ctx", "256", "--cors-origin", "*")

    def test_bodies(self):
        for body in (b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"{}", b'{"prompt": 5}',
                     b'{"prompt": "a", "max_tokens": 1e999}', b'{"prompt": "a\\ud800"}',
                     b'{"prompt": "\xc3\x28"}', b"[" * 10000, b'{"a":' * 10000,
                     b'{"prompt": "a", "stop": ' + json.dumps(["s"] * 5000).encode() + b"}",
                     b'{"prompt": "a", "temperature": "hot"}', b'{"prompt": "a", "temperature": null, "n": 2.5}',
                     b'{"prompt": "a", "logit_bias": {"x": 1}}', b'{"prompt": "a", "seed": "s"}'):
            with self.subTest(body[:40]):
                status, _, text = self.server.request("POST", "/v1/completions", body)
                self.assertEqual(status, 400, text)
                self.assertTrue(json.loads(text)["error"]["message"])

    def test_who_forbids_every_token_harms_nobody_else(self):
        banned = [[token, False] for token in range(512)]
        status, answer = self.server.post("/v1/completions", {"prompt": "a", "logit_bias": banned})
        self.assertEqual(status, 400, answer)
        self.assertEqual(self.server.get("/ready")[0], 200)

    def test_null_is_not_given(self):
        status, _ = self.server.post("/v1/completions", {
            "prompt": "a", "max_tokens": 2, "temperature": None, "stop": None, "n": None, "seed": None,
            "logit_bias": None, "stream": None, "logprobs": None, "top_p": None, "user": "me"})
        self.assertEqual(status, 200)

    def test_ten_megabytes(self):
        status, answer = self.server.post("/v1/completions", {"prompt": "word " * 2_000_000})
        self.assertEqual((status, answer["error"]["code"]), (400, "context_length_exceeded"))

    def test_nul_and_control_characters(self):
        self.assertEqual(self.server.post("/v1/completions",
                                          {"prompt": "a\0b\x01", "max_tokens": 2})[0], 200)

    def test_paths_and_methods(self):
        status, _, text = self.server.get("/v1/nowhere")
        self.assertEqual(status, 404)
        self.assertIn("/v1/nowhere", json.loads(text)["error"]["message"])
        status, headers, _ = self.server.get("/v1/completions")
        self.assertEqual(status, 405)
        self.assertIn("POST", headers["Allow"])

    def test_preflight(self):
        status, headers, _ = self.server.request("OPTIONS", "/v1/chat/completions", headers={
            "Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type"})
        self.assertIn(status, (200, 204))
        self.assertIn("Access-Control-Allow-Origin", headers)

    def test_a_flood_is_told_to_wait(self):
        def ask(_):
            try:
                self.client.completions.create(model="m", prompt="Once", max_tokens=200,
                                               extra_body={"ignore_eos": True})
                return 200
            except openai.RateLimitError as e:
                self.assertTrue(e.response.headers.get("retry-after"))
                return e.status_code

        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            codes = list(pool.map(ask, range(32)))
        self.assertEqual(set(codes), {200, 429})
        self.assertGreaterEqual(codes.count(200), 4)

    def test_keep_alive_after_a_stream_and_pipelining(self):
        body = json.dumps({"prompt": "Once", "max_tokens": 4, "stream": True}).encode()
        head = (b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                str(len(body)).encode() + b"\r\n\r\n")
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as s:
            s.sendall((head + body) * 3 + b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            got = b""
            while data := s.recv(65536):
                got += data
        self.assertEqual(got.count(b"HTTP/1.1 200"), 4)
        self.assertEqual(got.count(b"data: [DONE]\n\n"), 3)
        self.assertTrue(got.rstrip().endswith(b"}"))


class FullCache(ServerCase):
    """Four requests of up to 256 tokens each share a KV cache of 400."""
    MODEL = TINY
    OPTIONS = ("--parallel", "4", "--ctx", "256", "--kv-tokens", "400")

    def test_everybody_is_answered(self):
        def ask(i):
            return self.client.completions.create(
                model="m", prompt=f"Once upon a time there were {i}", max_tokens=5000, temperature=0,
                extra_body={"ignore_eos": True})

        alone = ask(3)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(8)))
        for answer in answers:
            self.assertEqual(answer.choices[0].finish_reason, "length")
            self.assertGreater(answer.usage.completion_tokens, 200)
        self.assertEqual(answers[3].choices[0].text, alone.choices[0].text)
        self.assertEqual(self.server.metric("rocmforge_active_requests"), 0)


class Ends(unittest.TestCase):
    def setUp(self):
        self.model = shared_model(TINY) or smollm2()
        if self.model is None:
            self.skipTest("no model")

    def test_streams_in_flight_end_in_form(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            server = Server(self.model, "--ctx", "512")
            stream = server.client().completions.create(
                model="m", prompt="Once", max_tokens=300, stream=True, extra_body={"ignore_eos": True})
            pieces = iter(stream)
            next(pieces)
            codes = []
            stopper = threading.Thread(target=lambda s=server, h=how: codes.append(s.stop(h)))
            stopper.start()
            reasons = [c.choices[0].finish_reason for c in pieces if c.choices]
            stopper.join()
            self.assertEqual(codes, [0])
            self.assertEqual(reasons[-1], "length")

    def test_nobody_is_taken_while_it_drains(self):
        server = Server(self.model, "--ctx", "512")
        stream = server.client().completions.create(
            model="m", prompt="Once", max_tokens=400, stream=True, extra_body={"ignore_eos": True})
        next(iter(stream))
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        with self.assertRaises((openai.APIConnectionError, openai.InternalServerError)):
            server.client().completions.create(model="m", prompt="Once", max_tokens=400)
        stream.close()
        self.assertEqual(server.stop(), 0)
