#!/usr/bin/env python3
"""What the server shows outside: /metrics is in form, with the names that others read; the dashboard
asks for nothing else; the examples run.

  outside_test.py ROCMFORGE MODEL.gguf REPOSITORY
Exits with 77 where the model is missing. prometheus_client's parser and the openai client are used
where Python has them.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)$')
READ_BY_ROUTERS = [
    "vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc",
    "vllm:gpu_cache_usage_perc", "vllm:gpu_prefix_cache_hits_total",
    "vllm:gpu_prefix_cache_queries_total", "vllm:cache_config_info",
]


def read(text: str) -> dict:
    """{name: {labels: value}}, of a text whose lines are all in form."""
    assert text.endswith("\n")
    types, samples = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name not in types, f"{name}: told twice"
            types[name] = kind
        elif not line.startswith("# HELP "):
            found = SAMPLE.match(line)
            assert found, line
            name, labels, value = found[1], found[2] or "", float(found[3])
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            assert name in types or types.get(family) == "histogram", f"{name}: no type"
            assert labels not in samples.setdefault(name, {}), line
            samples[name][labels] = value
    for name, kind in types.items():
        if kind == "counter":
            assert name.endswith("_total"), name
        if kind == "histogram":
            check_histogram(name, samples)
    return samples


def check_histogram(name: str, samples: dict) -> None:
    by_labels = {}
    for labels, n in samples[name + "_bucket"].items():
        bound = re.search(r'le="([^"]*)"', labels)[1]
        others = re.sub(r',?le="[^"]*"', "", labels).replace("{}", "")
        by_labels.setdefault(others, []).append((float(bound), n))
    for labels, buckets in by_labels.items():
        assert buckets == sorted(buckets), f"{name}: bounds out of order"
        counts = [n for _, n in buckets]
        assert counts == sorted(counts), f"{name}: buckets are not cumulative"
        assert buckets[-1] == (float("inf"), samples[name + "_count"][labels]), f"{name}: +Inf"


def check_dashboard(path: str, samples: dict) -> int:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    asked = re.findall(r'"expr": "((?:[^"\\]|\\.)*)"', text)
    json.loads(text)
    for query in asked:
        names = re.findall(r"\b(?:rocmforge_|vllm:)[a-z_:]+", query)
        assert names, query
        for name in names:
            assert name in samples, f"the dashboard asks for {name}"
    return len(asked)


def main() -> int:
    program, model, repository = sys.argv[1:4]
    if not os.path.exists(model):
        print(f"skipped: there is no {model}")
        return 77
    server = subprocess.Popen(
        [program, "serve", "--gguf", model, "--addr", "127.0.0.1:0", "--device", "cpu", "--ctx", "512", "--chat-template", "chatml"],
        stderr=subprocess.PIPE, text=True)
    try:
        url = None
        for line in server.stderr:
            if found := re.search(r"ready: (http://\S+)", line):
                url = found[1]
                break
        assert url, "the server did not start"
        body = {"prompt": "Once upon a time", "max_tokens": 20, "temperature": 0}
        for _ in range(2):
            urllib.request.urlopen(urllib.request.Request(
                url + "/v1/completions", json.dumps(body).encode(),
                {"Content-Type": "application/json"}), timeout=60).read()
        answer = urllib.request.urlopen(url + "/metrics", timeout=60)
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
        samples = read(text)
        for name in READ_BY_ROUTERS:
            assert name in samples, name
        assert all("model_name=" in labels for labels in samples["vllm:num_requests_running"])
        assert list(samples["vllm:generation_tokens_total"].values()) == [40]
        assert samples["vllm:e2e_request_latency_seconds_count"].popitem()[1] == 2
        try:
            from prometheus_client.parser import text_string_to_metric_families
            assert len(list(text_string_to_metric_families(text))) > 30
            print("prometheus_client reads it")
        except ImportError:
            pass
        if promtool := shutil.which("promtool"):
            subprocess.run([promtool, "check", "metrics"], input=text, text=True, check=False)
        print(check_dashboard(repository + "/examples/grafana-dashboard.json", samples), "queries")
        run_examples(repository + "/examples", url)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)
    return 0


def run_examples(folder: str, url: str) -> None:
    commands = []
    if shutil.which("curl"):
        commands.append(["bash", folder + "/curl.sh"])
    if subprocess.run([sys.executable, "-c", "import openai"], capture_output=True).returncode == 0:
        commands.append([sys.executable, folder + "/openai_client.py"])
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "ROCMFORGE_URL": url})
        assert done.returncode == 0 and done.stdout, f"{command}: {done.stdout}{done.stderr}"
        print("ran", os.path.basename(command[1]))


if __name__ == "__main__":
    sys.exit(main())
