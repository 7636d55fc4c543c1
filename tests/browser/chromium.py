"""Headless Chromium over its pipe for the DevTools protocol: nothing but Python's own library is needed."""

import base64
import json
import os
import shutil
import subprocess
import tempfile

# Without these, Chromium looks for hosts of its maker.
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars", "--remote-debugging-pipe",
]
NAMES = ["chromium", "chromium-browser", "google-chrome"]


class Chromium:
    """A browser with one page."""

    def __init__(self):
        program = next(filter(None, map(shutil.which, NAMES)), None)
        if program is None:
            raise FileNotFoundError("Chromium is not installed")
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        to_browser, self.sending = os.pipe()
        self.receiving, from_browser = os.pipe()
        # The protocol speaks on descriptors 3 and 4; copies above them survive until they are put there.
        ends = [os.dup2(end, 60 + end) for end in (to_browser, from_browser)]
        script = f'exec 3<&{ends[0]} 4>&{ends[1]}; exec "$0" "$@"'
        command = ["bash", "-c", script, program, *FLAGS, f"--user-data-dir={self.profile.name}", "about:blank"]
        self.process = subprocess.Popen(command, pass_fds=ends, stderr=subprocess.DEVNULL)
        for end in (to_browser, from_browser, *ends):
            os.close(end)
        self.number, self.left, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.profile.cleanup()

    def receive(self):
        while b"\0" not in self.left:
            piece = os.read(self.receiving, 1 << 20)
            if not piece:
                raise EOFError("Chromium ended")
            self.left += piece
        message, self.left = self.left.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        """Calls a method of the protocol, and keeps the events that come meanwhile."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        left = json.dumps(message).encode() + b"\0"
        while left:
            left = left[os.write(self.sending, left):]
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        """Opens a page and waits until it is loaded. Returns what went wrong on it, and each request beside its own."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        seen = 0
        while True:
            while seen < len(self.events):
                if self.events[seen]["method"] == "Page.loadEventFired":
                    return self.troubles(url)
                seen += 1
            self.events.append(self.receive())

    def troubles(self, url):
        self.evaluate("new Promise(done => setTimeout(done, 200))")
        found = []
        for event in self.events:
            method, params = event["method"], event.get("params", {})
            if method == "Network.requestWillBeSent" and params["request"]["url"] != url:
                found.append(f"a request to {params['request']['url'][:100]}")
            elif method == "Log.entryAdded":
                found.append(params["entry"]["text"][:200])
            elif method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                found.append(json.dumps(params)[:200])
        return found

    def show(self, width, height, scheme="light", media="screen"):
        """Sets the size of the window, the colour scheme and the medium."""
        mobile = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:400])
        return result["result"].get("value")

    def screenshot(self):
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def pdf(self):
        """Prints as people do: without background graphics."""
        printed = self.call("Page.printToPDF", printBackground=False, preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)
        return base64.b64decode(printed["data"])
