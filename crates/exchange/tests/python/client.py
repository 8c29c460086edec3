"""An information system that asks through a security server by `pyxroad`.

    client.py SERVER CLIENT SERVICE ARGUMENTS

ARGUMENTS is a JSON object. Bytes are printed in base64. Prints one line of JSON: `{"answer": …}`, or `{"fault": …}` with code and text when the library
raised its exception for a SOAP fault.
"""

import json
import logging
import sys
from base64 import b64encode

from XRoad import XClient
from zeep.exceptions import Fault

logging.disable(logging.CRITICAL)


def main(server, client, service, arguments):
    asking = XClient(server, client, service)
    try:
        answer = asking.request(**json.loads(arguments))
    except Fault as raised:
        # The library wraps the fault that it got into another one, as its message.
        fault = raised.message
        return {"fault": {"code": fault.code, "text": fault.message}}
    return {"answer": answer, "id": asking.id}


def written(value):
    """What JSON has no form for: bytes, days, and elements that the description does not name."""
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)


print(json.dumps(main(*sys.argv[1:]), default=written))
