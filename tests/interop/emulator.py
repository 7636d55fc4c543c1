"""A running `ibmcloud-iam emulate`, for the interop scripts."""

import json
import os
import select
import subprocess

PATIENCE = 20


class Process:
    """An emulator in memory: where it is, the value of its bootstrap key, and with --tls the file of its authority."""

    def __init__(self, binary, home, *flags, **variables):
        self.binary = binary
        self.process = subprocess.Popen(
            [binary, 'emulate', '--in-memory', *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={'PATH': os.environ.get('PATH', ''), 'IBMCLOUD_IAM_HOME': home, **variables},
        )
        self.endpoint = self.line('Listening on ')
        with open(self.line('Bootstrap API key: '), encoding='utf-8') as file:
            self.bootstrap = json.load(file)['apikey']
        self.authority = self.line('CA certificate: ') if '--tls' in flags else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def line(self, start):
        """The rest of the next line that the emulator prints; no byte more is read."""
        line = b''
        while not line.endswith(b'\n'):
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            byte = os.read(self.process.stdout.fileno(), 1) if ready else b''
            assert byte, f'the emulator said {line!r}, not {start!r}'
            line += byte
        text = line.decode().rstrip('\n')
        assert text.startswith(start), text
        return text[len(start) :]

    def stop(self):
        """Ends the emulator."""
        self.process.terminate()
        self.process.wait(PATIENCE)
