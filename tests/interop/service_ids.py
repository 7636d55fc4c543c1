"""Checks of service IDs, their keys and their groups, which sdk_against_emulator.py runs.

They make the requests of the service-ID and service-ID-group parts of the integration suites of IBM's SDKs.
"""

from ibm_cloud_sdk_core import get_query_param

from checks import check, refused, same, sdk

LATER = '2049-01-02T18:30:00+0000'
NO_ID = '00000000-0000-4000-8000-000000000000'


def make(emu, name, **more):
    """Makes a service ID."""
    answer = emu.iam.create_service_id(emu.account, name, **more)
    same(answer.get_status_code(), 201)
    return answer.get_result()


def read(emu, made, **more):
    """Reads a service ID again: its document and its entity tag."""
    answer = emu.iam.get_service_id(made['id'], **more)
    same(answer.get_headers()['Etag'], answer.get_result()['entity_tag'])
    return answer.get_result()


def gone(call, *args):
    """Asserts that something is not there."""
    error = refused(call, *args)
    same((error.status_code, error.http_response.json()['errors'][0]['code']), (404, 'not_found'))


@check
def service_id_lives(emu):
    """a service ID is made with a key, shown, listed, filtered, changed, locked, unlocked and deleted"""
    name = 'SDK 🚀 service ID'
    inline = {'name': 'its key', 'store_value': True, 'expires_at': LATER}
    made = make(emu, name, description='first', apikey=inline)
    same(made['iam_id'], 'iam-' + made['id'])
    same((made['apikey']['name'], made['apikey']['iam_id']), ('its key', made['iam_id']))
    same(len(made['apikey']['apikey']), 44)
    shown = read(emu, made, include_history=True, include_activity=True)
    same((shown['name'], shown['description'], 'apikey' in shown), (name, 'first', False))
    assert shown['history'], shown
    for query in ({}, {'filter': 'name co "SDK"'}, {'sort': 'created_at', 'order': 'desc'}):
        page = emu.iam.list_service_ids(account_id=emu.account, name=name, pagesize=100, **query)
        page = page.get_result()
        same(([one['id'] for one in page['serviceids']], page.get('next')), ([made['id']], None))
    updated = emu.iam.update_service_id(made['id'], if_match=shown['entity_tag'], description='second')
    same((updated.get_status_code(), updated.get_result()['description']), (200, 'second'))
    stale = refused(emu.iam.update_service_id, made['id'], if_match=shown['entity_tag'], name='x')
    same(stale.status_code, 409)
    for call, locked in ((emu.iam.lock_service_id, True), (emu.iam.unlock_service_id, False)):
        same(call(made['id']).get_status_code(), 204)
        same(read(emu, made)['locked'], locked)
    same(emu.iam.delete_service_id(made['id']).get_status_code(), 204)
    gone(emu.iam.get_service_id, made['id'])
    gone(emu.iam.get_api_key, made['apikey']['id'])


@check
def service_id_pages(emu):
    """service IDs are listed page by page, each once"""
    made = [make(emu, f'page {n}')['id'] for n in range(5)]
    found, token = [], None
    while True:
        page = emu.iam.list_service_ids(
            account_id=emu.account, pagesize=2, pagetoken=token, filter='name sw "page "'
        ).get_result()
        found += [one['id'] for one in page['serviceids']]
        token = get_query_param(page.get('next'), 'pagetoken')
        if token is None:
            break
    same(found, made)
    for one in made:
        emu.iam.delete_service_id(one)


@check
def service_id_bad(emu):
    """a service ID of another account is refused with 400, an unknown one with 404"""
    same(refused(emu.iam.create_service_id, 'no such account', 'n').status_code, 400)
    same(refused(emu.iam.list_service_ids).status_code, 400)
    for call in (emu.iam.get_service_id, emu.iam.delete_service_id, emu.iam.lock_service_id):
        gone(call, f'ServiceId-{NO_ID}')
    gone(emu.iam.update_service_id, f'ServiceId-{NO_ID}', '*')


@check
def service_id_keys(emu):
    """the key of a service ID is made, listed by owner and by kind, and logs in as the service ID"""
    made = make(emu, 'owner')
    answer = emu.iam.create_api_key('k', made['iam_id'], store_value=False)
    same(answer.get_status_code(), 201)
    key = answer.get_result()
    same((key['iam_id'], key['account_id']), (made['iam_id'], emu.account))
    for query in ({'iam_id': made['iam_id']}, {'scope': 'account', 'type': 'serviceid'}):
        page = emu.iam.list_api_keys(account_id=emu.account, **query).get_result()
        same([one['id'] for one in page['apikeys']], [key['id']])
    same(emu.login(key['apikey'])['iam_id'], made['iam_id'])
    itself = sdk(emu.endpoint, key['apikey'])
    same([one['id'] for one in itself.list_api_keys().get_result()['apikeys']], [key['id']])
    same(refused(itself.list_service_ids, account_id=emu.account).status_code, 403)
    emu.iam.delete_service_id(made['id'])
    same(refused(itself.list_api_keys).status_code, 401)


@check
def group_lives(emu):
    """a group of service IDs is made, shown, listed, changed, used and deleted"""
    answer = emu.iam.create_service_id_group(account_id=emu.account, name='team 🚀', description='d')
    same(answer.get_status_code(), 201)
    group = answer.get_result()
    answer = emu.iam.get_service_id_group(group['id'])
    same((answer.get_status_code(), answer.get_result()), (200, group))
    tag = answer.get_headers()['Etag']
    listed = emu.iam.list_service_id_group(account_id=emu.account).get_result()['serviceid_groups']
    same([one['name'] for one in listed], ['default', 'team 🚀'])
    updated = emu.iam.update_service_id_group(group['id'], tag, name='team 🚀', description='e')
    same((updated.get_status_code(), updated.get_result()['description']), (200, 'e'))
    made = make(emu, 'member', group_id=group['id'], show_group_id=True)
    same(made['group_id'], group['id'])
    inside = emu.iam.list_service_ids(account_id=emu.account, group_id=group['id'], show_group_id=True)
    inside = inside.get_result()['serviceids']
    same([(one['id'], one['group_id']) for one in inside], [(made['id'], group['id'])])
    same('group_id' in read(emu, made), False)
    same(read(emu, made, show_group_id=True)['group_id'], group['id'])
    limits = emu.iam.get_account_limits(
        emu.account, serviceid_groups=True, serviceids_per_group=group['id']
    ).get_result()
    same(limits['serviceid_groups']['count'], 2)
    same(limits['serviceids_per_group']['serviceid_groups'], [{'group_id': group['id'], 'count': 1}])
    same(refused(emu.iam.delete_service_id_group, group['id']).status_code, 409)
    emu.iam.delete_service_id(made['id'])
    same(emu.iam.delete_service_id_group(group['id']).get_status_code(), 204)
    gone(emu.iam.get_service_id_group, group['id'])
    again = refused(emu.iam.create_service_id_group, account_id=emu.account, name='default')
    same(again.status_code, 409)
