#!/usr/bin/env python3
"""Many clients of all manners at one server, for a while; then it must be as it was before.

  soak.py --program build/rocmforge [--model MODEL.gguf] [--seconds 120] [--clients 64] [--seed N]

Clients ask for answers of many kinds, streamed and not, leave in the middle, read slowly, send what
is no request, half a request or several at once, reset connections and cancel. While it runs every
answer must be of the form that it should have, and no status of the 5xx kind may come. Afterwards:
no request runs or waits, every KV block is free, the greedy answer of the beginning comes
again, and descriptors, threads and memory have not grown since the first fifth of the time (memory:
unless --sanitizer, whose own grows). Ends the server by SIGTERM, which must give 0. Without
--model it takes a small one of the shared data, else the one that `make model` fetches; exit code 77
where there is neither. Python's standard library alone.
"""
import argparse
import asyncio
import collections
import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

GREEDY = {"prompt": "Once upon a time", "max_tokens": 24, "temperature": 0}
SKIPPED = 77
MEMORY_SLACK_KB = 24 << 10  # the allocator's own coming and going
SCHEMA = {"type": "object", "additionalProperties": False, "required": ["a", "b"],
          "properties": {"a": {"type": "string", "maxLength": 8}, "b": {"enum": [1, 2, 3]}}}


class Failure(Exception):
    """The server did what it must not."""


class Connection:
    def __init__(self, port):
        self.port = port

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port,
                                                                 limit=1 << 24)
        return self

    async def __aexit__(self, *_):
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def send(self, method, path, body=None, headers=""):
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.writer.write(f"{method} {path} HTTP/1.1\r\nHost: soak\r\n{headers}"
                          f"Content-Length: {len(data)}\r\n\r\n".encode() + data)

    async def head(self):
        """(status, headers) of the next answer."""
        line = (await self.reader.readline()).decode()
        if not line:
            raise ConnectionResetError
        headers = {}
        while (line_of := await self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = line_of.decode().partition(":")
            headers[name.lower()] = value.strip()
        return int(line.split()[1]), headers

    async def pieces(self, headers):
        """The body as it comes."""
        if "chunked" not in headers.get("transfer-encoding", ""):
            yield await self.reader.readexactly(int(headers.get("content-length", 0)))
            return
        while True:
            size = int(await self.reader.readline(), 16)
            data = await self.reader.readexactly(size + 2)
            if size == 0:
                return
            yield data[:-2]

    async def answer(self):
        """(status, headers, body)."""
        status, headers = await self.head()
        body = b"".join([piece async for piece in self.pieces(headers)])
        return status, headers, body

    def reset(self):
        """Gone without a word."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def expect(condition, what):
    if not condition:
        raise Failure(what)


def one_of(status, allowed, body=b""):
    expect(status in allowed, f"status {status}, not of {allowed}: {body[:300]!r}")


# ---- what clients do: each takes a Connection and a random.Random

async def plain(c, rng):
    c.send("POST", "/v1/completions", {
        "prompt": "word " * rng.randrange(1, 60), "max_tokens": rng.randrange(1, 40),
        "temperature": rng.choice([0, 0.7, 1.5]), "seed": rng.randrange(1000),
        "n": rng.choice([1, 1, 2]), "logprobs": rng.choice([None, None, 2]),
        "stop": rng.choice([None, "the", ["ab", "zz"]]),
        "frequency_penalty": rng.choice([0, 0, 1])})
    status, _, body = await c.answer()
    one_of(status, (200, 429), body)
    expect(json.loads(body), "an empty object")


async def chat_stream(c, rng):
    c.send("POST", "/v1/completions", {
        "prompt": "Once upon " * rng.randrange(1, 20), "max_tokens": rng.randrange(1, 60), "stream": True,
        "ignore_eos": rng.random() < 0.5, "stream_options": {"include_usage": True}})
    status, headers, body = await c.answer()
    one_of(status, (200, 429), body)
    if status == 200:
        expect(headers["content-type"].startswith("text/event-stream"), headers)
        events = body.decode().split("\n\n")
        expect(events[-1] == "" and events[-2] == "data: [DONE]", f"a stream's end: {events[-3:]}")
        last = json.loads(events[-3][len("data: "):])
        expect(last["usage"]["completion_tokens"] > 0, "usage")


async def schema(c, rng):
    c.send("POST", "/v1/completions", {
        "prompt": "JSON: ", "max_tokens": 80, "seed": rng.randrange(1000), "temperature": 1.2,
        "json_schema": SCHEMA})
    status, _, body = await c.answer()
    one_of(status, (200, 429), body)
    if status == 200:
        choice = json.loads(body)["choices"][0]
        if choice["finish_reason"] == "stop":
            expect(json.loads(choice["text"])["b"] in (1, 2, 3), f"of the schema: {choice}")


async def leaves(c, rng):
    stream = rng.random() < 0.6
    c.send("POST", "/v1/completions", {"prompt": "word " * rng.randrange(1, 100), "max_tokens": 200,
                                       "ignore_eos": True, "stream": stream})
    if stream:
        status, headers = await c.head()
        one_of(status, (200, 429))
        n = rng.randrange(5)
        async for _ in c.pieces(headers):
            n -= 1
            if n <= 0:
                break
    else:
        await asyncio.sleep(rng.random() * 0.2)
    if rng.random() < 0.5:
        c.reset()


async def reads_slowly(c, rng):
    c.send("POST", "/v1/completions", {"prompt": "Once", "max_tokens": 100, "ignore_eos": True,
                                       "stream": True, "logprobs": 5}, "Connection: close\r\n")
    for _ in range(rng.randrange(1, 12)):
        if not await c.reader.read(64):
            return
        await asyncio.sleep(0.1)


async def half_a_request(c, rng):
    text = b"POST /v1/completions HTTP/1.1\r\nHost: soak\r\nContent-Length: 50\r\n\r\n{\"prompt\": \"On"
    c.writer.write(text[:rng.randrange(1, len(text))])
    await asyncio.sleep(rng.random() * 0.5)
    if rng.random() < 0.5:
        c.reset()
    elif rng.random() < 0.5:
        c.writer.write_eof()
        await c.reader.read()


async def no_request(c, rng):
    c.writer.write(rng.choice([b"\0\1\2\3\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"HELLO\r\n\r\n",
                               b"POST /v1/completions HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                               b"\r\n" * 50, rng.randbytes(200) + b"\r\n\r\n"]))
    if c.writer.can_write_eof():
        c.writer.write_eof()
    text = await c.reader.read()
    expect(not text.startswith(b"HTTP/1.1 5") or text.startswith(b"HTTP/1.1 505"), text[:80])


async def bad_fields(c, rng):
    body = rng.choice([b"{", b"[]", b'{"prompt": {}}', b'{"prompt": "a", "n": -1}', b"\xff" * 20,
                       b"[" * 5000, b'{"prompt": "a", "json_schema": {"type": "strange"}}',
                       json.dumps({"prompt": "a " * 5000}).encode(),
                       json.dumps({"prompt": "a", "stop": ["x"] * 100}).encode()])
    c.send("POST", "/v1/completions", body)
    status, _, text = await c.answer()
    one_of(status, (400, 429), text)
    expect(json.loads(text)["error"]["message"], "no message")


async def pipelined(c, rng):
    n = rng.randrange(2, 6)
    for i in range(n):
        if i % 2:
            c.send("GET", "/health")
        else:
            c.send("POST", "/v1/completions", {"prompt": f"{i}", "max_tokens": 3})
    for i in range(n):
        status, _, body = await c.answer()
        one_of(status, (200,) if i % 2 else (200, 429), body)
        expect(("choices" in json.loads(body)) == (i % 2 == 0) or status == 429, "out of order")


async def old_surface(c, rng):
    body = {"prompt": "Once upon", "max_tokens": rng.randrange(1, 30)}
    if rng.random() < 0.5:
        c.send("POST", "/generate", body)
        status, _, text = await c.answer()
        one_of(status, (200, 429, 503), text)
        return
    c.send("POST", "/generate/stream", body | {"max_tokens": 100})
    status, headers = await c.head()
    one_of(status, (200, 429, 503))
    async for piece in c.pieces(headers):
        if status == 200 and rng.random() < 0.1:
            id_of = json.loads(piece.decode().split("data: ")[1].split("\n")[0])["request_id"]
            async with Connection(c.port) as other:
                other.send("POST", f"/cancel/{id_of}")
                one_of((await other.answer())[0], (200, 404))


async def looks(c, rng):
    path = rng.choice(["/health", "/ready", "/metrics", "/v1/models", "/models", "/", "/status/999999",
                       "/nowhere", "/props"])
    c.send("GET", path)
    status, _, body = await c.answer()
    one_of(status, (200, 404), body)


MANNERS = {plain: 5, chat_stream: 5, schema: 2, leaves: 4, reads_slowly: 2, half_a_request: 2,
           no_request: 2, bad_fields: 3, pipelined: 2, old_surface: 2, looks: 2}


class Soak:
    def __init__(self, args):
        self.args = args
        self.done = collections.Counter()
        self.port = free_port()
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [args.program, "serve", "--gguf", args.model, "--addr", f"127.0.0.1:{self.port}",
             "--device", "cpu", "--parallel", "8", "--max-queue", "24", "--ctx", "512"],
            stdout=self.log, stderr=subprocess.STDOUT)

    async def get(self, path):
        async with Connection(self.port) as c:
            c.send("GET", path)
            return await c.answer()

    async def ready(self):
        for _ in range(1200):
            expect(self.process.poll() is None, "the server ended at its start")
            with contextlib.suppress(OSError):
                if (await self.get("/ready"))[0] == 200:
                    return
            await asyncio.sleep(0.1)
        raise Failure("the server is not ready after two minutes")

    async def greedy(self):
        async with Connection(self.port) as c:
            c.send("POST", "/v1/completions", GREEDY)
            status, _, body = await c.answer()
            one_of(status, (200,), body)
            return json.loads(body)["choices"][0]["text"]

    async def client(self, i, end):
        rng = random.Random(f"{self.args.seed} {i}")
        while time.monotonic() < end:
            manner = rng.choices(list(MANNERS), list(MANNERS.values()))[0]
            try:
                async with Connection(self.port) as c:
                    await asyncio.wait_for(manner(c, rng), self.args.patience)
                self.done[manner.__name__] += 1
            except asyncio.TimeoutError:
                raise Failure(f"{manner.__name__}: no answer within {self.args.patience} s") from None
            except (ConnectionError, asyncio.IncompleteReadError) as e:
                if manner in (plain, chat_stream, schema, bad_fields, pipelined, looks):
                    raise Failure(f"{manner.__name__}: cut off: {e!r}") from e

    async def metrics(self):
        _, _, body = await self.get("/metrics")
        out = collections.Counter()
        for line in body.decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                out[name.split("{")[0]] += float(value)
        return out

    def resources(self):
        proc = pathlib.Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        return {"descriptors": len(os.listdir(proc / "fd")), "threads": int(status["Threads"]),
                "memory_kb": int(status["VmRSS"].split()[0])}

    async def quiet(self):
        """Waits until nothing is under way."""
        names = ("rocmforge_active_requests", "rocmforge_queue_length")
        for _ in range(300):
            metrics = await self.metrics()
            expect(all(name in metrics for name in names), "a gauge is missing")
            if all(metrics[name] == 0 for name in names):
                return metrics
            await asyncio.sleep(0.1)
        raise Failure(f"requests that never end: {[(n, metrics[n]) for n in names]}")

    async def crowd(self, seconds):
        end = time.monotonic() + seconds
        await asyncio.gather(*(self.client(i, end) for i in range(self.args.clients)))
        return await self.quiet()

    async def soak(self):
        await self.ready()
        first = await self.greedy()
        await self.crowd(self.args.seconds / 5)
        before = self.resources()
        metrics = await self.crowd(self.args.seconds * 4 / 5)
        await asyncio.sleep(1)  # connections that close
        after = self.resources()
        print(f"{sum(self.done.values())} visits: {dict(self.done)}\nbefore {before}, after {after}")
        expect(await self.greedy() == first, "the greedy answer is another")
        metrics = await self.metrics()
        expect("vllm:kv_cache_usage_perc" in metrics and metrics["vllm:kv_cache_usage_perc"] == 0,
               "KV blocks are held by nobody")
        expect(after["descriptors"] <= before["descriptors"] + 4, "descriptors grow")
        expect(after["threads"] <= before["threads"], "threads grow")
        if not self.args.sanitizer:
            expect(after["memory_kb"] <= before["memory_kb"] + MEMORY_SLACK_KB, "memory grows")
        expect(all(self.done[m.__name__] for m in MANNERS), "a manner that never came to its end")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure("it does not end") from None


def some_model():
    shared = os.environ.get("ROCMFORGE_TEST_DATA") or pathlib.Path(__file__).parents[4] / "shared"
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    places = (pathlib.Path(shared) / "models/stories260K.gguf",
              pathlib.Path(cache) / "rocmforge/models/SmolLM2-135M-Instruct.Q4_1.gguf")
    return next((str(p) for p in places if p.exists()), None)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--model")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--patience", type=float, default=60, help="seconds for one visit")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--sanitizer", action="store_true")
    args = parser.parse_args()
    args.model = args.model or some_model()
    if args.model is None:
        print("SKIPPED: no model (make model)")
        sys.exit(SKIPPED)
    soak = Soak(args)
    try:
        asyncio.run(soak.soak())
        code = soak.end()
        expect(code == 0, f"the server ended with {code}")
        print("as it was before")
    except Failure as failure:
        soak.process.kill()
        soak.log.seek(0)
        sys.stderr.write(soak.log.read()[-4000:].decode(errors="replace"))
        sys.exit(f"soak: {failure}")


if __name__ == "__main__":
    main()
