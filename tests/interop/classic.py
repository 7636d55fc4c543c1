"""softlayer-python and `slcli` manage the classic API key of the user at `ibmcloud-iam emulate`.

usage: python classic.py BINARY

Both use the REST transport, with the user `apikey` and an IAM API key, with the user name and the classic API key, and the
library with an access token too.
"""

import os
import re
import subprocess
import sys
import tempfile

import requests
import SoftLayer
from SoftLayer import exceptions
from SoftLayer.transports import RestTransport

from checks import check, run, same
from emulator import Process

USER = '10ca1_local@localhost'
ADDED = r'Successfully added\. New API Authentication Key: ([a-z0-9]{64})\n'
REMOVED = 'Successfully removed API authentication key\n'


def rest(emu):
    """The endpoint of the REST transport."""
    return f'{emu.endpoint}/rest/v3.1'


def client(emu, user='apikey', key=None, auth=None):
    """A client of softlayer-python."""
    transport = RestTransport(endpoint_url=rest(emu))
    if auth:
        return SoftLayer.BaseClient(auth=auth, transport=transport)
    return SoftLayer.Client(username=user, api_key=key or emu.bootstrap, transport=transport)


def refused(call, *args, **kwargs):
    """Calls what must be refused, and returns the status and the text."""
    try:
        answer = call(*args, **kwargs)
    except exceptions.SoftLayerAPIError as error:
        return error.faultCode, error.faultString
    raise AssertionError(f'not refused: {answer!r}')


def slcli(emu, *words, user='apikey', key=None):
    """Runs `slcli`, and returns its exit code and what it prints."""
    with tempfile.TemporaryDirectory() as home:
        config = os.path.join(home, 'softlayer')
        with open(config, 'w', encoding='utf-8') as file:
            lines = ('[softlayer]', f'username = {user}', f'api_key = {key or emu.bootstrap}')
            file.write('\n'.join((*lines, f'endpoint_url = {rest(emu)}', 'timeout = 20', '')))
        program = os.path.join(os.path.dirname(sys.executable), 'slcli')
        done = subprocess.run(
            [program, '-y', '--config', config, '--format', 'raw', *words],
            env={'PATH': os.environ.get('PATH', ''), 'HOME': home},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout.decode()


def added(outcome):
    """The value that `slcli` says behind another text, which is empty or about the old key."""
    code, text = outcome
    found = re.fullmatch(f'({re.escape(REMOVED)})?{ADDED}', text)
    assert code == 0 and found, outcome
    return found[2]


@check
def manager(emu):
    """softlayer-python: the manager of users adds, finds, refuses and removes the key"""
    users = SoftLayer.UserManager(client(emu))
    same(users.get_current_user()['username'], USER)
    (me,) = users.list_users()
    same((me['username'], me['apiAuthenticationKeyCount']), (USER, 0))
    same(users.resolve_ids(USER), [me['id']])
    same(users.get_user(me['id'])['userStatus']['name'], 'Active')
    value = users.add_api_authentication_key(me['id'])
    same(
        refused(users.add_api_authentication_key, me['id']),
        (500, 'Each user can only have a single API key.'),
    )
    same(client(emu, USER, value)['Account'].getCurrentUser()['id'], me['id'])
    (key,) = users.user_service.getApiAuthenticationKeys(id=me['id'])
    same((key['authenticationKey'], key['userId']), (value, me['id']))
    same(client(emu)['User_Customer_ApiAuthentication'].getObject(id=key['id']), key)
    same(users.remove_api_authentication_key(me['id']), True)
    same(refused(client(emu, USER, value)['Account'].getCurrentUser), (401, 'Access Denied. '))
    same(users.user_service.getApiAuthenticationKeys(id=me['id']), [])


@check
def token(emu):
    """softlayer-python: an access token of IAM logs in, and another text does not"""
    answer = requests.post(
        f'{emu.endpoint}/identity/token',
        {'grant_type': 'urn:ibm:params:oauth:grant-type:apikey', 'apikey': emu.bootstrap},
        timeout=20,
    )
    bearer = SoftLayer.auth.BearerAuthentication('', answer.json()['access_token'])
    same(client(emu, auth=bearer)['Account'].getCurrentUser()['username'], USER)
    bearer = SoftLayer.auth.BearerAuthentication('', 'e30.e30.e30')
    same(refused(client(emu, auth=bearer)['Account'].getCurrentUser)[0], 401)


@check
def commands(emu):
    """slcli: `user apikey` adds, refreshes and removes the key, by number and by name, and `user detail` shows it"""
    first = added(slcli(emu, 'user', 'apikey', '1000001', '--add'))
    code, text = slcli(emu, 'user', 'apikey', USER, '--add')
    assert code == 1 and 'Each user can only have a single API key.' in text, text
    second = added(slcli(emu, 'user', 'apikey', USER, '--refresh'))
    assert second != first
    code, text = slcli(emu, 'user', 'detail', USER, '--keys', user=USER, key=second)
    assert code == 0 and second in text and USER in text, text
    code, text = slcli(emu, 'user', 'detail', '1000001')
    assert code == 0 and second not in text and re.search(r'APIKEY\s+Yes', text), text
    same(slcli(emu, 'user', 'apikey', '1000001', '--remove'), (0, REMOVED))
    code, text = slcli(emu, 'user', 'detail', '1000001')
    assert code == 0 and re.search(r'APIKEY\s+No', text), text
    code, text = slcli(emu, 'user', 'apikey', '7', '--add')
    assert code == 1 and "Unable to find object with id of '7'." in text, text


@check
def refreshed(emu):
    """slcli: the new key of `--refresh` works at once, and the old one does not"""
    old = added(slcli(emu, 'user', 'apikey', '1000001', '--add'))
    new = added(slcli(emu, 'user', 'apikey', '1000001', '--refresh'))
    same(slcli(emu, 'user', 'detail', USER, user=USER, key=new)[0], 0)
    code, text = slcli(emu, 'user', 'detail', USER, user=USER, key=old)
    assert code != 0 and 'Access Denied.' in text, text


def main():
    """Starts the emulator and runs the checks."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as home, Process(sys.argv[1], home) as emu:
        sys.exit(run(emu))


if __name__ == '__main__':
    main()
