#!/usr/bin/env python3
"""The page at / in headless Chromium, against a small server that answers as it is told.

    page_test.py SOURCE_DIR PICTURES_DIR [PROGRAM]

Then, where PROGRAM is given and SmolLM2 has been fetched (make model), against `rocmforge serve`.
Exits with 77 where there is no Chromium. Chromium is spoken to over its debugging pipe.
"""
import base64
import http.server
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

SOURCE, PICTURES = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
sys.path.insert(0, str(SOURCE / "src/serve/page"))
sys.dont_write_bytecode = True
import embed_page  # noqa: E402

HTML = (SOURCE / "src/serve/page/index.html").read_bytes()
EVIL = ("<script>window.hurt=1</script><img src=x onerror=\"window.hurt=1\"> [click](javascript:hurt()) "
        "<iframe srcdoc='<script>parent.hurt=1</script>'></iframe>")
ANSWER = """## Sorting

A **stable** sort keeps *equal* items in `order`; see [the manual](https://example.org/sort).

```python
def f(x):
    return "<b>" + x
```

1. first
2. second
   - inner

| name | cost |
|---|---|
| merge | n log n |

> quoted
"""
asked = []


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def reply(self, status, kind, body, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/":
            return self.reply(200, "text/html; charset=utf-8", HTML,
                              Content_Security_Policy=embed_page.policy(HTML))
        self.reply(200, "application/json", b'{"data": [{"id": "tiny-model"}]}')

    def event(self, data):
        self.wfile.write(b"data: " + json.dumps(data).encode() + b"\n\n")
        self.wfile.flush()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked.append((body, self.headers.get("Authorization")))
        said = body["messages"][-1]["content"]
        if said == "key" and not self.headers.get("Authorization"):
            return self.reply(401, "application/json", b'{"error": {"message": "no key"}}')
        if said == "busy":
            return self.reply(429, "application/json", b"{}", Retry_After="7")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            if said == "think":
                self.event({"choices": [{"delta": {"reasoning_content": "Let me think."}}]})
            text = {"evil": EVIL, "show": ANSWER, "think": "Thought."}.get(said, "You said: " + said)
            for i in range(0, len(text), 7):
                self.event({"choices": [{"delta": {"content": text[i:i + 7]}}]})
                time.sleep(0.002)
            if said == "lost":
                return
            while said == "slow":
                self.event({"choices": [{"delta": {"content": " more"}}]})
                time.sleep(0.02)
            self.event({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"completion_tokens": 12}})
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            asked.append("gone")


class Browser:
    def __init__(self, program, folder):
        to_read, self.out = os.pipe()
        self.inp, to_write = os.pipe()
        # Chromium reads from descriptor 3 and writes to 4.
        script = 'exec 3<&%d 4>&%d; exec "$@"' % (to_read, to_write)
        self.process = subprocess.Popen(
            ["bash", "-c", script, "bash", program, "--headless=new", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--remote-debugging-pipe", "--no-first-run",
             "--user-data-dir=" + folder, "about:blank"],
            pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.held, self.n, self.session, self.said = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Runtime.enable")
        self.call("Log.enable")

    def call(self, method, **params):
        self.n += 1
        message = {"id": self.n, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + 60
        while True:
            while b"\0" not in self.held:
                if not select.select([self.inp], [], [], max(0, end - time.monotonic()))[0]:
                    raise SystemExit("Chromium does not answer " + method)
                part = os.read(self.inp, 1 << 16)
                if not part:
                    raise SystemExit("Chromium ended")
                self.held += part
            line, self.held = self.held.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == self.n:
                if "error" in answer:
                    raise SystemExit("%s: %s" % (method, answer["error"]))
                return answer["result"]
            if answer.get("method") == "Runtime.exceptionThrown":
                self.said.append(answer["params"]["exceptionDetails"]["exception"].get("description", "?"))

    def js(self, source):
        result = self.call("Runtime.evaluate", expression=source, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise SystemExit(source + ": " + json.dumps(result["exceptionDetails"])[:600])
        return result["result"].get("value")

    def wait(self, source, seconds=20):
        end = time.monotonic() + seconds
        while not self.js(source):
            if time.monotonic() > end:
                raise SystemExit("never came: " + source + "\n" + str(self.js("document.body.innerText"))[-1500:])
            time.sleep(0.02)

    def size(self, width, height, dark):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, name):
        time.sleep(0.2)
        data = self.call("Page.captureScreenshot")["data"]
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / (name + ".png")).write_bytes(base64.b64decode(data))

    def say(self, text):
        self.js("$('input').focus(); $('input').value = %s; $('input').dispatchEvent(new KeyboardEvent('keydown', "
                "{key: 'Enter', bubbles: true, cancelable: true})); 1" % json.dumps(text))

    def set(self, key, value):
        """A setting, as it is typed."""
        self.js("{const f = document.querySelector('[data-key=%s]'); f.value = %s; "
                "f.dispatchEvent(new Event('input', {bubbles: true}))} 1" % (key, json.dumps(value)))

    def ask(self, text):
        self.say(text)
        self.wait("running === null")


def expect(what, seen, wanted):
    if seen != wanted:
        raise SystemExit("%s: %r, wanted %r" % (what, seen, wanted))


def check(b, url):
    b.size(1200, 800, False)
    b.call("Page.navigate", url=url)
    b.wait("typeof model !== 'undefined' && model === 'tiny-model'")
    expect("model", b.js("$('model').textContent"), "tiny-model")
    # What a model says never runs.
    b.ask("evil")
    time.sleep(0.3)
    expect("hurt", b.js("typeof window.hurt"), "undefined")
    expect("elements", b.js("$('log').querySelectorAll('script,img,iframe,a').length"), 0)
    expect("text", b.js("now.messages[1].content"), EVIL)
    # Nor would a script that got into the page.
    b.js("{const s = document.createElement('script'); s.textContent = 'window.hurt=2'; document.body.append(s)} 1")
    expect("policy", b.js("typeof window.hurt"), "undefined")
    # Markdown.
    b.js("begin()")
    b.ask("show")
    for selector, wanted in (("h3", "Sorting"), ("strong", "stable"), ("em", "equal"), ("p code", "order"),
                             ("pre code", 'def f(x):\n    return "<b>" + x'), ("ol > li > ul > li", "inner"),
                             ("td", "merge"), ("blockquote p", "quoted")):
        expect(selector, b.js("document.querySelector('.assistant %s')?.textContent" % selector), wanted)
    expect("link", b.js("(a => a.href + ' ' + a.rel)(document.querySelector('.assistant a'))"),
           "https://example.org/sort noopener noreferrer")
    expect("speed", "12 tokens" in b.js("document.querySelector('.assistant .foot').textContent"), True)
    b.ask("think")
    expect("thinking", b.js("document.querySelector('details.think div').textContent"), "Let me think.")
    expect("folded", b.js("document.querySelector('details.think').open"), False)
    expect("answer", b.js("now.messages.at(-1).content"), "Thought.")
    for name, width, height, dark in (("desktop-light", 1200, 800, False), ("desktop-dark", 1200, 800, True),
                                      ("phone-light", 390, 844, False), ("phone-dark", 390, 844, True)):
        b.size(width, height, dark)
        b.picture(name)
        expect(name + " width", b.js("document.documentElement.scrollWidth <= innerWidth"), True)
    b.js("$('menu').click(); 1")
    b.picture("phone-menu")
    b.js("document.querySelector('main').click(); openSettings()")
    b.picture("phone-settings")
    # Settings are sent.
    b.set("temperature", "0.5")
    b.set("system", "Be brief")
    b.js("$('settings-box').close()")
    b.size(1200, 800, False)
    b.js("begin()")
    b.ask("hello")
    body = asked[-1][0]
    expect("temperature", (body["temperature"], "seed" in body, body["messages"][0]),
           (0.5, False, {"role": "system", "content": "Be brief"}))
    # Again, and an edit.
    n = len(asked)
    b.js("$('again').click()")
    b.wait("running === null && now.messages.length === 2")
    expect("again", asked[n][0]["messages"][1:], [{"role": "user", "content": "hello"}])
    b.js("document.querySelector('.user button').click()")
    b.wait("!!document.querySelector('.user textarea')")
    b.js("document.querySelector('.user textarea').value = 'other'; document.querySelector('.user .foot button').click()")
    b.wait("running === null && now.messages.length === 2 && now.messages[1].content === 'You said: other'")
    # Stop, by Escape: the server is told.
    b.js("begin()")
    b.say("slow")
    b.wait("running?.message.content.includes('more')")
    b.js("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'})); 1")
    b.wait("running === null && now.messages[1].stopped === 'stopped'")
    end = time.monotonic() + 10
    while asked[-1] != "gone" and time.monotonic() < end:
        time.sleep(0.02)
    expect("stopped", asked[-1], "gone")
    # Errors.
    for said, wanted in (("busy", "Wait 7 seconds"), ("lost", "connection to the server was lost"), ("key", "wants an API key")):
        b.js("begin()")
        b.ask(said)
        expect(said, wanted in b.js("document.querySelector('.error').textContent"), True)
    b.picture("desktop-error")
    b.set("key", "k1")
    b.js("$('settings-box').close()")
    b.js("$('retry').click()")
    b.wait("running === null && now.messages.length === 2")
    expect("key", asked[-1][1], "Bearer k1")
    # Conversations stay.
    kept = b.js("JSON.stringify(all)")
    b.call("Page.reload")
    b.wait("typeof model !== 'undefined' && model === 'tiny-model'")
    expect("kept", b.js("JSON.stringify(all)"), kept)
    expect("errors of the script", b.said, [])


def check_program(b, program, model):
    """The page as the program serves it: streams, stops, and tells what a model lacks."""
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen([program, "serve", "--gguf", str(model), "--addr", "127.0.0.1:0",
                                   "--device", "cpu", "--ctx", "1024"], stdout=log, stderr=log)
        try:
            end = time.monotonic() + 60
            url = None
            while url is None:
                log.seek(0)
                ready = [line for line in log.read().splitlines() if line.startswith("ready: http")]
                url = ready[0].split()[1] if ready else None
                if url is None and (time.monotonic() > end or server.poll() is not None):
                    raise SystemExit("the program is not ready")
                time.sleep(0.05)
            b.call("Page.navigate", url=url + "/")
            b.wait("typeof model === 'string' && model.includes('SmolLM2')")
            b.set("temperature", "0")
            b.set("system", "")
            b.set("key", "")
            b.ask("What is 2+2?")
            expect("no error", b.js("document.querySelectorAll('.error').length"), 0)
            expect("an answer", "4" in b.js("now.messages[1].content"), True)
            b.picture("program")
            b.js("begin()")
            b.say("Write a very long story about the sea.")
            b.wait("(running?.message.content.length ?? 0) > 20")
            b.js("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'})); 1")
            b.wait("running === null && now.messages[1].stopped === 'stopped'")
            end = time.monotonic() + 10
            while "vllm:num_requests_running" in (text := urllib.request.urlopen(url + "/metrics").read().decode()):
                now = [line.rsplit(" ", 1)[1] for line in text.splitlines() if line.startswith("vllm:num_requests_running")]
                if now == ["0"] or time.monotonic() > end:
                    break
                time.sleep(0.02)
            expect("the request of who stopped it", now, ["0"])
            # The next turn goes on with the conversation.
            b.ask("Thank you.")
            expect("turns", b.js("now.messages.length"), 4)
            expect("no error", b.js("document.querySelectorAll('.error').length"), 0)
        finally:
            server.terminate()
            server.wait(30)


def main():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        print("SKIPPED: there is no Chromium")
        sys.exit(77)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, folder)
        try:
            check(browser, "http://127.0.0.1:%d/" % server.server_port)
            model = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache",
                                 "rocmforge/models/SmolLM2-135M-Instruct.Q4_1.gguf")
            if len(sys.argv) > 3 and model.exists():
                check_program(browser, sys.argv[3], model)
            else:
                print("without the program: it was not given, or SmolLM2 is not there (make model)")
        finally:
            browser.process.kill()
            browser.process.wait()
    print("ok; pictures in", PICTURES)


main()
