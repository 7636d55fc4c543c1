#!/usr/bin/env python3
"""Measures the remote backend against curl and IBM's Python SDK, as ratios of one run.

    cargo build --release
    python3 -m venv /tmp/sdk && /tmp/sdk/bin/pip install -r tests/interop/requirements.txt
    /tmp/sdk/bin/python benches/remote.py target/release/ibmcloud-iam

Prints a Markdown table, which docs/design/speed.md quotes. All clients talk HTTPS to nginx on loopback, which
serves files: a list of 100 keys, one of 10,000 keys in 100 pages, and a token. Needs nginx, curl and
openssl. Each figure is the median of whole processes that take turns, so that a slow moment of the
machine affects all of them. No time makes it fail.
"""

import base64
import collections
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ACCOUNT = '5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e'
IAM_ID = 'IBMid-310000ABCD'
APIKEY = 'the-key-that-logs-in-0123456789-abcdefghijk_'
PAGE = 100

# One account has 100 keys, another 10,000: the same endpoint serves both lists.
ACCOUNTS = {'small': ('a' * 32, 1), 'large': ('b' * 32, 100)}

NGINX = '''
daemon off;
pid {root}/nginx.pid;
error_log {root}/error.log;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    default_type application/json;
    keepalive_requests 100000;
    log_format connections '$connection $request_method $uri';
    access_log {root}/access.log connections;
    client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
    uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
    map $arg_pagetoken $page {{ "" 0; default $arg_pagetoken; }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {root}/server.pem;
        ssl_certificate_key {root}/server.key;
        root {root}/files;
        location = /v1/apikeys {{ try_files /$arg_account_id/$page.json =404; }}
        # nginx answers a POST to a file with 405.
        location ~ ^/(small|large)/identity/token$ {{
            error_page 405 =200 $uri;
            try_files $uri =404;
        }}
    }}
}}
'''

SDK = '''
import sys
from ibm_cloud_sdk_core import get_query_param
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_platform_services import IamIdentityV1

endpoint, auth, account, iam_id, apikey = sys.argv[1:]
iam = IamIdentityV1(authenticator=IAMAuthenticator(apikey, url=auth))
iam.set_service_url(endpoint)
token, keys = None, []
while True:
    query = {'account_id': account, 'iam_id': iam_id, 'pagesize': 100, 'pagetoken': token}
    page = iam.list_api_keys(**query).get_result()
    keys += page['apikeys']
    token = get_query_param(page.get('next'), 'pagetoken')
    if token is None:
        break
import json
json.dump(keys, sys.stdout, indent=4)
'''


def key(number, account):
    """Returns a key as large as a real one."""
    key_id = f'ApiKey-00000000-0000-4000-8000-{number:012}'
    return {
        'id': key_id,
        'entity_tag': f'3-{number:032x}',
        'crn': f'crn:v1:bluemix:public:iam-identity::a/{account}::apikey:{key_id}',
        'locked': False,
        'disabled': False,
        'created_at': f'2026-02-{number % 28 + 1:02}T18:59+0000',
        'created_by': IAM_ID,
        'modified_at': f'2026-02-{number % 28 + 1:02}T18:59+0000',
        'support_sessions': False,
        'action_when_leaked': 'disable',
        'name': f'deployment key {number}',
        'description': f'Used by pipeline {number % 97} to deploy to production',
        'iam_id': IAM_ID,
        'account_id': account,
        'leaked': False,
    }


def token(account):
    """Returns the answer of the token endpoint. Nobody checks the signature."""
    now = int(time.time())
    claims = {'iam_id': IAM_ID, 'email': 'jane.doe@example.com', 'sub': 'jane.doe@example.com'}
    claims |= {'account': {'valid': True, 'bss': account}, 'iat': now, 'exp': now + 3600}
    parts = [json.dumps(part).encode() for part in ({'kid': '1', 'alg': 'HS256'}, claims)]
    parts = [
        base64.urlsafe_b64encode(part).decode().rstrip('=') for part in (*parts, b'unsigned' * 32)
    ]
    return {
        'access_token': '.'.join(parts),
        'refresh_token': 'not_supported',
        'token_type': 'Bearer',
        'expires_in': 3600,
        'expiration': now + 3600,
        'scope': 'ibm openid',
    }


class Service:
    """A running nginx with the files, and the commands that ask it."""

    def __init__(self, root, program):
        self.root, self.program = root, program
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        self.endpoint = f'https://127.0.0.1:{port}'
        self.write_files()
        self.make_certificate()
        (root / 'nginx.conf').write_text(NGINX.format(root=root, port=port), encoding='utf-8')
        (root / 'login').write_text(json.dumps({'apikey': APIKEY}), encoding='utf-8')
        (root / 'sdk.py').write_text(SDK, encoding='utf-8')
        nginx = shutil.which('nginx', path=os.environ.get('PATH', '') + ':/usr/sbin')
        self.nginx = subprocess.Popen(
            [nginx, '-c', root / 'nginx.conf', '-p', root, '-e', root / 'error.log']
        )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(('127.0.0.1', port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError((root / 'error.log').read_text(encoding='utf-8'))

    def write_files(self):
        """Writes the lists and the tokens."""
        files = self.root / 'files'
        for name, (account, pages) in ACCOUNTS.items():
            (files / name / 'identity').mkdir(parents=True)
            (files / name / 'identity' / 'token').write_text(
                json.dumps(token(account)), encoding='utf-8'
            )
            (files / account).mkdir()
            for page in range(pages):
                keys = [key(page * PAGE + number, account) for number in range(PAGE)]
                query = f'account_id={account}&iam_id={IAM_ID}&pagesize={PAGE}'
                first = f'{self.endpoint}/v1/apikeys?{query}'
                document = {'offset': page * PAGE, 'limit': PAGE, 'first': first}
                if page + 1 < pages:
                    document['next'] = f'{first}&pagetoken={page + 1}'
                text = json.dumps({**document, 'apikeys': keys}, separators=(',', ':'))
                (files / account / f'{page}.json').write_text(text, encoding='utf-8')

    def make_certificate(self):
        """Makes a certificate authority, and its certificate for 127.0.0.1."""

        def openssl(*words):
            subprocess.run(['openssl', *words], cwd=self.root, check=True, capture_output=True)

        new = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes')
        openssl(
            *(
                'req',
                '-x509',
                *new,
                '-keyout',
                'ca.key',
                '-out',
                'ca.pem',
                '-days',
                '2',
                '-subj',
                '/CN=bench',
            )
        )
        openssl(
            *('req', *new, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=127.0.0.1')
        )
        (self.root / 'san').write_text('subjectAltName=IP:127.0.0.1\n', encoding='utf-8')
        openssl(
            *(
                'x509',
                '-req',
                '-in',
                'server.csr',
                '-CA',
                'ca.pem',
                '-CAkey',
                'ca.key',
                '-CAcreateserial',
            ),
            *('-out', 'server.pem', '-days', '2', '-extfile', 'san'),
        )

    def cli(self, name, home, command=('api-keys',)):
        """Returns the command of this program that lists an account's keys, as JSON by default."""
        environment = {
            'IBMCLOUD_IAM_HOME': str(self.root / home),
            'IBMCLOUD_API_KEY': f'@{self.root}/login',
            'IBMCLOUD_IAM_API_ENDPOINT': self.endpoint,
            'IAM_IDENTITY_AUTH_URL': f'{self.endpoint}/{name}',
        }
        words = [
            *command,
            '--output',
            'json',
            '--backend',
            'remote',
            '--ca-file',
            self.root / 'ca.pem',
        ]
        return [self.program, *words], environment

    def fresh_cli(self, name):
        """Returns the same command without a cached token."""
        words, environment = self.cli(name, 'fresh')

        def forget():
            shutil.rmtree(self.root / 'fresh', ignore_errors=True)

        return words, environment, forget

    def curl(self, name):
        """Returns the curl command that fetches all pages of an account and reads none."""
        account, pages = ACCOUNTS[name]
        url = f'{self.endpoint}/v1/apikeys?account_id={account}&iam_id={IAM_ID}&pagesize={PAGE}'
        token_value = token(account)['access_token']
        lines = [
            f'cacert = "{self.root}/ca.pem"',
            'silent',
            f'header = "Authorization: Bearer {token_value}"',
        ]
        for page in range(pages):
            lines += [
                f'url = "{url}{f"&pagetoken={page}" if page else ""}"',
                'output = "/dev/null"',
            ]
        config = self.root / f'curl-{name}'
        config.write_text('\n'.join(lines), encoding='utf-8')
        return ['curl', '-q', '-f', '-K', config], {}

    def sdk(self, name):
        """Returns the command by which IBM's SDK logs in and lists the same keys as JSON."""
        words = [self.endpoint, f'{self.endpoint}/{name}', ACCOUNTS[name][0], IAM_ID, APIKEY]
        environment = {'REQUESTS_CA_BUNDLE': str(self.root / 'ca.pem')}
        return [sys.executable, self.root / 'sdk.py', *words], environment

    def connections(self, command):
        """Counts the connections and requests of a command."""
        log = self.root / 'access.log'
        before = len(log.read_text(encoding='utf-8').splitlines())
        once(command)
        time.sleep(0.2)
        lines = log.read_text(encoding='utf-8').splitlines()[before:]
        made = collections.Counter(line.split()[0] for line in lines)
        return len(made), len(lines)


def once(command, out=subprocess.DEVNULL):
    """Runs a command and returns how long it took."""
    words, environment, *prepare = command
    for act in prepare:
        act()
    # The measured commands get no PATH, so they are looked up first.
    words = [shutil.which(str(words[0])) or words[0], *words[1:]]
    start = time.perf_counter()
    done = subprocess.run(
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.PIPE,
        check=False,
    )
    took = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f'{words}: exit {done.returncode}: {done.stderr.decode()}')
    return took, done.stdout


def medians(rounds, *commands):
    """Runs commands in turns; returns the medians in milliseconds."""
    for command in commands:
        once(command)
    times = [[once(command)[0] for command in commands] for _ in range(rounds)]
    return [statistics.median(column) * 1e3 for column in zip(*times)]


def row(what, ours, against, base, bar):
    """Prints one row of the table."""
    ratio = f'{base / ours:.1f} × faster than' if '× faster' in bar else f'{ours / base:.2f} ×'
    print(f'| {what} | {ours:.2f} ms | {ratio} {against} ({base:.2f} ms) | {bar} |', flush=True)


def same_lists(service, name):
    """Checks, before the measurements, that both clients see the same keys."""
    ours, theirs = (
        json.loads(once(c, subprocess.PIPE)[1])
        for c in (service.cli(name, 'warm'), service.sdk(name))
    )
    assert len(ours) == ACCOUNTS[name][1] * PAGE, len(ours)
    assert {k['id']: k['name'] for k in ours} == {k['id']: k['name'] for k in theirs}


def measure(service):
    """Measures, and prints the table."""
    for name in ACCOUNTS:
        same_lists(service, name)
        # Each account has its own token, and so its own home.
        shutil.rmtree(service.root / 'warm')
    warm = {name: service.cli(name, f'warm-{name}') for name in ACCOUNTS}
    print('| what | median | ratio | bar |\n|---|---|---|---|')
    ours, curl = medians(101, warm['small'], service.curl('small'))
    row(
        '`api-keys`, 100 remote keys, JSON, token cached', ours, 'curl of that page', curl, '≤ 0.8'
    )
    ours, sdk = medians(15, service.fresh_cli('small'), service.sdk('small'))
    row('log in and list 100 remote keys', ours, "IBM's Python SDK", sdk, '≥ 20 × faster')
    ours, sdk, curl = medians(
        15, service.fresh_cli('large'), service.sdk('large'), service.curl('large')
    )
    row(
        'log in and list 10,000 remote keys (100 pages), JSON',
        ours,
        "IBM's Python SDK",
        sdk,
        '≥ 8 × faster',
    )
    ours, curl = medians(31, warm['large'], service.curl('large'))
    row('10,000 remote keys, JSON, token cached', ours, 'one curl of the 100 pages', curl, '≤ 3')
    audit = ('api-keys-audit', '--skip', 'unused,near-limit', '--fail-on', 'none')
    audit = service.cli('large', 'warm-large', audit)
    ours, listed = medians(31, audit, warm['large'])
    row('audit of 10,000 remote keys, JSON, token cached', ours, 'a list of them', listed, '< 2')
    connections, requests = service.connections(service.fresh_cli('large'))
    print(f'| connections for those {requests} requests | {connections} | | 1 |')


def main():
    """Starts nginx and measures."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as directory:
        # The worker of nginx may run as another user.
        os.chmod(directory, 0o755)
        service = Service(Path(directory), os.path.abspath(sys.argv[1]))
        try:
            measure(service)
        finally:
            service.nginx.terminate()
            service.nginx.wait(10)


if __name__ == '__main__':
    main()
