"""An information system of a provider, made with `fastapi-xroad-soap`: it listens on a free port of loopback, says which on
its first line, and ends when nobody holds its standard input open any more.
"""

import hashlib
import os
import socket
import sys
import threading
from typing import List

import uvicorn
from fastapi_xroad_soap import MessageBody, SoapService, XroadHeader
from fastapi_xroad_soap.elements import Integer, String, SwaRef
from fastapi_xroad_soap.faults import SoapFault

# Elements are named as their classes, and the exchange wants a message to begin with the name of its service.
soap = SoapService(name="Archive", this_namespace="urn:test:archive")


class countPages(MessageBody):
    first = Integer()
    last = Integer()


class countPagesResponse(MessageBody):
    count = Integer()
    asked_by = String()


@soap.action("countPages")
def count_pages(body: countPages, header: XroadHeader) -> countPagesResponse:
    if body.last < body.first:
        raise SoapFault(code="Server", string="the last page is before the first one", http_status_code=500)
    asked_by = "/".join([header.client.member_code, header.client.subsystem_code, header.user_id])
    return countPagesResponse(count=body.last - body.first + 1, asked_by=asked_by)


class bindSheets(MessageBody):
    sheets: List[SwaRef.File] = SwaRef.Element(max_occurs=2)


class bindSheetsResponse(MessageBody):
    digest = String()
    book: List[SwaRef.File] = SwaRef.Element(max_occurs=2)


@soap.action("bindSheets")
def bind_sheets(body: bindSheets, header: XroadHeader) -> bindSheetsResponse:
    """Gives back every sheet with its bytes in the opposite order, and a digest of what came."""
    digest = hashlib.sha256(b"".join(sheet.content for sheet in body.sheets)).hexdigest()
    book = [SwaRef.File(name=f"bound-{sheet.name}", content=sheet.content[::-1]) for sheet in body.sheets]
    return bindSheetsResponse(digest=digest, book=book)


def end_with_the_test():
    sys.stdin.buffer.read()
    os._exit(0)


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=end_with_the_test, daemon=True).start()
uvicorn.Server(uvicorn.Config(soap, log_level="warning")).run(sockets=[listener])
