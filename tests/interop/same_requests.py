"""Compares what this program sends for each operation with what IBM's Python SDK sends.

usage: python same_requests.py BINARY

Both talk to a recording server with canned answers. A difference that DIFFERENCES does not name
fails the check of its operation; one that it names and that no longer exists fails the last check.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from checks import CHECKS, run, same, sdk

PATIENCE = 30
APIKEY = 'the-key-that-logs-in-0123456789-abcdefghijk_'
LOOKED_UP = 'the-key-that-is-looked-up-0123456789-abcdef_'
IAM_ID = 'IBMid-310000ABCD'
ACCOUNT = '5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e'
ID = 'ApiKey-00000000-0000-4000-8000-000000000001'
TAG = '3-03de16d5f2b14f0b9d0ac0ffee0ac0ff'
PAGE_TOKEN = 'eyJvZmYiOjEwMH0='
EXPIRES = '2049-01-02T18:30+0000'


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
]

# What this program reads beside the request that the SDK sends too, and why. Nothing else is sent.
# Its name, tag and lock, before it is changed.
KEY = ('GET', f'/v1/apikeys/{ID}')
# State depends on other keys of the name; a create notes what was there before it.
OTHERS = ('GET', '/v1/apikeys')


class Operation(NamedTuple):
    """One operation, on the command line and in the SDK."""

    arguments: list
    call: Callable
    """Takes the SDK's client."""
    reads: tuple = ()
    """What this program may read besides."""
    key: dict = {}
    """How the key differs from the usual one."""
    stdin: str = ''


MINE = {'account_id': ACCOUNT, 'iam_id': IAM_ID}
EVERYBODY = {'account_id': ACCOUNT, 'scope': 'account', 'type': 'user'}
OPERATIONS = [
    Operation(
        ['api-keys', '--output', 'json'],
        lambda iam: [
            iam.list_api_keys(**MINE, pagesize=100),
            iam.list_api_keys(**MINE, pagesize=100, pagetoken=PAGE_TOKEN),
        ],
    ),
    Operation(
        ['api-keys', '--all-users', '--output', 'json'],
        lambda iam: [
            iam.list_api_keys(**EVERYBODY, pagesize=100),
            iam.list_api_keys(**EVERYBODY, pagesize=100, pagetoken=PAGE_TOKEN),
        ],
    ),
    Operation(['api-key', ID], lambda iam: iam.get_api_key(ID)),
    Operation(
        ['api-key', ID, '--history', '--activity'],
        lambda iam: iam.get_api_key(ID, include_history=True, include_activity=True),
        reads=(KEY,),
    ),
    Operation(
        ['api-key-lookup'],
        lambda iam: iam.get_api_keys_details(iam_api_key=LOOKED_UP),
        stdin=LOOKED_UP,
    ),
    Operation(
        ['api-key-create', 'A name é 🔑'],
        lambda iam: iam.create_api_key('A name é 🔑', IAM_ID, account_id=ACCOUNT),
        reads=(OTHERS,),
    ),
    Operation(
        ['api-key-create', 'n', '-d', 'd "q"', '-e', EXPIRES, '--action-if-leaked', 'DELETE'],
        lambda iam: iam.create_api_key(
            'n',
            IAM_ID,
            account_id=ACCOUNT,
            description='d "q"',
            expires_at=EXPIRES,
            action_when_leaked='delete',
        ),
        reads=(OTHERS,),
    ),
    Operation(
        ['api-key-create', 'n', '--lock', '--disabled'],
        lambda iam: iam.create_api_key(
            'n', IAM_ID, account_id=ACCOUNT, entity_lock='true', entity_disable='true'
        ),
        reads=(OTHERS,),
    ),
    Operation(
        ['api-key-update', ID, '-n', 'new é', '-d', 'new'],
        lambda iam: iam.update_api_key(ID, TAG, name='new é', description='new'),
        reads=(KEY,),
    ),
    Operation(
        ['api-key-update', ID, '-d', ''],
        lambda iam: iam.update_api_key(ID, TAG, description=''),
        reads=(KEY,),
    ),
    Operation(
        ['api-key-update', ID, '-e', EXPIRES, '--action-if-leaked', 'NONE'],
        lambda iam: iam.update_api_key(ID, TAG, expires_at=EXPIRES, action_when_leaked='none'),
        reads=(KEY, OTHERS),
    ),
    Operation(
        ['api-key-update', ID, '--no-expiry'],
        lambda iam: iam.update_api_key(ID, TAG, expires_at=''),
        reads=(KEY, OTHERS),
        key={'expires_at': EXPIRES},
    ),
    Operation(['api-key-delete', ID, '--force'], lambda iam: iam.delete_api_key(ID), reads=(KEY,)),
    Operation(['api-key-lock', ID, '--force'], lambda iam: iam.lock_api_key(ID), reads=(KEY,)),
    Operation(
        ['api-key-unlock', ID, '--force'],
        lambda iam: iam.unlock_api_key(ID),
        reads=(KEY,),
        key={'locked': True},
    ),
    Operation(
        ['api-key-disable', ID, '--force'], lambda iam: iam.disable_api_key(ID), reads=(KEY,)
    ),
    Operation(
        ['api-key-enable', ID, '--force'],
        lambda iam: iam.enable_api_key(ID),
        reads=(KEY, OTHERS),
        key={'disabled': True},
    ),
]


def access_token():
    """An access token of three parts that nobody signed."""
    now = int(time.time())
    claims = {'iam_id': IAM_ID, 'email': 'jane.doe@example.com', 'sub': 'jane.doe@example.com'}
    claims |= {'account': {'valid': True, 'bss': ACCOUNT}, 'iat': now, 'exp': now + 3600}
    parts = [json.dumps(part).encode() for part in ({'kid': '1', 'alg': 'HS256'}, claims)]
    return '.'.join(
        base64.urlsafe_b64encode(part).decode().rstrip('=') for part in (*parts, b'unsigned')
    )


TOKEN = access_token()


class Recorder(ThreadingHTTPServer):
    """A server that keeps every request and answers each operation the same every time."""

    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.endpoint = f'http://127.0.0.1:{self.server_port}'
        self.requests = []
        self.key = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def record(self, key, act):
        """What is requested while something is done."""
        self.requests, self.key = [], key
        act()
        return self.requests

    def apikey(self, number=1, **more):
        """A key as the service shows it."""
        key_id = ID[:-1] + str(number)
        return {
            'id': key_id,
            'entity_tag': TAG,
            'crn': f'crn:v1:bluemix:public:iam-identity::a/{ACCOUNT}::apikey:{key_id}',
            'locked': False,
            'disabled': False,
            'created_at': '2026-02-19T18:59+0000',
            'created_by': IAM_ID,
            'modified_at': '2026-02-19T18:59+0000',
            'support_sessions': False,
            'action_when_leaked': 'disable',
            'name': f'key {number}',
            'description': 'old',
            'iam_id': IAM_ID,
            'account_id': ACCOUNT,
            'leaked': False,
            **more,
        }

    def answer(self, method, path, query, body):
        """Status and document."""
        if path == '/identity/token':
            token = {
                'access_token': TOKEN,
                'refresh_token': 'not_supported',
                'token_type': 'Bearer',
            }
            expiration = int(time.time()) + 3600
            return 200, {
                **token,
                'expires_in': 3600,
                'expiration': expiration,
                'scope': 'ibm openid',
            }
        if path == '/v1/apikeys' and method == 'GET':
            page = {'offset': 0, 'limit': 100, 'first': f'{self.endpoint}/v1/apikeys?pagesize=100'}
            if 'pagetoken' in dict(query):
                return 200, {**page, 'offset': 100, 'apikeys': [self.apikey(2)]}
            next_page = f'{page["first"]}&pagetoken={PAGE_TOKEN}'
            return 200, {**page, 'next': next_page, 'apikeys': [self.apikey(**self.key)]}
        if method in ('POST', 'PUT') and body:
            said = json.loads(body)
            if method == 'POST':
                return 201, (
                    self.apikey(3, apikey='0' * 44, **said)
                    if 'apikey' not in said
                    else self.apikey(3, **said)
                )
            return 200, self.apikey(**{**self.key, **said, 'entity_tag': '4' + TAG[1:]})
        if method == 'GET':
            asked = {'history': [], 'activity': {'authn_count': 0}}
            more = {
                name: value for name, value in asked.items() if f'include_{name}' in dict(query)
            }
            return 200, self.apikey(**self.key, **more)
        return 204, None


class Handler(BaseHTTPRequestHandler):
    """Reads a request, keeps it, answers it."""

    protocol_version = 'HTTP/1.1'
    server: Recorder

    def handle_any(self):
        """Serves every method alike."""
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        path, query = urlsplit(self.path).path, parse_qsl(
            urlsplit(self.path).query, keep_blank_values=True
        )
        self.server.requests.append((self.command, path, query, dict(self.headers.items()), body))
        status, document = self.server.answer(self.command, path, query, body)
        sent = b'' if document is None else json.dumps(document).encode()
        self.send_response(status)
        if document is not None:
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(sent)))
        if 'entity_tag' in (document or {}):
            self.send_header('ETag', document['entity_tag'])
        self.send_header('Transaction-Id', 'NXA1ZDU-fa0b00fa0b00fa0b00fa0b00fa0b00fa')
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Stays silent."""


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
            operation.key, lambda: operation.call(sdk(recorder.endpoint, APIKEY))
        )
        ours = recorder.record(operation.key, lambda: cli(binary, recorder.endpoint, operation))
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
    for operation in OPERATIONS:
        add_check(operation)
    CHECKS.append(all_differences_met)
    code = run((sys.argv[1], Recorder()))
    print('\nIntended differences:')
    for difference in DIFFERENCES:
        print(f'  {difference.where}: {difference.reason}')
    sys.exit(code)


if __name__ == '__main__':
    main()
