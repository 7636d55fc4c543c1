"""The operations on keys, on the command line and in the SDK."""

from typing import Callable, NamedTuple

from recorder import ACCOUNT, EXPIRES, IAM_ID, ID, PAGE_TOKEN, TAG

LOOKED_UP = 'the-key-that-is-looked-up-0123456789-abcdef_'
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
    answer: dict = {}
    """How what the service answers differs from the usual, by kind."""
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
        answer={'apikeys': {'expires_at': EXPIRES}},
    ),
    Operation(['api-key-delete', ID, '--force'], lambda iam: iam.delete_api_key(ID), reads=(KEY,)),
    Operation(['api-key-lock', ID, '--force'], lambda iam: iam.lock_api_key(ID), reads=(KEY,)),
    Operation(
        ['api-key-unlock', ID, '--force'],
        lambda iam: iam.unlock_api_key(ID),
        reads=(KEY,),
        answer={'apikeys': {'locked': True}},
    ),
    Operation(
        ['api-key-disable', ID, '--force'], lambda iam: iam.disable_api_key(ID), reads=(KEY,)
    ),
    Operation(
        ['api-key-enable', ID, '--force'],
        lambda iam: iam.enable_api_key(ID),
        reads=(KEY, OTHERS),
        answer={'apikeys': {'disabled': True}},
    ),
]
