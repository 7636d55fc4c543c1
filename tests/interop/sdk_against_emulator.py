"""Drives the operations of IBM's Python SDK on keys, service IDs and groups against `ibmcloud-iam emulate`.

usage: python sdk_against_emulator.py BINARY
"""

import json
import os
import sys
import tempfile
from datetime import datetime, timedelta, timezone

import jwt
from ibm_cloud_sdk_core import get_query_param
from ibm_cloud_sdk_core.authenticators import BearerTokenAuthenticator, NoAuthAuthenticator
from ibm_platform_services import IamIdentityV1

import service_ids  # noqa: F401  pylint: disable=unused-import
from checks import check, refused, run, same, sdk
from emulator import Process

SEEDED = 250
LIMIT = 300


class Emulator(Process):
    """A running emulator, and the SDK logged in to it with the bootstrap key."""

    def __init__(self, binary, home):
        super().__init__(binary, home, '--seed-keys', str(SEEDED), IBMCLOUD_IAM_KEY_LIMIT=str(LIMIT))
        self.iam = sdk(self.endpoint, self.bootstrap)
        claims = self.login(self.bootstrap)
        self.iam_id = claims['iam_id']
        self.account = claims['account']['bss']

    def login(self, value):
        """Exchanges a value for a token as the SDK does, and returns what the token claims."""
        token = sdk(self.endpoint, value).authenticator.token_manager.get_token()
        return jwt.decode(token, options={'verify_signature': False})

    def create(self, name, **more):
        """Makes a key."""
        answer = self.iam.create_api_key(name, self.iam_id, account_id=self.account, **more)
        same(answer.get_status_code(), 201)
        return answer.get_result()

    def get(self, key, **more):
        """Reads a key again."""
        return self.iam.get_api_key(key['id'], **more).get_result()

    def pages(self, **query):
        """Every page of a list, followed as IBM's own examples follow them."""
        query = {'account_id': self.account, 'iam_id': self.iam_id, **query}
        token = None
        while True:
            page = self.iam.list_api_keys(pagetoken=token, **query).get_result()
            yield page
            token = get_query_param(page.get('next'), 'pagetoken')
            if token is None:
                return

    def names(self, **query):
        """The names on every page."""
        return [key['name'] for page in self.pages(**query) for key in page['apikeys']]


def body(error):
    """The service's own words behind an exception: status, code, message code."""
    document = error.http_response.json()
    same(document['status_code'], error.status_code)
    same(document['trace'], error.http_response.headers['Transaction-Id'])
    # The SDK looks for another header than the one this service is known to send.
    assert error.global_transaction_id in (None, document['trace']), error.global_transaction_id
    same(error.message, document['errors'][0]['message'])
    return document['errors'][0]


def in_an_hour():
    """A time of the service's format."""
    return (datetime.now(timezone.utc) + timedelta(hours=1)).strftime('%Y-%m-%dT%H:%M+0000')


@check
def token(emu):
    """the token of a login names user, account and a life of an hour at most"""
    claims = emu.login(emu.bootstrap)
    same(claims['iam_id'], emu.iam_id)
    same(len(claims['account']['bss']), 32)
    assert 0 < claims['exp'] - claims['iat'] <= 3600, claims


@check
def create_plain(emu):
    """a key is created with a value of 44 characters and all fields of the model"""
    key = emu.create('plain')
    assert key['id'].startswith('ApiKey-'), key
    assert key['entity_tag'].startswith('1-'), key
    assert key['crn'].endswith(f'a/{emu.account}::apikey:{key["id"]}'), key
    same((key['name'], key['locked'], key['disabled']), ('plain', False, False))
    same(
        (key['iam_id'], key['account_id'], key['created_by']),
        (emu.iam_id, emu.account, emu.iam_id),
    )
    same((key['support_sessions'], key['action_when_leaked']), (False, 'disable'))
    same(len(key['apikey']), 44)
    for field in ('created_at', 'modified_at'):
        datetime.strptime(key[field], '%Y-%m-%dT%H:%M%z')


@check
def create_full(emu):
    """everything that can be said about a new key is kept"""
    value = 'pass-through-value-0123456789-abcdefghijklmn'
    expires = in_an_hour()
    said = {
        'description': 'd é "q" 🔑',
        'support_sessions': True,
        'action_when_leaked': 'delete',
        'expires_at': expires,
    }
    key = emu.create(
        'full / key: "é" 🔑', apikey=value, entity_lock='true', entity_disable='true', **said
    )
    same(key['apikey'], value)
    read = emu.get(key)
    same({field: read[field] for field in said}, said)
    same((read['name'], read['locked'], read['disabled']), ('full / key: "é" 🔑', True, True))
    assert not read.get('apikey'), read


@check
def create_unlocked(emu):
    """'false' in Entity-Lock and Entity-Disable is no"""
    key = emu.create('neither', entity_lock='false', entity_disable='false')
    same((key['locked'], key['disabled']), (False, False))


@check
def value_twice(emu):
    """one value cannot be given to two keys"""
    value = 'v' * 44
    emu.create('first of a value', apikey=value)
    error = refused(emu.create, 'second of a value', apikey=value)
    assert error.status_code in (400, 409), error
    body(error)


@check
def value_short(emu):
    """a chosen value of fewer than 32 characters is refused"""
    error = refused(emu.create, 'short', apikey='x' * 31)
    same(error.status_code, 400)
    body(error)


@check
def two_of_one_name(emu):
    """two keys may have one name, and both are listed"""
    ids = {emu.create('twin')['id'] for _ in range(2)}
    pages = emu.pages(pagesize=100, filter='name co "twin"')
    same({key['id'] for page in pages for key in page['apikeys']}, ids)


@check
def paging(emu):
    """seeded keys come in pages, each once, with 'next' on every page but the last"""
    for size in (100, 37):
        pages = list(emu.pages(pagesize=size))
        sizes = [len(page['apikeys']) for page in pages]
        assert all(found == size for found in sizes[:-1]) and 0 < sizes[-1] <= size, sizes
        same([page['limit'] for page in pages], [size] * len(pages))
        same([page['offset'] for page in pages], [size * n for n in range(len(pages))])
        ids = [key['id'] for page in pages for key in page['apikeys']]
        same(len(ids), len(set(ids)))
        assert len(ids) >= SEEDED, len(ids)
        assert all(page['first'].startswith(emu.endpoint) for page in pages), pages[0]['first']
        assert not any(
            'apikey' in key and key['apikey'] for page in pages for key in page['apikeys']
        )


@check
def paging_default(emu):
    """a page has 20 keys unless told otherwise"""
    page = next(emu.pages())
    same((page['limit'], len(page['apikeys'])), (20, 20))


@check
def filters(emu):
    """filters know co, sw, ew, their _ci forms, and, or, brackets"""
    made = [('Filter Alpha', 'one'), ('Filter Beta', 'two'), ('filter gamma', 'one')]
    for name, description in made:
        emu.create(name, description=description)
    alpha, beta, gamma = (name for name, _ in made)
    for expression, wanted in (
        ('name co "ilter "', [alpha, beta, gamma]),
        ('name sw "Filter"', [alpha, beta]),
        ('name sw_ci "FILTER"', [alpha, beta, gamma]),
        ('name ew "ta"', [beta]),
        ('name ew_ci "GAMMA"', [gamma]),
        ('name co_ci "FILTER a"', [alpha]),
        ('name co "ilter " and description sw "on"', [alpha, gamma]),
        ('name ew "Alpha" or (name sw "Filter" and description co "two")', [alpha, beta]),
        ('name co "no such name"', []),
    ):
        same((expression, sorted(emu.names(filter=expression))), (expression, sorted(wanted)))
    # Filters hold across pages.
    same(sorted(emu.names(filter='name co "ilter "', pagesize=1)), sorted([alpha, beta, gamma]))


@check
def filter_bad(emu):
    """a filter that cannot be read is refused"""
    error = refused(
        emu.iam.list_api_keys, account_id=emu.account, iam_id=emu.iam_id, filter='name ~ 1'
    )
    same(error.status_code, 400)
    body(error)


@check
def sorting(emu):
    """lists are sorted by each field, in either order, across pages"""
    for field in ('name', 'description', 'created_at', 'created_by'):
        for order in ('asc', 'desc'):
            pages = emu.pages(sort=field, order=order, pagesize=100)
            values = [key.get(field) or '' for page in pages for key in page['apikeys']]
            same((field, order, values), (field, order, sorted(values, reverse=order == 'desc')))


@check
def list_history(emu):
    """a list has the history of each key when it is asked for"""
    emu.create('historic')
    query = {'filter': 'name co "historic"'}
    [key] = next(emu.pages(include_history=True, **query))['apikeys']
    assert key['history'], key
    [key] = next(emu.pages(**query))['apikeys']
    assert not key.get('history'), key


@check
def list_scope_account(emu):
    """an account's keys are listed without an IAM ID"""
    found = emu.iam.list_api_keys(account_id=emu.account, scope='account', type='user', pagesize=1)
    same(len(found.get_result()['apikeys']), 1)


@check
def list_other_user(emu):
    """another user's keys are not listed"""
    error = refused(emu.iam.list_api_keys, account_id=emu.account, iam_id='IBMid-0000000000')
    same(error.status_code, 400)
    body(error)


@check
def list_bad(emu):
    """page sizes, page tokens, sort fields and orders that do not exist are refused"""
    for bad in (
        {'pagesize': 0},
        {'pagesize': 101},
        {'pagetoken': 'x'},
        {'sort': 'size'},
        {'order': 'up'},
    ):
        error = refused(emu.iam.list_api_keys, account_id=emu.account, iam_id=emu.iam_id, **bad)
        same((bad, error.status_code), (bad, 400))
        body(error)


@check
def get_one(emu):
    """a key is read with its tag as ETag, without value, history or activity"""
    made = emu.create('read', description='d')
    answer = emu.iam.get_api_key(made['id'])
    key = answer.get_result()
    same(answer.get_headers()['ETag'].strip('"'), key['entity_tag'])
    same({**made, 'apikey': ''}, {**key, 'apikey': ''})
    assert not key.get('apikey') and not key.get('history') and not key.get('activity'), key


@check
def get_history_and_activity(emu):
    """history and activity are told when they are asked for"""
    key = emu.create('watched')
    quiet = emu.get(key, include_history=True, include_activity=True)
    same(quiet['activity']['authn_count'], 0)
    assert not quiet['activity'].get('last_authn'), quiet
    record = quiet['history'][0]
    same((record['iam_id'], record['iam_id_account']), (emu.iam_id, emu.account))
    assert record['timestamp'] and record['action'] and isinstance(record['params'], list), record
    assert isinstance(record['message'], str), record

    emu.login(key['apikey'])
    emu.iam.update_api_key(key['id'], '*', description='changed')
    seen = emu.get(key, include_history=True, include_activity=True)
    same(seen['activity']['authn_count'], 1)
    assert seen['activity']['last_authn'], seen
    assert len(seen['history']) == len(quiet['history']) + 1, seen['history']


@check
def details(emu):
    """a key is found by its value"""
    key = emu.create('by value')
    found = emu.iam.get_api_keys_details(iam_api_key=key['apikey']).get_result()
    same((found['id'], found['entity_tag']), (key['id'], key['entity_tag']))
    assert not found.get('apikey') and not found.get('history'), found
    found = emu.iam.get_api_keys_details(
        iam_api_key=key['apikey'], include_history=True
    ).get_result()
    assert found['history'], found
    error = refused(emu.iam.get_api_keys_details, iam_api_key='0' * 44)
    same(error.status_code, 404)
    body(error)


@check
def update(emu):
    """an update with the tag changes what it names, and counts the tag up"""
    key = emu.create('before', description='kept')
    answer = emu.iam.update_api_key(key['id'], key['entity_tag'], name='after')
    same(answer.get_status_code(), 200)
    updated = answer.get_result()
    same((updated['name'], updated['description']), ('after', 'kept'))
    assert updated['entity_tag'].startswith('2-'), updated
    expires = in_an_hour()
    more = {'support_sessions': True, 'action_when_leaked': 'none', 'expires_at': expires}
    updated = emu.iam.update_api_key(key['id'], updated['entity_tag'], **more).get_result()
    same({field: updated[field] for field in more}, more)
    cleared = emu.iam.update_api_key(key['id'], '*', description='', expires_at='').get_result()
    assert not cleared.get('description') and not cleared.get('expires_at'), cleared
    same(cleared['name'], 'after')


@check
def update_stale(emu):
    """an update with a tag that is no longer true is refused, '*' is not"""
    key = emu.create('raced')
    emu.iam.update_api_key(key['id'], key['entity_tag'], name='raced 1')
    error = refused(emu.iam.update_api_key, key['id'], key['entity_tag'], name='raced 2')
    assert error.status_code in (409, 412), error
    body(error)
    same(emu.get(key)['name'], 'raced 1')
    same(emu.iam.update_api_key(key['id'], '*', name='raced 3').get_result()['name'], 'raced 3')


@check
def update_bad(emu):
    """an update to an empty name, an unknown leak action or a bad time is refused"""
    key = emu.create('well formed')
    for bad in ({'name': ''}, {'action_when_leaked': 'explode'}, {'expires_at': 'tomorrow'}):
        error = refused(emu.iam.update_api_key, key['id'], '*', **bad)
        same((bad, error.status_code), (bad, 400))
        body(error)
    same(emu.get(key)['entity_tag'], key['entity_tag'])


def twice(act):
    """Does what may already be done; the service's documents leave 204 and 409 open."""
    same(act().get_status_code(), 204)
    try:
        same(act().get_status_code(), 204)
    except Exception as error:  # pylint: disable=broad-except
        same(getattr(error, 'status_code', error), 409)
        body(error)


@check
def lock(emu):
    """a locked key is neither updated nor deleted; locking and unlocking may be repeated"""
    key = emu.create('safe')
    twice(lambda: emu.iam.lock_api_key(key['id']))
    same(emu.get(key)['locked'], True)
    for act in (
        lambda: emu.iam.update_api_key(key['id'], '*', name='unsafe'),
        lambda: emu.iam.delete_api_key(key['id']),
    ):
        error = refused(act)
        same(error.status_code, 409)
        body(error)
    same(emu.get(key)['name'], 'safe')
    twice(lambda: emu.iam.unlock_api_key(key['id']))
    same(emu.get(key)['locked'], False)
    same(emu.iam.delete_api_key(key['id']).get_status_code(), 204)


@check
def disable(emu):
    """a disabled key is refused with BXNIM0420E until it is enabled; both may be repeated"""
    key = emu.create('on and off')
    same(emu.login(key['apikey'])['iam_id'], emu.iam_id)
    twice(lambda: emu.iam.disable_api_key(key['id']))
    same(emu.get(key)['disabled'], True)
    error = refused(emu.login, key['apikey'])
    same((error.status_code, error.message), (400, 'Provided API key is disabled.'))
    same(error.http_response.json()['errorCode'], 'BXNIM0420E')
    twice(lambda: emu.iam.enable_api_key(key['id']))
    same(emu.get(key)['disabled'], False)
    same(emu.login(key['apikey'])['iam_id'], emu.iam_id)


@check
def delete(emu):
    """a deleted key is gone from reads, lists, look-ups and logins (BXNIM0415E)"""
    key = emu.create('doomed')
    same(emu.iam.delete_api_key(key['id']).get_status_code(), 204)
    error = refused(emu.login, key['apikey'])
    assert error.message.startswith('Provided API key could not be found'), error.message
    same((error.status_code, error.http_response.json()['errorCode']), (400, 'BXNIM0415E'))
    same(refused(emu.iam.get_api_keys_details, iam_api_key=key['apikey']).status_code, 404)
    same(emu.names(filter='name co "doomed"'), [])


@check
def not_found(emu):
    """every operation on a key that does not exist is 404 BXNIM0102E"""
    iam, missing = emu.iam, 'ApiKey-00000000-0000-4000-8000-000000000000'
    for call in (
        lambda: iam.get_api_key(missing),
        lambda: iam.update_api_key(missing, '*', name='x'),
        lambda: iam.delete_api_key(missing),
        lambda: iam.lock_api_key(missing),
        lambda: iam.unlock_api_key(missing),
        lambda: iam.disable_api_key(missing),
        lambda: iam.enable_api_key(missing),
    ):
        error = refused(call)
        same(error.status_code, 404)
        found = body(error)
        same((found['code'], found['message_code']), ('not_found', 'BXNIM0102E'))
        same(error.message, 'Unable to find object')


@check
def create_bad(emu):
    """a key without a name, or for another user, is refused"""
    for name, iam_id in (('', emu.iam_id), ('x', 'IBMid-0000000000')):
        error = refused(emu.iam.create_api_key, name, iam_id, account_id=emu.account)
        same((name, error.status_code), (name, 400))
        body(error)


@check
def unauthorized(emu):
    """a request without a token, or with a bad one, is 401"""
    for authenticator, code in (
        (NoAuthAuthenticator(), 'BXNIM0308E'),
        (BearerTokenAuthenticator('not.a.token'), None),
    ):
        iam = IamIdentityV1(authenticator=authenticator)
        iam.set_service_url(emu.endpoint)
        error = refused(iam.list_api_keys, account_id=emu.account, iam_id=emu.iam_id)
        same(error.status_code, 401)
        found = body(error)
        assert code in (None, found['message_code']), found


@check
def own_key(emu):
    """the key that logs in reads as unlocked"""
    key = emu.iam.get_api_keys_details(iam_api_key=emu.bootstrap).get_result()
    same((key['iam_id'], key['created_by'], key['locked']), (emu.iam_id, emu.iam_id, False))


@check
def nothing_of(emu):
    """profiles and templates, which IBM's tests ask for first, are listed as empty"""
    for call, name in (
        (emu.iam.list_profiles, 'profiles'),
        (emu.iam.list_profile_templates, 'profile_templates'),
        (emu.iam.list_account_settings_templates, 'account_settings_templates'),
    ):
        same(call(account_id=emu.account).get_result()[name], [])
        same(refused(call, account_id='0' * 32).status_code, 403)


@check
def settings(emu):
    """the settings of the account are read, changed at the version that was read, and effective"""
    answer = emu.iam.get_account_settings(account_id=emu.account, include_history=True)
    tag = answer.get_headers()['Etag']
    same((answer.get_result()['entity_tag'], answer.get_result()['history']), (tag, []))
    wanted = {'mfa': 'TOTP', 'session_expiration_in_seconds': '86400', 'max_sessions_per_identity': '10'}
    change = {'account_id': emu.account, 'if_match': tag, **wanted}
    found = emu.iam.update_account_settings(**change).get_result()
    same({name: found[name] for name in wanted}, wanted)
    same(len(found['history']), 1)
    same(refused(emu.iam.update_account_settings, **change).status_code, 409)
    effective = emu.iam.get_effective_account_settings(account_id=emu.account).get_result()
    same((effective['effective']['mfa'], effective['account']['mfa']), ('TOTP', 'TOTP'))


@check
def limits(emu):
    """how many keys an identity has and may have is told to a query and to a document"""
    one = emu.iam.get_account_limits(account_id=emu.account, apikeys_per_identity=emu.iam_id)
    many = emu.iam.bulk_list_account_entity_consumption(
        account_id=emu.account, apikeys_per_identity=[emu.iam_id], profiles=True
    )
    same(one.get_result(), many.get_result())
    same(one.get_result()['apikeys_per_identity']['limit'], LIMIT)


@check
def limit(emu):
    """the key behind the limit is refused with 422 BXNIM0151E, and one less makes room"""
    made = []
    for _ in range(LIMIT + 1 - len(emu.names(pagesize=100))):
        try:
            made.append(emu.create('many'))
        except Exception as error:  # pylint: disable=broad-except
            same(getattr(error, 'status_code', error), 422)
            same(body(error)['message_code'], 'BXNIM0151E')
            break
    else:
        raise AssertionError(f'{len(made)} keys made, and no limit met')
    same(len(emu.names(pagesize=100)), LIMIT)
    emu.iam.delete_api_key(made[0]['id'])
    emu.create('again')


def main():
    """Starts the emulator and runs the checks."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as home, Emulator(sys.argv[1], home) as emu:
        sys.exit(run(emu))


if __name__ == '__main__':
    main()
