"""The operations on service IDs, their keys and their groups, on the command line and in the SDK."""

from operations import KEY, OTHERS, Operation
from recorder import ACCOUNT, EXPIRES, GROUP, ID, PAGE_TOKEN, SERVICE, TAG

PAGE = {'account_id': ACCOUNT, 'pagesize': 100}
ITS_KEYS = {**PAGE, 'iam_id': f'iam-{SERVICE}'}
ALL_KEYS = {**PAGE, 'scope': 'account', 'type': 'serviceid'}

# What this program reads besides: the names, locks and tags of what is named, and the keys that would go.
THE_SERVICE = ('GET', f'/v1/serviceids/{SERVICE}')
GROUPS = ('GET', '/v1/serviceid_groups')
# One service ID, which tells which of the groups is the default group.
DEFAULT_GROUP = ('GET', '/v1/serviceids/')
SECOND_KEY = ('GET', f'/v1/apikeys/{ID[:-1]}2')
BOTH = (THE_SERVICE, KEY)

ITS_KEY = {'apikeys': {'iam_id': f'iam-{SERVICE}'}}


def its_key(**more):
    """How the key of a service ID differs from the usual key."""
    return {'apikeys': {**ITS_KEY['apikeys'], **more}}


OPERATIONS = [
    Operation(
        ['service-ids', '--output', 'json'],
        lambda iam: [
            iam.list_service_id_group(account_id=ACCOUNT),
            iam.list_service_ids(**PAGE),
            iam.list_service_ids(**PAGE, pagetoken=PAGE_TOKEN),
            iam.list_service_ids(**PAGE, group_id=GROUP),
            iam.list_service_ids(**PAGE, group_id=GROUP, pagetoken=PAGE_TOKEN),
        ],
        reads=(DEFAULT_GROUP,),
    ),
    Operation(
        ['service-ids', '--group', GROUP, '--output', 'json'],
        lambda iam: [
            iam.list_service_ids(**PAGE, group_id=GROUP),
            iam.list_service_ids(**PAGE, group_id=GROUP, pagetoken=PAGE_TOKEN),
        ],
    ),
    Operation(['service-id', SERVICE], lambda iam: iam.get_service_id(SERVICE)),
    Operation(
        ['service-id', SERVICE, '--history', '--activity'],
        lambda iam: iam.get_service_id(SERVICE, include_history=True, include_activity=True),
        reads=(THE_SERVICE,),
    ),
    Operation(
        ['service-id-create', 'A name é 🚀', '-d', 'd "q"'],
        lambda iam: iam.create_service_id(ACCOUNT, 'A name é 🚀', description='d "q"'),
    ),
    Operation(
        ['service-id-create', 'n', '--lock', '--group', GROUP],
        lambda iam: iam.create_service_id(ACCOUNT, 'n', group_id=GROUP, entity_lock='true'),
    ),
    Operation(
        ['service-id-update', SERVICE, '-n', 'new é', '-d', ''],
        lambda iam: iam.update_service_id(SERVICE, TAG, name='new é', description=''),
        reads=(THE_SERVICE,),
    ),
    Operation(
        ['service-id-delete', SERVICE, '--force'],
        lambda iam: iam.delete_service_id(SERVICE),
        reads=(THE_SERVICE, OTHERS, KEY, SECOND_KEY),
        answer=ITS_KEY,
    ),
    Operation(
        ['service-id-lock', SERVICE, '--force'],
        lambda iam: iam.lock_service_id(SERVICE),
        reads=(THE_SERVICE,),
    ),
    Operation(
        ['service-id-unlock', SERVICE, '--force'],
        lambda iam: iam.unlock_service_id(SERVICE),
        reads=(THE_SERVICE,),
        answer={'serviceids': {'locked': True}},
    ),
    Operation(
        ['service-id-groups', '--output', 'json'],
        lambda iam: iam.list_service_id_group(account_id=ACCOUNT),
    ),
    Operation(
        ['service-id-group-create', 'team é', '-d', 'd'],
        lambda iam: iam.create_service_id_group(ACCOUNT, 'team é', description='d'),
    ),
    Operation(
        ['service-id-group-update', GROUP, '-d', 'new'],
        lambda iam: iam.update_service_id_group(GROUP, TAG, 'group 1', description='new'),
        reads=(GROUPS,),
    ),
    Operation(
        ['service-id-group-delete', GROUP, '--force'],
        lambda iam: iam.delete_service_id_group(GROUP),
        reads=(GROUPS,),
    ),
    Operation(
        ['service-api-keys', SERVICE, '--output', 'json'],
        lambda iam: [
            iam.list_api_keys(**ITS_KEYS),
            iam.list_api_keys(**ITS_KEYS, pagetoken=PAGE_TOKEN),
        ],
        reads=(THE_SERVICE,),
        answer=ITS_KEY,
    ),
    Operation(
        ['service-api-keys', '--all', '--output', 'json'],
        lambda iam: [
            iam.list_service_id_group(account_id=ACCOUNT),
            iam.list_api_keys(**ALL_KEYS),
            iam.list_api_keys(**ALL_KEYS, pagetoken=PAGE_TOKEN),
            iam.list_api_keys(**ALL_KEYS, group_id=GROUP),
            iam.list_api_keys(**ALL_KEYS, group_id=GROUP, pagetoken=PAGE_TOKEN),
        ],
        reads=(DEFAULT_GROUP,),
        answer=ITS_KEY,
    ),
    Operation(
        ['service-api-key', ID, SERVICE],
        lambda iam: iam.get_api_key(ID),
        reads=(THE_SERVICE,),
        answer=ITS_KEY,
    ),
    Operation(
        ['service-api-key-create', 'n', SERVICE, '-d', 'd', '-e', EXPIRES, '--lock', '--disabled'],
        lambda iam: iam.create_api_key(
            'n',
            f'iam-{SERVICE}',
            account_id=ACCOUNT,
            description='d',
            expires_at=EXPIRES,
            entity_lock='true',
            entity_disable='true',
        ),
        reads=(THE_SERVICE, OTHERS),
        answer=ITS_KEY,
    ),
    Operation(
        ['service-api-key-update', ID, SERVICE, '-n', 'x', '--action-if-leaked', 'NONE'],
        lambda iam: iam.update_api_key(ID, TAG, name='x', action_when_leaked='none'),
        reads=BOTH,
        answer=ITS_KEY,
    ),
    Operation(
        ['service-api-key-delete', ID, SERVICE, '--force'],
        lambda iam: iam.delete_api_key(ID),
        reads=BOTH,
        answer=ITS_KEY,
    ),
    Operation(
        ['service-api-key-lock', ID, SERVICE, '--force'],
        lambda iam: iam.lock_api_key(ID),
        reads=BOTH,
        answer=ITS_KEY,
    ),
    Operation(
        ['service-api-key-unlock', ID, SERVICE, '--force'],
        lambda iam: iam.unlock_api_key(ID),
        reads=BOTH,
        answer=its_key(locked=True),
    ),
    Operation(
        ['service-api-key-disable', ID, SERVICE, '--force'],
        lambda iam: iam.disable_api_key(ID),
        reads=BOTH,
        answer=ITS_KEY,
    ),
    Operation(
        ['service-api-key-enable', ID, SERVICE, '--force'],
        lambda iam: iam.enable_api_key(ID),
        reads=(*BOTH, OTHERS),
        answer=its_key(disabled=True),
    ),
]
