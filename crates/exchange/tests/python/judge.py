"""Judges a container as somebody would who knows the format from its documents alone: the signature by `signxml`, the hash
chains by the lines below.

    judge.py AUTHORITY SIGNER TIME CONTAINER...

AUTHORITY and SIGNER are certificates in PEM; the signer must be who signed, and its certificate one of the authority's that is
valid at TIME. Prints a line of JSON for each container: `{"covered": […]}` with the names of its entries that are covered by
signature and time-stamp, or `{"refused": "…"}`.
"""

import hashlib
import json
import sys
import zipfile
from base64 import b64decode
from datetime import datetime
from posixpath import normpath

from cryptography import x509
from cryptography.x509.verification import Criticality, ExtensionPolicy
from lxml import etree
from signxml import XMLVerifier
from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier

CHAIN = "{http://cyber.ee/hashchain}"
DSIG = "{http://www.w3.org/2000/09/xmldsig#}"
DIGESTS = {
    "http://www.w3.org/2001/04/xmlenc#sha256": hashlib.sha256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashlib.sha384,
    "http://www.w3.org/2001/04/xmlenc#sha512": hashlib.sha512,
}


def tagged(tag, content):
    """One DER element."""
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def single(method, value):
    """SEQUENCE { OCTET STRING, UTF8String, SEQUENCE {} }: a digest with its algorithm."""
    return tagged(0x30, tagged(0x04, value) + tagged(0x0C, method.encode()) + tagged(0x30, b""))


class Chain:
    """A hash chain over entries of a container."""

    def __init__(self, entries, result):
        self.entries = entries
        self.covered = set()
        result = etree.fromstring(entries[result])
        self.name, _, first = result.get("URI").lstrip("/").partition("#")
        chain = etree.fromstring(entries[self.name])
        self.method = chain.find(CHAIN + "DefaultDigestMethod").get("Algorithm")
        self.steps = {step.get("id"): step for step in chain.iterfind(CHAIN + "HashStep")}
        method = result.find(DSIG + "DigestMethod").get("Algorithm")
        if self.step(first, method) != b64decode(result.findtext(DSIG + "DigestValue")):
            raise ValueError(f"{self.name} does not lead to its result")

    def step(self, name, method):
        """The node over the inputs of a step."""
        inputs = [self.input(element) for element in self.steps[name]]
        return DIGESTS[method](tagged(0x30, b"".join(single(*found) for found in inputs))).digest()

    def input(self, element):
        own = element.find(DSIG + "DigestMethod")
        method = self.method if own is None else own.get("Algorithm")
        if element.tag == CHAIN + "StepRef":
            return method, self.step(element.get("URI").lstrip("#"), method)
        value = b64decode(element.findtext(DSIG + "DigestValue"))
        if element.tag == CHAIN + "DataRef":
            name = element.get("URI").lstrip("/")
            if DIGESTS[method](self.entries[name]).digest() != value:
                raise ValueError(f"{name} does not have the digest in {self.name}")
            self.covered.add(name)
        elif element.tag != CHAIN + "HashValue":
            raise ValueError(f"{element.tag} in {self.name}")
        return method, value


def signs_messages(policy, certificate, usage):
    if not usage.content_commitment:
        raise ValueError("the certificate is not for signing messages")


# The library's own policy wants certificates that are for authentication.
SIGNERS = ExtensionPolicy.permit_all().require_present(x509.KeyUsage, Criticality.CRITICAL, signs_messages)


def judge(container, authority, signer, time):
    with zipfile.ZipFile(container) as archive:
        entries = {normpath(name): archive.read(name) for name in archive.namelist()}
    signature = entries["META-INF/signatures.xml"]
    covered = set()

    def resolve(uri):
        covered.add(uri.lstrip("/"))
        return entries[uri.lstrip("/")]

    config = XAdESSignatureConfiguration(
        require_x509=True, expect_references=2, location=".//", verification_time=datetime.fromisoformat(time)
    )
    # Once by the chain of certificates, once with the one that the member is known by.
    XMLVerifier().verify(signature, ca_pem_file=authority, ee_policy=SIGNERS, uri_resolver=resolve, expect_config=config)
    with open(signer, "rb") as pem:
        known = x509.load_pem_x509_certificate(pem.read())
    XAdESVerifier().verify(signature, x509_cert=known, uri_resolver=resolve, expect_config=config)
    if "sig-hashchainresult.xml" in covered:
        covered |= Chain(entries, "sig-hashchainresult.xml").covered
    if "ts-hashchainresult.xml" in entries:
        stamped = Chain(entries, "ts-hashchainresult.xml").covered
        if stamped != {"META-INF/signatures.xml"}:
            raise ValueError(f"the time-stamp covers {stamped}")
        covered |= stamped
    contents = {name for name in entries if name == "message.xml" or name.startswith("attachment")}
    if not contents or contents - covered:
        raise ValueError(f"not covered: {contents - covered or 'there is no message'}")
    return covered


for path in sys.argv[4:]:
    try:
        verdict = {"covered": sorted(judge(path, *sys.argv[1:4]))}
    except Exception as cause:  # whatever the library raises is a refusal, and its reason is compared
        verdict = {"refused": f"{type(cause).__name__}: {cause}"}
    print(json.dumps(verdict))
