"""A server that keeps every request, and answers each operation the same every time."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

IAM_ID = 'IBMid-310000ABCD'
ACCOUNT = '5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e'
ID = 'ApiKey-00000000-0000-4000-8000-000000000001'
SERVICE = 'ServiceId-00000000-0000-4000-8000-000000000001'
GROUP = 'ServiceIdGroup-00000000-0000-4000-8000-000000000001'
TAG = '3-03de16d5f2b14f0b9d0ac0ffee0ac0ff'
PAGE_TOKEN = 'eyJvZmYiOjEwMH0='
EXPIRES = '2049-01-02T18:30+0000'


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
        self.changed = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def record(self, changed, act):
        """What is requested while something is done. What is answered differs from the usual as it says, by kind."""
        self.requests, self.changed = [], changed
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

    def service(self, number=1, **more):
        """A service ID as the service shows it."""
        service_id = SERVICE[:-1] + str(number)
        return {
            'id': service_id,
            'iam_id': f'iam-{service_id}',
            'entity_tag': TAG,
            'crn': f'crn:v1:bluemix:public:iam-identity::a/{ACCOUNT}::serviceid:{service_id}',
            'locked': False,
            'created_at': '2026-02-19T18:59+0000',
            'modified_at': '2026-02-19T18:59+0000',
            'account_id': ACCOUNT,
            'name': f'service {number}',
            'description': 'old',
            **more,
        }

    def group(self, number=1, **more):
        """A group of service IDs as the service shows it."""
        group_id = GROUP[:-1] + str(number)
        return {
            'id': group_id,
            'entity_tag': TAG,
            'account_id': ACCOUNT,
            'crn': f'crn:v1:bluemix:public:iam-identity::a/{ACCOUNT}::serviceidgroup:{group_id}',
            'name': f'group {number}',
            'description': 'old',
            'created_at': '2026-02-19T18:59+0000',
            'created_by': IAM_ID,
            'modified_at': '2026-02-19T18:59+0000',
            **more,
        }

    def answer(self, method, path, query, body):
        """Status and document."""
        if path == '/identity/token':
            return 200, {
                'access_token': TOKEN,
                'refresh_token': 'not_supported',
                'token_type': 'Bearer',
                'expires_in': 3600,
                'expiration': int(time.time()) + 3600,
                'scope': 'ibm openid',
            }
        member = path.split('/')[2]
        kind = {'apikeys': self.apikey, 'serviceids': self.service, 'serviceid_groups': self.group}[member]
        changed = self.changed.get(member, {})
        is_list = path.rstrip('/') == f'/v1/{member}'
        if is_list and method == 'GET':
            page = {'offset': 0, 'limit': 100, 'first': f'{self.endpoint}{path}?pagesize=100'}
            if member == 'serviceid_groups':
                return 200, {member: [kind(**changed)]}
            if 'pagetoken' in dict(query):
                return 200, {**page, 'offset': 100, member: [kind(2)]}
            next_page = f'{page["first"]}&pagetoken={PAGE_TOKEN}'
            return 200, {**page, 'next': next_page, member: [kind(**changed)]}
        if method in ('POST', 'PUT') and body:
            said = json.loads(body)
            if method == 'POST':
                value = {'apikey': '0' * 44} if member == 'apikeys' else {}
                return 201, kind(3, **{**value, **said})
            return 200, kind(**{**changed, **said, 'entity_tag': '4' + TAG[1:]})
        if method == 'GET':
            asked = {'history': [], 'activity': {'authn_count': 0}}
            more = {
                name: value for name, value in asked.items() if f'include_{name}' in dict(query)
            }
            return 200, kind(**changed, **more)
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
