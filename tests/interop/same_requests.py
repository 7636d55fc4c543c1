"""Compares what this program sends for each operation with what IBM's Python SDK sends.

usage: python same_requests.py BINARY

Both talk to a recording server with canned answers. A difference that DIFFERENCES does not name
fails the check of its operation; one that it names and that no longer exists fails the last check.
"""

import json
import os
import subprocess
import sys
import tempfile
from typing import Callable, NamedTuple
from urllib.parse import parse_qsl

import operations
import service_operations
from checks import CHECKS, run, same, sdk
from recorder import Recorder

PATIENCE = 30
APIKEY = 'the-key-that-logs-in-0123456789-abcdefghijk_'


class Difference(NamedTuple):
    """One thing that this program does otherwise, on purpose."""

    where: str
    """What differs: `method`, `path`, `query.NAME`, `header.NAME`, `form.NAME` or `body.NAME`."""
    holds: Callable
    """Whether what the SDK and what this program sends (None: nothing) differ as intended."""
    reason: str


DIFFERENCES = [
    Difference(
        'body.apikey',
        lambda sdk_sends, we_send: sdk_sends is None and len(we_send) == 44,
        'a key is never lost when its value is chosen, and kept, before it is made',
    ),
    Difference(
        'header.accept',
        lambda sdk_sends, we_send: (sdk_sends, we_send) == ('*/*', 'application/json'),
        'errors are JSON, also where success has no body; the SDK leaves it to its HTTP client',
    ),
    Difference(
        'query.show_group_id',
        lambda sdk_sends, we_send: (sdk_sends, we_send) == (None, 'true'),
        'a service ID is shown with its group',
    ),
    Difference(
        'body.store_value',
        lambda sdk_sends, we_send: (sdk_sends, we_send) == (None, False),
        'the service can keep the value of a key of a service ID, and nobody is to read it there',
    ),
]

HEADERS = (
    'authorization',
    'content-type',
    'accept',
    'if-match',
    'entity-lock',
    'entity-disable',
    'iam-apikey',
)


def flat(request):
    """A request as one dictionary of all that is compared."""
    method, path, query, headers, body = request
    facts = {'method': method, 'path': path}
    same(len(query), len(dict(query)))
    facts.update({f'query.{name}': value for name, value in query})
    lower = {name.lower(): value for name, value in headers.items()}
    # Some proxies answer 411 to a POST that does not say that it has no body.
    if method == 'POST' and not body:
        facts['header.content-length'] = lower.get('content-length')
    facts.update({f'header.{name}': lower[name] for name in HEADERS if name in lower})
    if lower.get('content-type') == 'application/json':
        facts.update({f'body.{name}': value for name, value in json.loads(body).items()})
    elif body:
        facts.update(
            {
                f'form.{name}': value
                for name, value in parse_qsl(body.decode(), keep_blank_values=True)
            }
        )
    return facts


MET = set()


def unintended(theirs, ours):
    """How two requests differ, apart from what is intended."""
    theirs, ours = flat(theirs), flat(ours)
    found = []
    for where in sorted({*theirs, *ours}):
        pair = theirs.get(where), ours.get(where)
        if pair[0] == pair[1]:
            continue
        intended = [d for d in DIFFERENCES if d.where == where and d.holds(*pair)]
        MET.update(d.reason for d in intended)
        if not intended:
            found.append(f'{where}: the SDK sends {pair[0]!r}, this program {pair[1]!r}')
    return found


def cli(binary, endpoint, operation):
    """Runs this program once, with a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        login = os.path.join(home, 'login')
        with open(login, 'w', encoding='utf-8') as file:
            json.dump({'apikey': APIKEY}, file)
        environment = {
            'PATH': os.environ.get('PATH', ''),
            'LC_ALL': 'C.UTF-8',
            'IBMCLOUD_IAM_HOME': os.path.join(home, 'home'),
            'IBMCLOUD_API_KEY': f'@{login}',
            'IBMCLOUD_IAM_API_ENDPOINT': endpoint,
        }
        done = subprocess.run(
            [binary, *operation.arguments, '--backend', 'remote'],
            input=operation.stdin.encode(),
            capture_output=True,
            env=environment,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f'exit {done.returncode}: {done.stderr.decode()}'


def add_check(operation):
    """Makes an operation a check."""

    def function(world):
        binary, recorder = world
        theirs = recorder.record(
            operation.answer, lambda: operation.call(sdk(recorder.endpoint, APIKEY))
        )
        ours = recorder.record(operation.answer, lambda: cli(binary, recorder.endpoint, operation))
        besides = []
        for their in theirs:
            differences = f'{their[:2]} is never sent'
            while ours:
                our = ours.pop(0)
                if our[:2] == their[:2]:
                    differences = unintended(their, our)
                    if not differences:
                        break
                besides.append(our[:2])
            assert not differences, differences
        besides += [our[:2] for our in ours]
        same([request for request in besides if request not in operation.reads], [])

    function.__doc__ = ' '.join(operation.arguments)
    CHECKS.append(function)


def all_differences_met(_):
    """every intended difference exists"""
    same([d.where for d in DIFFERENCES if d.reason not in MET], [])


def main():
    """Records and compares every operation."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for operation in [*operations.OPERATIONS, *service_operations.OPERATIONS]:
        add_check(operation)
    CHECKS.append(all_differences_met)
    code = run((sys.argv[1], Recorder()))
    print('\nIntended differences:')
    for difference in DIFFERENCES:
        print(f'  {difference.where}: {difference.reason}')
    sys.exit(code)


if __name__ == '__main__':
    main()
