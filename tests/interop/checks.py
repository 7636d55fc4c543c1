"""What both interop scripts share: a runner of checks, and IBM's SDK at a local service."""

import os
import sys
import traceback

from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_platform_services import IamIdentityV1

# Neither side may be led elsewhere by the machine's settings.
for name in list(os.environ):
    if name.lower().endswith('_proxy') or name.startswith(('IBM', 'IAM_', 'IC_')):
        del os.environ[name]

CHECKS = []


def check(function):
    """Marks a function as a check; the first line of its docstring is what it checks."""
    CHECKS.append(function)
    return function


def run(world):
    """Runs every check, one line each, and returns the exit code."""
    failed = 0
    for function in CHECKS:
        what = function.__doc__.splitlines()[0]
        try:
            function(world)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f'FAIL  {what}')
            traceback.print_exc(file=sys.stdout)
        else:
            print(f'ok    {what}')
        sys.stdout.flush()
    print(f'\n{len(CHECKS) - failed} passed, {failed} failed')
    return 1 if failed or not CHECKS else 0


def same(found, wanted):
    """Asserts that two things are equal, and shows both when they are not."""
    assert found == wanted, f'found {found!r}, wanted {wanted!r}'


def refused(call, *args, **kwargs):
    """Calls what must be refused, and returns the SDK's exception."""
    try:
        answer = call(*args, **kwargs)
    except ApiException as error:
        return error
    raise AssertionError(f'not refused: {answer.get_status_code()} {answer.get_result()}')


def sdk(endpoint, apikey):
    """IBM's client, logged in with a key, for keys and tokens at one endpoint."""
    service = IamIdentityV1(authenticator=IAMAuthenticator(apikey, url=endpoint))
    service.set_service_url(endpoint)
    return service
