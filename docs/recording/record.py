#!/usr/bin/env python3
"""Records a session at a terminal of 80 x 24, and prints it as an SVG that moves.

usage: docs/recording/record.py target/release/ibmcloud-iam > docs/recording/session.svg

The program runs at a pseudo terminal, on a local store in a directory of its own, with nothing of the caller's environment.
The SVG needs no script and no font, follows the reader's light or dark colours, and stands still where motion is not wanted.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from html import escape
from pathlib import Path

COLUMNS, ROWS = 80, 24
NOW = "2026-11-21T09:00:00Z"

# What is there before the recording: a key from spring that never ends.
BEFORE = [("2026-04-01T09:00:00Z", "ibmcloud-iam api-key-create laptop -d 'for trying things' --file laptop.json")]
SESSION = [
    "ibmcloud-iam api-key-create ci-deploy --expires-in 90d --file key.json",
    "ibmcloud-iam api-keys",
    "ibmcloud-iam api-key-rotate ci-deploy --file key.json --grace 7d --force",
    "ibmcloud-iam api-keys-audit --skip never-expires,leak-action-none",
]

# Seconds: for a typed character, before a command runs, and to read what it said, for each line and in all.
TYPE, PAUSE, READ_LINE, READ, READ_LAST = 0.035, 0.4, 0.25, 1.2, 5.0
# Pixels.
CHAR, LINE, FONT, MARGIN, BAR = 8.4, 19, 14, 14, 26


def said(command: str, home: Path, now: str) -> str:
    """Runs a command at a terminal and returns all that it shows."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {
        "PATH": f"{home}/bin:/usr/bin:/bin",
        "HOME": str(home),
        "IBMCLOUD_IAM_HOME": str(home / "iam"),
        "IBMCLOUD_IAM_BACKEND": "local",
        "IBMCLOUD_IAM_NOW": now,
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
    }
    process = subprocess.Popen(
        ["sh", "-c", command], stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=home / "work",
        start_new_session=True,
    )
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:
        pass  # The other end is closed.
    os.close(master)
    if process.wait() not in (0, 15):
        sys.exit(f"{command}: exit code {process.returncode}\n{shown.decode()}")
    return shown.decode()


def lines_of(shown: str) -> list[list[tuple[str, str]]]:
    """The lines of a screen, each a list of a class and a text, broken where the terminal is full."""
    lines, style, column = [[]], set(), 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]", shown.replace("\r\n", "\n")):
        if part.startswith("\x1b["):
            if part.endswith("m"):
                for code in part[2:-1].split(";"):
                    style = set() if code in ("", "0") else style | {f"c{int(code)}"}
            continue
        if part == "\n" or column == COLUMNS:
            lines.append([])
            column = 0
        if part != "\n":
            name = " ".join(sorted(style))
            if lines[-1] and lines[-1][-1][0] == name:
                lines[-1][-1] = (name, lines[-1][-1][1] + part)
            else:
                lines[-1].append((name, part))
            column += 1
    while lines and not lines[-1]:
        lines.pop()
    return lines


def recorded(program: Path) -> list[tuple[str, list]]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for name in ("bin", "work"):
            (home / name).mkdir()
        (home / "bin/ibmcloud-iam").symlink_to(program)
        for now, command in BEFORE:
            said(command, home, now)
        return [(command, lines_of(said(command, home, NOW))) for command in SESSION]


def text(line: list[tuple[str, str]], row: int, mark: str) -> str:
    length = sum(len(part) for _, part in line)
    if not length:
        return ""
    spans = "".join(
        f'<tspan class="{name}">{escape(part)}</tspan>' if name else escape(part) for name, part in line
    )
    y = row * LINE + FONT
    return f'<text y="{y}" textLength="{length * CHAR:.1f}"{mark}>{spans}</text>\n'


def svg(session: list[tuple[str, list]]) -> str:
    body, rules, row, time = [], [], 0, 0.8
    events = []  # When what is shown, and how many rows there are then.
    for number, (command, output) in enumerate(session):
        typed = f"t{number}"
        end = time + len(command) * TYPE
        body.append(text([("c32", "$ "), ("c1", command)], row, f' class="{typed}"'))
        events.append((time, row + 1))
        rules.append((typed, time, end, len(command) + 2))
        time = end + PAUSE
        group = "".join(text(line, row + 1 + index, "") for index, line in enumerate(output))
        body.append(f'<g class="o{number}">\n{group}</g>\n')
        row += 1 + len(output) + 1
        events.append((time, row))
        rules.append((f"o{number}", time, None, 0))
        time += READ + READ_LINE * len(output)
    total = time + READ_LAST
    percent = lambda at: f"{100 * at / total:.2f}%"
    # Whoever shows one picture of it shows the first command and what it printed.
    begun = f"-{rules[1][1] + 0.15:.1f}s"

    style = []
    for name, begin, end, steps in rules:
        if end is None:
            frames = f"0%,{percent(begin - 0.01)}{{opacity:0}}{percent(begin)},100%{{opacity:1}}"
            timing = "step-end"
        else:
            hidden = "clip-path:inset(0 100% 0 0)"
            shown = "clip-path:inset(0 0 0 0)"
            frames = f"0%,{percent(begin)}{{{hidden};animation-timing-function:steps({steps})}}{percent(end)},100%{{{shown}}}"
            timing = "linear"
        style.append(f"@keyframes {name}{{{frames}}}.{name}{{animation:{name} {total:.1f}s {timing} {begun} infinite}}")
    scroll = "".join(
        f"{percent(at)}{{transform:translateY({-max(0, rows - ROWS) * LINE}px)}}" for at, rows in events
    )
    final = -max(0, row - ROWS) * LINE
    style.append(f"@keyframes scroll{{0%{{transform:translateY(0)}}{scroll}100%{{transform:translateY({final}px)}}}}")
    style.append(f".s{{transform:translateY({final}px);animation:scroll {total:.1f}s step-end {begun} infinite}}")
    width, height = COLUMNS * CHAR + 2 * MARGIN, ROWS * LINE + 2 * MARGIN + BAR
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" role="img">
<title>A session with ibmcloud-iam: a key is made, listed and rotated, and all keys are audited</title>
<style>
svg{{--back:#fff;--edge:#d0d7de;--text:#1f2328;--dim:#59636e;--red:#b3261e;--green:#116329;--yellow:#7d4e00;--blue:#0550ae;--magenta:#8250df;--cyan:#1b6b77}}
@media (prefers-color-scheme:dark){{svg{{--back:#0d1117;--edge:#3d444d;--text:#e6edf3;--dim:#9198a1;--red:#ff8f87;--green:#6cd07f;--yellow:#e3b341;--blue:#79c0ff;--magenta:#d2a8ff;--cyan:#76e3ea}}}}
text{{font:{FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--text);white-space:pre}}
.c1{{font-weight:bold}}.c2,.c90{{fill:var(--dim)}}.c31,.c91{{fill:var(--red)}}.c32,.c92{{fill:var(--green)}}.c33,.c93{{fill:var(--yellow)}}.c34,.c94{{fill:var(--blue)}}.c35,.c95{{fill:var(--magenta)}}.c36,.c96{{fill:var(--cyan)}}
{chr(10).join(style)}
@media (prefers-reduced-motion:reduce){{*{{animation:none!important}}}}
</style>
<rect x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1}" rx="8" fill="var(--back)" stroke="var(--edge)"/>
<g fill="var(--edge)"><circle cx="18" cy="16" r="5"/><circle cx="35" cy="16" r="5"/><circle cx="52" cy="16" r="5"/></g>
<svg x="{MARGIN}" y="{MARGIN + BAR}" width="{COLUMNS * CHAR:.0f}" height="{ROWS * LINE}">
<g class="s">
{"".join(body)}</g>
</svg>
</svg>
"""


if __name__ == "__main__":
    sys.stdout.write(svg(recorded(Path(sys.argv[1]).resolve())))
