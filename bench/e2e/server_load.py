#!/usr/bin/env python3
"""Loads OpenAI-compatible servers in turn and tells them apart: throughput, first token, next token.

  bench/e2e/server_load.py --ours URL --theirs URL [--rounds 3] [--clients 1,4,16] [--json FILE]

Both servers hold the same model and wait; each row is run on one, then on the other, round after
round. A client sends streamed completions one after another over one connection: prompts of numbers
and words that no two requests share, temperature 0, answers of exactly --tokens tokens
(ignore_eos). "repeated prefix" sends prompts that differ at their ends alone, one at a time: what a
chat's later turns are like. Throughput counts the tokens of all answers over the row's wall time;
"first token" is from sending the request to the first text, "next token" the time between texts.
Ratios are ours over theirs for throughput, theirs over ours for times: above 1 is ahead, always.
Python's standard library alone.
"""
import argparse
import asyncio
import json
import random
import statistics
import sys
import time
import urllib.parse

WORDS = ("river stone lamp garden paper window winter engine harbour violin copper meadow signal "
         "ladder market candle forest bridge silver thunder").split()
TIMEOUT_S = 600


def words(seed, n):
    """n words, with numbers among them, that no other seed gives."""
    rng = random.Random(seed)
    return " ".join(rng.choice(WORDS) if rng.random() < 0.8 else str(rng.randrange(1000))
                    for _ in range(n))


class Client:
    """One keep-alive connection."""

    def __init__(self, url, key):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.key = parts.hostname, parts.port or 80, key
        self.reader = self.writer = None

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port,
                                                                 limit=1 << 22)

    async def close(self):
        if self.writer:
            self.writer.close()
            await self.writer.wait_closed()

    async def lines(self):
        """The lines of a chunked body."""
        held = b""
        while True:
            size = int((await self.reader.readline()).split(b";")[0], 16)
            data = await self.reader.readexactly(size + 2)
            if size == 0:
                break
            held += data[:-2]
            *whole, held = held.split(b"\n")
            for line in whole:
                yield line
        if held:
            yield held

    async def complete(self, prompt, n_tokens):
        """(tokens of the answer, tokens of the prompt, those from the cache, moments of the texts)."""
        if self.writer is None or self.writer.is_closing():
            await self.open()
        body = json.dumps({
            "model": "any", "prompt": prompt, "max_tokens": n_tokens, "temperature": 0,
            "ignore_eos": True, "stream": True, "stream_options": {"include_usage": True},
        }).encode()
        head = (f"POST /v1/completions HTTP/1.1\r\nHost: {self.host}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n")
        if self.key:
            head += f"Authorization: Bearer {self.key}\r\n"
        start = time.perf_counter()
        self.writer.write(head.encode() + b"\r\n" + body)
        status = await self.reader.readline()
        if not status:  # the connection was not kept alive: once more on a new one, in the same time
            await self.close()
            await self.open()
            self.writer.write(head.encode() + b"\r\n" + body)
            status = await self.reader.readline()
        headers = {}
        while (line := await self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        if b" 200 " not in status:
            length = int(headers.get("content-length", 0))
            what = (await self.reader.readexactly(length)).decode(errors="replace")
            sys.exit(f"server_load: {self.host}:{self.port} answered {status.decode().strip()}: {what}")
        moments, usage, last = [], {}, b""
        async for line in self.lines():
            if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                continue
            event, last = json.loads(line[6:]), line
            if event.get("choices") and event["choices"][0].get("text"):
                moments.append(time.perf_counter() - start)
            if event.get("usage"):
                usage = event["usage"]
        if not usage:
            sys.exit(f"server_load: {self.host}:{self.port} gave no usage; its last event: {last}")
        if headers.get("connection", "").lower() == "close":
            await self.close()
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
        return usage["completion_tokens"], usage["prompt_tokens"], cached, moments


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, round(share * (len(values) - 1)))]


def summary(done, seconds):
    firsts = [moments[0] for *_, moments in done if moments]
    nexts = [b - a for *_, moments in done for a, b in zip(moments, moments[1:])]
    return {
        "tokens_per_second": sum(n for n, *_ in done) / seconds,
        "first_ms_p50": 1e3 * percentile(firsts, 0.5), "first_ms_p99": 1e3 * percentile(firsts, 0.99),
        "next_ms_p50": 1e3 * percentile(nexts, 0.5), "next_ms_p99": 1e3 * percentile(nexts, 0.99),
        "cached_share": sum(c for _, _, c, _ in done) / max(1, sum(p for _, p, _, _ in done)),
        "requests": len(done),
    }


async def crowd(url, args, n_clients, seed):
    async def client(i):
        connection = Client(url, args.key)
        out = []
        for k in range(args.requests):
            n_words = random.Random(f"{seed}.{i}.{k}").randrange(16, args.words)
            prompt = words(f"{seed} {i} {k}", n_words)
            out.append(await connection.complete(prompt, args.tokens))
        await connection.close()
        return out

    start = time.perf_counter()
    done = await asyncio.wait_for(asyncio.gather(*(client(i) for i in range(n_clients))), TIMEOUT_S)
    return summary([one for each in done for one in each], time.perf_counter() - start)


async def repeated(url, args, seed):
    prefix = words(f"prefix {seed}", args.prefix_words)
    connection = Client(url, args.key)
    await connection.complete(prefix + " once", 4)
    start = time.perf_counter()
    done = [await connection.complete(f"{prefix} {words(f'{seed} {k}', 8)}", 4) for k in range(8)]
    await connection.close()
    return summary(done, time.perf_counter() - start)


def measure(url, args, row, seed):
    if row == "prefix":
        return asyncio.run(repeated(url, args, seed))
    return asyncio.run(crowd(url, args, row, seed))


def ratio_of(name, ours, theirs):
    faster = ours / theirs if name == "tokens_per_second" else theirs / max(ours, 1e-9)
    return round(faster, 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--theirs", help="none: ours alone")
    parser.add_argument("--key", default="")
    parser.add_argument("--clients", default="1,4,16")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=4, help="of each client")
    parser.add_argument("--tokens", type=int, default=64, help="of each answer")
    parser.add_argument("--words", type=int, default=256, help="of a prompt, at most")
    parser.add_argument("--prefix-words", type=int, default=800)
    parser.add_argument("--facts", default="{}", help="JSON that goes into the result")
    parser.add_argument("--json", help="write the result here too")
    args = parser.parse_args()

    sides = {"ours": args.ours} | ({"theirs": args.theirs} if args.theirs else {})
    rows = [int(n) for n in args.clients.split(",")] + ["prefix"]
    for url in sides.values():
        measure(url, args, 1, "warm")
    rounds = {row: {side: [] for side in sides} for row in rows}
    for number in range(args.rounds):
        for row in rows:
            print(f"round {number + 1} of {args.rounds}: {row}", file=sys.stderr)
            for side, url in sides.items():
                # Prompts of its own for each, so that nobody gains by what the other was asked.
                rounds[row][side].append(measure(url, args, row, f"{side} {number} {row}"))

    table = []
    for row in rows:
        names = ["first_ms_p50", "first_ms_p99"]
        if row != "prefix":
            names = ["tokens_per_second", *names, "next_ms_p50", "next_ms_p99"]
        for name in names:
            cell = {"row": "repeated prefix" if row == "prefix" else f"{row} clients", "what": name}
            for side in sides:
                cell[side] = round(statistics.median(r[name] for r in rounds[row][side]), 2)
            if args.theirs:
                ratios = [ratio_of(name, a[name], b[name])
                          for a, b in zip(rounds[row]["ours"], rounds[row]["theirs"])]
                cell["ratio"] = statistics.median(ratios)
                cell["ratio_least"], cell["ratio_most"] = min(ratios), max(ratios)
            table.append(cell)
    print("| load | | rocmforge | llama-server | ahead by (least to most) |")
    print("| --- | --- | ---: | ---: | ---: |")
    for cell in table:
        print(f"| {cell['row']} | {cell['what']} | {cell['ours']} | {cell.get('theirs', '-')} | " +
              (f"{cell['ratio']:.2f} ({cell['ratio_least']:.2f} to {cell['ratio_most']:.2f}) |"
               if args.theirs else "- |"))
    if args.json:
        facts = json.loads(args.facts) | {
            "rounds": args.rounds, "requests_of_a_client": args.requests,
            "tokens_of_an_answer": args.tokens, "most_words_of_a_prompt": args.words,
            "words_of_the_prefix": args.prefix_words,
        }
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(facts | {"results": table, "rounds_in_full": {
                str(row): rounds[row] for row in rows}}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
