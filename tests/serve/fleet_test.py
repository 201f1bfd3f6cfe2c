#!/usr/bin/env python3
"""Two servers behind nginx (examples/fleet): one is drained under load, and no request is lost.

  fleet_test.py ROCMFORGE MODEL.gguf REPOSITORY
Exits with 77 where nginx is missing.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

CLIENTS = 8
SECONDS_BEFORE, SECONDS_AFTER = 2, 3


def free_ports() -> int:
    """The first of three free ports in a row."""
    for first in range(20000 + os.getpid() % 20000, 65000, 7):
        try:
            sockets = [socket.create_server(("127.0.0.1", first + i)) for i in range(3)]
        except OSError:
            continue
        for one in sockets:
            one.close()
        return first
    raise RuntimeError("no free ports")


def ask(url: str, body: dict, session: str) -> str:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json", "X-Session-Id": session}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def wait_for(url: str) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def main() -> int:
    program, model, repository = sys.argv[1:4]
    nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if nginx is None:
        print("SKIPPED: nginx is missing")
        return 77
    if not os.path.exists(model):
        print(f"SKIPPED: {model} is not there")
        return 77
    port = free_ports()
    folder = tempfile.mkdtemp(prefix="rocmforge-fleet.")
    fleet = subprocess.Popen(
        [f"{repository}/examples/fleet/run.sh", model, "--device", "cpu", "--parallel", "4"],
        env=dict(os.environ, ROCMFORGE=program, NGINX=nginx, DIR=folder, PORT=str(port)),
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    answered, lost = [0] * CLIENTS, []
    over = threading.Event()

    def client(i: int) -> None:
        body = {"prompt": "hello " * i, "max_tokens": 40, "ignore_eos": True}
        while not over.is_set():
            try:
                whole = json.loads(ask(f"{url}/generate", body, f"s{i}"))
                events = ask(f"{url}/generate/stream", body, f"s{i}").strip().split("\n\n")
                last = json.loads(events[-1].removeprefix("data: "))
                if not (whole["finished"] and last["finished"]):
                    lost.append(f"unfinished: {whole} {last}")
                if "length" not in (whole["finish_reason"], last["finish_reason"]):
                    lost.append(f"cut: {whole} {last}")
                answered[i] += 2
            except Exception as e:  # noqa: BLE001: whatever it is, a request was lost
                lost.append(repr(e))

    try:
        for i in range(3):
            wait_for(f"http://127.0.0.1:{port + i}/ready")
        with open(f"{folder}/1.pid", encoding="ascii") as file:
            first = int(file.read())
        threads = [threading.Thread(target=client, args=(i,)) for i in range(CLIENTS)]
        for thread in threads:
            thread.start()
        time.sleep(SECONDS_BEFORE)
        metrics = [
            urllib.request.urlopen(f"http://127.0.0.1:{port + i}/metrics").read().decode()
            for i in (1, 2)
        ]
        with open(f"{repository}/examples/grafana-dashboard.json", encoding="utf-8") as file:
            names = set(re.findall(r"rocmforge_[a-z_]+", file.read()))
        lost += [f"no such metric: {n}" for n in names if f"\n{n}" not in metrics[0]]
        before = sum(answered)
        os.kill(first, signal.SIGTERM)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port + 1), 1).close()
                time.sleep(0.05)
            except OSError:
                break
        else:
            lost.append("the first server still listens")
        time.sleep(SECONDS_AFTER)
        after = sum(answered)
        over.set()
        for thread in threads:
            thread.join()
    finally:
        over.set()
        fleet.send_signal(signal.SIGTERM)
        fleet.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
    shares = [int(m.split("\nrocmforge_requests_started_total ")[1].split("\n")[0]) for m in metrics]
    print(f"answered {before} before, {after - before} after; by server before: {shares}; lost {len(lost)}")
    for one in lost[:5]:
        print("lost:", one)
    return 0 if not lost and before > 0 and after > before and min(shares) > 0 else 1


sys.exit(main())
