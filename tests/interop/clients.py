"""Clients that nobody here wrote log in to `ibmcloud-iam emulate --tls`, trust its authority, and check its tokens.

usage: python clients.py BINARY

The clients are PyJWT's PyJWKClient, the authenticators of ibm-cloud-sdk-core, and the token managers of ibm-cos-sdk.
"""

import base64
import json
import os
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import ibm_boto3
import jwt
import requests
from ibm_boto3.session import Config
from ibm_botocore.credentials import DefaultTokenManager, DelegatedTokenManager
from ibm_botocore.exceptions import CredentialRetrievalError
from ibm_cloud_sdk_core import ApiException, get_authenticator_from_environment
from ibm_cloud_sdk_core.authenticators import (
    BearerTokenAuthenticator,
    CloudPakForDataAuthenticator,
    IAMAuthenticator,
)
from ibm_platform_services import IamIdentityV1

from checks import check, refused, run, same
from emulator import Process
from other_host import OtherHost

IBM = 'https://iam.cloud.ibm.com/identity'
NO_KEY = 'no-such-value-0123456789-0123456789-0123456'
CLAIMS = ['iss', 'iat', 'exp', 'iam_id', 'account']


def raises(kind, call, *args, **kwargs):
    """Calls what must fail with this kind of exception, and returns that."""
    try:
        answer = call(*args, **kwargs)
    except kind as error:
        return error
    raise AssertionError(f'not refused: {answer!r}')


@contextmanager
def trusting(file):
    """Lets clients that read the variable of `requests` trust an authority."""
    os.environ['REQUESTS_CA_BUNDLE'] = file
    try:
        yield
    finally:
        del os.environ['REQUESTS_CA_BUNDLE']


def tls(emu):
    """What trusts the emulator's authority, and nobody else."""
    return ssl.create_default_context(cafile=emu.authority)


def verified(emu, token, issuer=None):
    """The claims of a token, if its signature, its times and its issuer hold."""
    with urllib.request.urlopen(
        f'{emu.endpoint}/identity/.well-known/openid-configuration', context=tls(emu)
    ) as answer:
        discovered = json.load(answer)
    keys = jwt.PyJWKClient(discovered['jwks_uri'], ssl_context=tls(emu))
    return jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=['RS256'],
        issuer=issuer or discovered['issuer'],
        options={'require': CLAIMS},
    )


def authenticator(emu, apikey=None, **more):
    """IBM's authenticator."""
    return IAMAuthenticator(apikey or emu.bootstrap, url=emu.endpoint, **more)


def login(emu, apikey=None, **more):
    """The token that IBM's authenticator asks for."""
    with trusting(emu.authority):
        return authenticator(emu, apikey, **more).token_manager.get_token()


def tampered(token):
    """The token with another user in it, under the same signature."""
    head, claims, signature = token.split('.')
    claims = json.loads(base64.urlsafe_b64decode(claims + '=' * (-len(claims) % 4)))
    claims['iam_id'] = 'IBMid-0000000000'
    claims = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')
    return '.'.join((head, claims, signature))


@check
def issuer_of_the_endpoint(emu):
    """PyJWT: a token is signed by the key that discovery leads to, in the name of the endpoint"""
    token = login(emu)
    same(verified(emu, token)['iss'], f'{emu.endpoint}/identity')
    raises(jwt.InvalidIssuerError, verified, emu, token, IBM)
    raises(jwt.InvalidSignatureError, verified, emu, tampered(token))
    kid = {'kid': jwt.get_unverified_header(token)['kid']}
    unsigned = jwt.encode(jwt.decode(token, options={'verify_signature': False}), None, 'none', kid)
    raises(jwt.InvalidAlgorithmError, verified, emu, unsigned)


@check
def issuer_of_ibm(emu):
    """PyJWT: with --issuer a token is in that name, and a token of another emulator is refused"""
    with tempfile.TemporaryDirectory() as home:
        with Process(emu.binary, home, '--tls', '--issuer', IBM) as other:
            token = login(other)
            same(verified(other, token, IBM)['iss'], IBM)
            same(verified(other, token)['iss'], IBM)
            raises(jwt.InvalidIssuerError, verified, other, token, f'{other.endpoint}/identity')
            raises(jwt.PyJWTError, verified, emu, token, IBM)


@check
def expired(emu):
    """PyJWT: a token of two hours ago has expired"""
    ago = (datetime.now(timezone.utc) - timedelta(hours=2)).strftime('%Y-%m-%dT%H:%M:%SZ')
    with tempfile.TemporaryDirectory() as home:
        with Process(emu.binary, home, '--tls', IBMCLOUD_IAM_NOW=ago) as other:
            answer = requests.post(
                f'{other.endpoint}/identity/token',
                {'grant_type': 'urn:ibm:params:oauth:grant-type:apikey', 'apikey': other.bootstrap},
                verify=other.authority,
                timeout=20,
            )
            raises(jwt.ExpiredSignatureError, verified, other, answer.json()['access_token'])


@check
def stranger(emu):
    """every client refuses an authority that it was not told to trust"""
    raises(requests.exceptions.SSLError, authenticator(emu).token_manager.get_token)
    keys = jwt.PyJWKClient(f'{emu.endpoint}/identity/keys')
    raises(jwt.PyJWKClientError, keys.get_jwk_set)


@check
def authenticator_alone(emu):
    """ibm-cloud-sdk-core: a token is asked for with the key alone, and with a client and a scope"""
    same(verified(emu, login(emu))['client_id'], 'default')
    manager = authenticator(emu, client_id='bx', client_secret='bx', scope='ibm openid').token_manager
    with trusting(emu.authority):
        claims = verified(emu, manager.get_token())
    same((claims['client_id'], claims['scope']), ('bx', 'ibm openid'))
    assert manager.refresh_token not in (None, 'not_supported'), manager.refresh_token
    same(raises(ApiException, login, emu, NO_KEY).message, 'Provided API key could not be found.')
    same(raises(ApiException, login, emu, client_id='bx', client_secret='no').status_code, 401)


@check
def authenticator_at_work(emu):
    """ibm-cloud-sdk-core: a client that only reads the file of --env-file asks with the token, and not with a tampered one"""
    with tempfile.TemporaryDirectory() as home:
        file = os.path.join(home, 'emulator.env')
        with Process(emu.binary, home, '--tls', '--env-file', file) as other:
            with open(file, encoding='utf-8') as lines:
                said = [line.split(' ', 1)[1] for line in lines if line.startswith('export ')]
            credentials = os.path.join(home, 'iam_identity.env')
            with open(credentials, 'w', encoding='utf-8') as lines:
                lines.writelines(line for line in said if line.startswith('IAM_IDENTITY_'))
            os.environ['IBM_CREDENTIALS_FILE'] = credentials
            try:
                iam = IamIdentityV1.new_instance()
                found = get_authenticator_from_environment('iam_identity')
            finally:
                del os.environ['IBM_CREDENTIALS_FILE']
            with trusting(other.authority):
                same(iam.list_api_keys().get_result()['apikeys'], [])
                token = found.token_manager.get_token()
                for bearer, status in ((token, None), (tampered(token), 401)):
                    client = IamIdentityV1(authenticator=BearerTokenAuthenticator(bearer))
                    client.set_service_url(other.endpoint)
                    if status:
                        same(refused(client.list_api_keys).status_code, status)
                    else:
                        same(client.list_api_keys().get_status_code(), 200)


@contextmanager
def platform():
    """An emulator, and what its environment says of the platform in it."""
    with tempfile.TemporaryDirectory() as home:
        file = os.path.join(home, 'emulator.env')
        with Process(sys.argv[1], home, '--tls', '--env-file', file) as emu:
            with open(file, encoding='utf-8') as lines:
                said = [line.split(' ', 1)[1] for line in lines if line.startswith('export CPD_')]
            yield emu, dict(line.rstrip('\n').split('=', 1) for line in said)


def cp4d(said, **proof):
    """IBM's authenticator for Cloud Pak for Data."""
    return CloudPakForDataAuthenticator(said['CPD_USERNAME'], url=said['CPD_AUTH_URL'], **proof)


def bearer_of(emu, authenticator_):
    """The user that the token of an authenticator is for, as the platform says."""
    with trusting(emu.authority):
        request = {'headers': {}}
        authenticator_.authenticate(request)
        answer = requests.get(
            f'{emu.endpoint}/usermgmt/v1/user/currentUserInfo', timeout=20, **request
        )
    same(answer.status_code, 200)
    return answer.json()['user_name']


@check
def cp4d_with_password(_):
    """ibm-cloud-sdk-core: the authenticator for Cloud Pak for Data logs in with a password, and not with another or unknown authority"""
    with platform() as (emu, said):
        user, password = said['CPD_USERNAME'], said['CPD_PASSWORD']
        same(bearer_of(emu, cp4d(said, password=password)), user)
        with trusting(emu.authority):
            wrong = cp4d(said, password='wrong').token_manager
            same(raises(ApiException, wrong.get_token).status_code, 401)
        raises(requests.exceptions.SSLError, cp4d(said, password=password).token_manager.get_token)
        # Only the variables are needed.
        os.environ.update(said)
        try:
            found = get_authenticator_from_environment('cpd')
        finally:
            for name in said:
                del os.environ[name]
        same(bearer_of(emu, found), user)


def program(emu, said, *arguments):
    """Runs this program at the platform of an emulator, and returns what it prints."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [emu.binary, *arguments, '--ca-file', emu.authority],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            timeout=20,
            env={**said, 'PATH': os.environ.get('PATH', ''), 'IBMCLOUD_IAM_HOME': home},
        )
    return done.stdout.decode()


def made(emu, said):
    """A platform API key that this program had generated."""
    return json.loads(
        program(emu, said, 'platform-api-key-create', '--force', '--output', 'json')
    )['apikey']


@check
def cp4d_with_key(_):
    """ibm-cloud-sdk-core: the authenticator for Cloud Pak for Data logs in with a key of this program until the next one is made"""
    with platform() as (emu, said):
        user, key = said['CPD_USERNAME'], made(emu, said)
        same(bearer_of(emu, cp4d(said, apikey=key)), user)
        other = made(emu, said)
        with trusting(emu.authority):
            old = cp4d(said, apikey=key).token_manager
            same(raises(ApiException, old.get_token).status_code, 401)
        same(bearer_of(emu, cp4d(said, apikey=other)), user)


@check
def zen_api_key(_):
    """requests: what platform-token prints opens the platform, as a bearer token and as a ZenApiKey"""
    with platform() as (emu, said):
        by_key = {**said, 'CPD_APIKEY': made(emu, said)}
        for scheme, flags in (('Bearer', ()), ('ZenApiKey', ('--zen',))):
            token = program(emu, by_key, 'platform-token', *flags).strip()
            answer = requests.get(
                f'{emu.endpoint}/usermgmt/v1/user/currentUserInfo',
                headers={'Authorization': f'{scheme} {token}'},
                verify=emu.authority,
                timeout=20,
            )
            same((answer.status_code, answer.json()['user_name']), (200, said['CPD_USERNAME']))


def cos(emu, apikey=None, manager=DefaultTokenManager, **more):
    """A token manager of IBM's SDK for Object Storage."""
    return manager(
        api_key_id=apikey or emu.bootstrap,
        auth_endpoint=f'{emu.endpoint}/identity/token',
        verify=emu.authority,
        **more,
    )


@check
def default_token_manager(emu):
    """ibm-cos-sdk: the default token manager gets a token, and the next one with the refresh token"""
    manager = cos(emu)
    same(verified(emu, manager.get_token())['client_id'], 'bx')
    same(manager._get_data()['grant_type'], 'refresh_token')  # pylint: disable=protected-access
    same(verified(emu, manager.auth_function()['access_token'])['grant_type'], 'refresh_token')
    error = str(raises(CredentialRetrievalError, cos(emu, NO_KEY).get_token))
    # Its refresher gives up by these words.
    assert 'HttpCode(400)' in error and 'Provided API key could not be found' in error, error
    assert 'ErrorCode: BXNIM0415E' in error, error


@check
def delegated_token_manager(emu):
    """ibm-cos-sdk: the delegated token manager gets a token that another client can log in with, and that is no access token"""
    token = cos(emu, manager=DelegatedTokenManager, receiver_client_ids='receiver').get_token()
    answer = requests.post(
        f'{emu.endpoint}/identity/token',
        {'grant_type': 'refresh_token', 'refresh_token': token},
        auth=('bx', 'bx'),
        verify=emu.authority,
        timeout=20,
    )
    verified(emu, answer.json()['access_token'])
    raises(jwt.PyJWTError, verified, emu, token)
    raises(CredentialRetrievalError, cos(emu, NO_KEY, DelegatedTokenManager).get_token)


@check
def object_storage(emu):
    """ibm-cos-sdk: a client of S3 with ibm_auth_endpoint sends the token to its own host"""
    with OtherHost() as storage:

        def client(apikey):
            return ibm_boto3.client(
                's3',
                ibm_api_key_id=apikey,
                ibm_service_instance_id='crn:v1:bluemix:public:cloud-object-storage:global:a/1:2::',
                ibm_auth_endpoint=f'{emu.endpoint}/identity/token',
                endpoint_url=storage.endpoint,
                verify=emu.authority,
                config=Config(signature_version='oauth', retries={'max_attempts': 0}),
            )

        storage.document = b'<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>'
        same(client(emu.bootstrap).list_buckets().get('Buckets', []), [])
        ((method, path, headers),) = storage.requests
        same((method, path.split('?')[0]), ('GET', '/'))
        scheme, token = headers['authorization'].split(' ')
        same((scheme, verified(emu, token)['client_id']), ('Bearer', 'bx'))
        raises(CredentialRetrievalError, client(NO_KEY).list_buckets)
        same(len(storage.requests), 1)


def main():
    """Starts the emulator and runs the checks."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as home, Process(sys.argv[1], home, '--tls') as emu:
        sys.exit(run(emu))


if __name__ == '__main__':
    main()
