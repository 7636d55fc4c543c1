"""IBM's SDK for watsonx.ai logs in to `ibmcloud-iam emulate --tls`, and shares task credentials with this program.

usage: python watsonx.py BINARY

Its requirements are in requirements-watsonx.txt, for they are many. What the SDK asks of hosts that are not IAM is answered
by `other_host`, over HTTPS, because the SDK takes nothing else.
"""

import ipaddress
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from unittest import mock

import ibm_watsonx_ai.href_definitions as addresses
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ibm_watsonx_ai import APIClient, Credentials
from ibm_watsonx_ai.wml_client_error import InvalidCredentialsError, WMLClientError

from checks import check, run, same
from emulator import Process
from other_host import OtherHost

US_SOUTH = 'https://us-south.ml.cloud.ibm.com'


def certificate(directory):
    """Makes a certificate of its own for the other host, and a file with it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'other host')])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), False
        )
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = os.path.join(directory, 'other.pem')
    with open(file, 'wb') as pem:
        pem.write(made + secret)
    return made, file


def trusted(directory, emu, made):
    """A file with the emulator's authority and the certificate of the other host."""
    file = os.path.join(directory, 'bundle.pem')
    with open(emu.authority, 'rb') as authority, open(file, 'wb') as both:
        both.write(authority.read() + made)
    return file


class World:
    """The emulator, the other host with its certificate, and a file of what the SDK is told to trust."""

    def __init__(self, emu, platform, made):
        self.emu, self.platform, self.made = emu, platform, made
        self.bundle = trusted(os.path.dirname(emu.authority), emu, made)

    def brought(self):
        """The tokens that were brought to the other host since this was asked."""
        requests, self.platform.requests = self.platform.requests, []
        schemes = [headers.get('authorization', '').split(' ') for _, _, headers in requests]
        same({scheme for scheme, *_ in schemes}, {'Bearer'})
        return [token for _, token in schemes]

    def client(self, apikey=None, **more):
        """The SDK's client."""
        more = {'url': US_SOUTH, 'verify': self.bundle, **more}
        return APIClient(Credentials(api_key=apikey or self.emu.bootstrap, **more))

    def redirected(self, **more):
        """The SDK's client, told by its own setting where IAM is."""
        return self.client(auth_url=f'{self.emu.endpoint}/identity/token', **more)

    def in_region(self, region):
        """The SDK's own code for task credentials, at the emulator's mount of a region."""
        hosts = {'url': self.platform.endpoint, 'platform_url': f'{self.emu.endpoint}/regions/{region}'}
        return self.redirected(**hosts).task_credentials

    def program(self, *args):
        """What this program says in JSON, logged in as the SDK is."""
        with tempfile.TemporaryDirectory() as home:
            variables = {
                'IBMCLOUD_IAM_HOME': home,
                'IBMCLOUD_IAM_API_ENDPOINT': self.emu.endpoint,
                'IBMCLOUD_API_KEY': self.emu.bootstrap,
                'SSL_CERT_FILE': self.emu.authority,
            }
            args = [self.emu.binary, *args, '--output', 'json']
            done = subprocess.run(args, env=variables, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def claims(self, token):
        """The claims of a token that the emulator signed."""
        with mock.patch.dict(os.environ, {'SSL_CERT_FILE': self.bundle}):
            keys = jwt.PyJWKClient(f'{self.emu.endpoint}/identity/keys')
            key = keys.get_signing_key_from_jwt(token)
        return jwt.decode(token, key, algorithms=['RS256'])


@check
def by_setting(world):
    """the SDK logs in where `auth_url` says, as the client bx, and knows its user"""
    claims = world.claims(world.redirected().token)
    same((claims['client_id'], claims['iss']), ('bx', f'{world.emu.endpoint}/identity'))
    error = InvalidCredentialsError
    try:
        world.redirected(apikey='no-such-value-0123456789-0123456789-0123456')
    except error as refused:
        assert 'BXNIM0415E' in str(refused), refused
    else:
        raise AssertionError('a value of no key is not refused')


@check
def by_address(world):
    """the SDK logs in at its usual path of its usual host, when that host is the emulator"""
    usual = addresses.IAM_TOKEN_URL.replace('{}', world.emu.endpoint)
    same(usual, f'{world.emu.endpoint}/identity/token')
    with mock.patch.object(addresses, 'IAM_TOKEN_URL', usual):
        same(world.claims(world.client().token)['client_id'], 'bx')


@check
def at_work(world):
    """the SDK brings the token to the other hosts, and a new one when there is less than a minute left"""
    hosts = {'url': world.platform.endpoint, 'platform_url': world.platform.endpoint}
    client = world.redirected(**hosts)
    client.spaces.get_details(limit=1)
    same(world.brought(), [client.token])
    ago = (datetime.now(timezone.utc) - timedelta(minutes=59, seconds=30)).strftime('%Y-%m-%dT%H:%M:%SZ')
    with tempfile.TemporaryDirectory() as home:
        with Process(world.emu.binary, home, '--tls', IBMCLOUD_IAM_NOW=ago) as emu:
            late = World(emu, world.platform, world.made)
            client = late.redirected(**hosts)
            for _ in range(2):
                client.spaces.get_details(limit=1)
            tokens = late.brought()
            same(len(set(tokens)), 2)
            for token in tokens:
                late.claims(token)


@check
def of_this_program(world):
    """the SDK lists and deletes the task credential that this program stored, and stores none beside it"""
    made = world.program('task-credential-create', 'jobs', '--region', 'eu-de')
    sdk = world.in_region('eu-de')
    rows = sdk.list()
    same(list(rows['NAME']), ['jobs'])
    [held] = sdk.get_details()['resources']
    same(held['description'], f'IAM API key {made["key_id"]}, made by ibmcloud-iam')
    same(sdk.get_details(held['id']), held)
    same(sdk.get_id(held), held['id'])
    try:
        sdk.store()
    except WMLClientError as refused:
        assert 'already been stored' in str(refused), refused
    else:
        raise AssertionError('a second one is stored')
    assert world.in_region('us-south').list().empty, 'another region has it too'
    same(sdk.delete(held['id']), 'SUCCESS')
    same(world.program('task-credentials'), [])


@check
def of_the_sdk(world):
    """this program lists, replaces and deletes the task credential that the SDK stored"""
    sdk = world.in_region('jp-tok')
    stored = sdk.store(name='by the SDK', description='mine')
    [listed] = world.program('task-credentials')
    found = [listed[field] for field in ('region', 'id', 'name', 'description', 'key_id')]
    same(found, ['jp-tok', sdk.get_id(stored), 'by the SDK', 'mine', None])
    rotated = world.program('task-credential-rotate', '--force')
    same((rotated['regions'], rotated['old_keys']), (['jp-tok'], []))
    same(list(sdk.list()['NAME']), ['by the SDK'])
    [deleted] = world.program('task-credential-delete', '--region', 'jp-tok', '--with-key', '--force')
    same((deleted['key_id'], deleted['outcome']), (rotated['key_id'], 'deleted'))
    assert sdk.list().empty, 'it is still there'


@check
def stranger(world):
    """the SDK refuses an authority that it was not told to trust"""
    with open(world.bundle, encoding='utf-8') as bundle, tempfile.TemporaryDirectory() as home:
        assert bundle.read().count('BEGIN CERTIFICATE') == 2
        _, alone = certificate(home)
        try:
            world.redirected(verify=alone)
        except Exception as error:  # pylint: disable=broad-except
            assert 'CERTIFICATE_VERIFY_FAILED' in str(error), error
        else:
            raise AssertionError('a stranger is trusted')


def main():
    """Starts the emulator and the other host, and runs the checks."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as home, Process(sys.argv[1], home, '--tls') as emu:
        made, file = certificate(home)
        with OtherHost(file, json.dumps({'resources': []}).encode()) as platform:
            sys.exit(run(World(emu, platform, made)))


if __name__ == '__main__':
    main()
