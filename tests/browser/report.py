"""The page of 'api-keys-audit --format html' in headless Chromium: on a screen, on a phone and on paper, light and dark,
with 3 keys and with 3,000. Needs Chromium and pdftotext.

Usage: report.py PROGRAM [--pictures DIRECTORY]   checks; keeps what was seen
       report.py PROGRAM --picture docs/audit.png   takes the picture for the docs"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from chromium import Chromium

NOW = "2026-11-21T09:00:00Z"
LONG = "a-very-long-name-without-a-space-" * 7
HOSTILE = [
    "<script>document.title='pwned'</script>",
    "\"><img src=https://example.com/x onerror=document.title='pwned'>",
    "</style></title><style>*{background:url(https://example.com/y)}</style>",
    "\u202egnp.exe\u202c \x1b[31m & &lt; | `x`",
    LONG,
]
# What a page must be, as a list of what it is not.
CHECKS = """(() => {
  const wrong = [], say = (what) => { if (wrong.length < 20) wrong.push(what) };
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.querySelectorAll('body *')].find(e => e.getBoundingClientRect().right > root.clientWidth + 1);
    say(`${root.scrollWidth} wide in a window of ${root.clientWidth}: ${wide && wide.outerHTML.slice(0, 120)}`);
  }
  if (root.lang !== 'en') say('no language');
  if (!document.title.startsWith('Audit of API keys')) say('the title is ' + document.title);
  if (document.querySelectorAll('script, img, link, iframe, object, [style], [onerror], [onload]').length) say('more than text');
  document.querySelectorAll('th:not([scope])').forEach(e => say('a header without scope: ' + e.outerHTML));
  document.querySelectorAll('table').forEach(e => { if (!e.caption) say('a table without caption') });
  document.querySelectorAll('svg:not([aria-hidden]):not([aria-label]):not(svg svg)').forEach(() => say('a picture without words'));
  const levels = [...document.querySelectorAll('h1, h2, h3')].map(e => e.tagName).join(' ');
  if (!/^H1( H2)+$/.test(levels)) say('headings: ' + levels);
  // Contrast of every colour of text with the paper (WCAG 2.2: 4.5).
  const light = (rgb) => {
    const [r, g, b] = rgb.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05) };
  const paper = getComputedStyle(document.body).backgroundColor;
  const seen = new Set();
  for (const e of [...document.querySelectorAll('body *')].slice(0, 3000)) {
    const style = getComputedStyle(e), colour = e.closest('svg') ? (e.tagName === 'text' ? style.fill : null) : style.color;
    if (!colour || seen.has(colour)) continue;
    seen.add(colour);
    if (contrast(colour, paper) < 4.5) say(`contrast of ${colour} on ${paper}: ${contrast(colour, paper).toFixed(1)}`);
  }
  for (const kind of ['w', 's']) {
    const bar = document.querySelector('rect.' + kind);
    if (bar && contrast(getComputedStyle(bar).fill, paper) < 3) say('a pale bar');
  }
  const row = document.querySelector('.found tbody tr');
  if (row && matchMedia('print').matches && getComputedStyle(row).breakInside !== 'avoid') say('rows break');
  return wrong;
})()"""


def run(program, home, *args, now=NOW):
    """Runs the program on a local store of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    env = kept | {"IBMCLOUD_IAM_HOME": home, "IBMCLOUD_IAM_BACKEND": "local", "IBMCLOUD_IAM_NOW": now, "LC_ALL": "C.UTF-8"}
    env["IBMCLOUD_IAM_KEY_LIMIT"] = "4000"
    done = subprocess.run([program, *args], env=env, capture_output=True, text=True, errors="strict")
    assert done.returncode in (0, 15), done.stderr
    return done.stdout


def emulated(program, home, now, *args, use=lambda url: None):
    """Runs the emulator over the store for a moment."""
    store = pathlib.Path(home, "store")
    store.mkdir(parents=True, mode=0o700, exist_ok=True)
    env = os.environ | {"IBMCLOUD_IAM_HOME": home, "IBMCLOUD_IAM_NOW": now}
    command = [program, "emulate", "--listen", "127.0.0.1:0", "--store", str(store), *args]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as emulator:
        line = emulator.stdout.readline()
        use("http" + line.split("http", 1)[1].split()[0].rstrip("."))
        emulator.terminate()


def created(program, home, name, made, *more):
    run(program, home, "api-key-create", name, "--quiet", *more, now=made)


def a_few(program, home):
    created(program, home, "ci-deploy", "2026-06-01", "-e", "2026-12-03")
    created(program, home, "ci-deploy", "2026-09-05", "-e", "2027-02-28")
    created(program, home, "terraform", "2025-03-01", "--action-if-leaked", "NONE")


def typical(program, home):
    """The keys of a team, some of which are in use."""
    for name, made, used, *more in [
        ("ci-deploy", "2026-05-20", "2026-11-14", "-e", "2026-12-06"),
        ("ci-deploy", "2026-10-20", "2026-11-21", "-e", "2027-04-18"),
        ("terraform", "2025-09-01", "2026-11-19", "--action-if-leaked", "NONE"),
        ("backup", "2026-07-10", "2026-08-02", "-e", "2027-07-10"),
        ("grafana", "2026-09-30", "2026-11-21", "-e", "2026-12-29"),
        ("old-laptop", "2025-12-15", "2026-03-03", "-e", "2026-10-31"),
    ]:
        printed = run(program, home, "api-key-create", name, "--output", "json", *more, now=made)
        body = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": json.loads(printed)["apikey"]}
        data = urllib.parse.urlencode(body).encode()
        log_in = lambda url: urllib.request.urlopen(f"{url}/identity/token", data).read()
        emulated(program, home, f"{used}T08:00:00Z", use=log_in)


def hostile(program, home):
    for name in HOSTILE:
        created(program, home, name, "2026-02-01", "-e", "2026-11-30")


def many(program, home):
    emulated(program, home, "2026-01-05T10:00:00Z", "--seed-keys", "2995")
    hostile(program, home)


def shown(text):
    """A name as a page shows it: what is not to be seen is escaped."""
    hidden = lambda c: ord(c) < 32 or c in "\u202a\u202b\u202c\u202d\u202e"
    return "".join(f"\\u{{{ord(c):x}}}" if hidden(c) else c for c in text)


def lacking(text, findings):
    """What of the findings is not in a text; white space does not count, for lines break anywhere."""
    text = "".join(text.split())
    wanted = {shown(finding[field] or "") for finding in findings for field in ("name", "message", "fix", "rule", "key_id")}
    return sorted(each for each in wanted if "".join(each.split()) not in text)[:5]


def pdf_text(pdf):
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def has_bars(pdf):
    """Whether the colour of the bars is on the first pages of a print."""
    pages = ["pdftoppm", "-r", "40", "-f", "1", "-l", "2"]
    done = subprocess.run([*pages, "-"], input=pdf, capture_output=True, check=True)
    return any(bytes.fromhex(colour) in done.stdout for colour in ("4a6fa5", "a34a00"))


def check_page(browser, path, findings, pictures, name):
    """Checks a page in every form. Returns what is wrong."""
    url, wrong, times = path.as_uri(), [], []
    for form, width, scheme in [("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 360, "light"), ("narrow", 320, "dark")]:
        browser.show(width, 900, scheme)
        began = time.monotonic()
        found = browser.open(url)
        times.append(f"{time.monotonic() - began:.1f}")
        found += browser.evaluate(CHECKS)
        found += [f"not shown: {each}" for each in lacking(browser.evaluate("document.body.textContent"), findings)]
        wrong += [f"{form}: {each}" for each in found]
        if pictures:
            pathlib.Path(pictures, f"{name}-{form}.png").write_bytes(browser.screenshot())
    browser.show(794, 1123, "dark", "print")
    wrong += [f"print: {each}" for each in browser.evaluate(CHECKS)]
    browser.call("Emulation.setEmulatedMedia", media="", features=[])
    browser.call("Emulation.clearDeviceMetricsOverride")
    pdf = browser.pdf()
    text = pdf_text(pdf)
    wrong += [f"print: not shown: {each}" for each in lacking(text, findings)]
    if findings and not has_bars(pdf):
        wrong.append("print: no bars")
    if pictures:
        pathlib.Path(pictures, f"{name}.pdf").write_bytes(pdf)
    pages = text.count("\f")
    print(f"   {name}: {len(findings)} findings, {path.stat().st_size // 1024} KiB, {pages} pages, loaded in {', '.join(times)} s")
    return wrong


def reported(program, home, path):
    path.write_text(run(program, home, "api-keys-audit", "--format", "html", "--fail-on", "none"), newline="")
    return json.loads(run(program, home, "api-keys-audit", "--output", "json", "--fail-on", "none"))


def notices(browser, path, findings):
    """Breaks a page in ways that the checks are there for: each must be noticed."""
    page = path.read_text()
    broken = path.with_name("broken.html")
    for change, old, new in [
        ("a script", "</main>", "</main><script>document.title='pwned'</script>"),
        ("a picture from elsewhere", "</main>", "</main><img src='https://example.com/x.png' alt=''>"),
        ("a word that is too long", "overflow-wrap:anywhere", ""),
        ("a line that does not fit", "</main>", "</main><pre>" + "x" * 400 + "</pre>"),
        ("a pale colour", "--dim:#555e6b", "--dim:#c5cedb"),
        ("a finding that is lost", "more than 90d ago", ""),
        ("a header without scope", "<th scope=\"row\">", "<th>"),
        ("no style", "<style>", "<style>/**/"),
    ]:
        assert old in page, change
        broken.write_text(page.replace(old, new), newline="")
        if not check_page(browser, broken, findings, None, f"with {change}"):
            raise AssertionError(f"{change} is not noticed")


def take_picture(program, file):
    with tempfile.TemporaryDirectory() as directory, Chromium() as browser:
        typical(program, directory)
        path = pathlib.Path(directory, "typical.html")
        reported(program, directory, path)
        browser.show(980, 1180)
        assert browser.open(path.as_uri()) == []
        pathlib.Path(file).write_bytes(browser.screenshot())


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    if sys.argv[2:3] == ["--picture"]:
        return take_picture(program, sys.argv[3])
    pictures = sys.argv[3] if sys.argv[2:3] == ["--pictures"] else None
    wrong = []
    with tempfile.TemporaryDirectory() as directory, Chromium() as browser:
        for name, make in [("few", a_few), ("none", lambda *_: None), ("hostile", hostile), ("many", many)]:
            home = str(pathlib.Path(directory, name))
            make(program, home)
            path = pathlib.Path(directory, f"{name}.html")
            findings = reported(program, home, path)
            assert (len(findings) > 0) == (name != "none"), name
            wrong += [f"{name}: {each}" for each in check_page(browser, path, findings, pictures, name)]
            if name == "hostile":
                notices(browser, path, findings)
    for each in wrong:
        print(f"WRONG: {each}")
    if wrong:
        sys.exit(1)
    print("The pages are as they should be.")


main()
