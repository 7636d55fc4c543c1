#!/usr/bin/env python3
"""Many keys over a network with 80 ms for each request: this program beside IBM's Python SDK, one request after the other.

Usage: /tmp/sdk/bin/python benches/far.py target/release/ibmcloud-iam

The service is `emulate --fault any:delay=80ms`, for both. The SDK looks each name up in a listing and then acts on it, as
scripts do. A row gives seconds, the ratio, and the bars; all is measured in one run.
"""
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_platform_services import IamIdentityV1

DELAY = '80ms'
# The keys are so old that their use is asked for.
MADE = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() - 40 * 86_400))


@contextlib.contextmanager
def service(program, keys):
    """Runs the emulator over a store with so many keys, and yields what reaches it."""
    with tempfile.TemporaryDirectory() as home:
        home = Path(home)
        plain = {'PATH': os.environ['PATH'], 'HOME': str(home), 'IBMCLOUD_IAM_KEY_LIMIT': '100000'}
        store = ['emulate', '--store', str(home / 'store')]

        def start(flags, more=()):
            env = {**plain, **dict(more)}
            process = subprocess.Popen([program, *store, *flags], env=env, stdout=subprocess.PIPE, text=True)
            url = process.stdout.readline().split()[-1]
            return process, url, process.stdout.readline().strip().split(': ', 1)[1]

        process, *_ = start(['--seed-keys', str(keys)], {'IBMCLOUD_IAM_NOW': MADE})
        process.terminate()
        process.wait()
        process, url, key_file = start(['--fault', f'any:delay={DELAY}'])
        env = {**plain, 'IBMCLOUD_IAM_API_ENDPOINT': url,
               'IBMCLOUD_API_KEY': '@' + key_file, 'IBMCLOUD_IAM_HOME': str(home / 'client')}
        try:
            yield env, url, json.loads(Path(key_file).read_text())
        finally:
            process.terminate()
            process.wait()


def client(url, key):
    """Returns the SDK's client, and the account and the IAM ID of the key."""
    sdk = IamIdentityV1(authenticator=IAMAuthenticator(key['apikey'], url=url))
    sdk.set_service_url(url)
    return sdk


def listed(sdk, key):
    """Lists every key, page by page."""
    keys, token = [], None
    while True:
        page = sdk.list_api_keys(account_id=key['account_id'], iam_id=key['iam_id'], pagesize=100,
                                 pagetoken=token).get_result()
        keys += page['apikeys']
        if 'next' not in page:
            return keys
        token = page['next'].split('pagetoken=')[1].split('&')[0]


def timed(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began


def ours(program, env, *arguments):
    done = subprocess.run([program, *arguments], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr.decode()


def row(what, seconds, sdk, most, factor):
    ratio = sdk / seconds
    met = 'ok' if seconds <= most and ratio >= factor else 'MISSED'
    print(f'{what:<34} {seconds:6.2f} s (<= {most} s)   SDK {sdk:7.2f} s   {ratio:5.1f} x (>= {factor} x)   {met}', flush=True)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = os.path.abspath(sys.argv[1])

    with service(program, 1000) as (env, url, key):
        sdk = client(url, key)
        seconds = timed(lambda: ours(program, env, 'api-keys-audit', '-q', '--fail-on', 'none'))
        theirs = timed(lambda: [sdk.get_api_key(one['id'], include_activity=True) for one in listed(sdk, key)])
        row('audit of 1,000 keys with their use', seconds, theirs, 8, 10)

    with service(program, 800) as (env, url, key):
        sdk = client(url, key)
        names = [one['name'] for one in listed(sdk, key)]
        mine, others = names[:100], names[100:200]
        seconds = timed(lambda: ours(program, env, 'api-key-lock', *mine, '-f', '-q'))

        def look_up_and_lock():
            for name in others:
                page = sdk.list_api_keys(account_id=key['account_id'], iam_id=key['iam_id'],
                                         pagesize=100, filter=f'name co "{name}"').get_result()
                sdk.lock_api_key(next(one['id'] for one in page['apikeys'] if one['name'] == name))

        row('100 names locked among 800 keys', seconds, timed(look_up_and_lock), 3, 5)

    with service(program, 800) as (env, url, key):
        sdk = client(url, key)
        ids = [one['id'] for one in listed(sdk, key)]
        mine, others = ids[:100], ids[100:200]
        seconds = timed(lambda: ours(program, env, 'api-key-delete', *mine, '-f', '-q'))
        row('100 keys deleted by id', seconds, timed(lambda: [sdk.delete_api_key(one) for one in others]), 2.5, 5)


main()
