//! The schemas of signatures (XML-DSig core, XAdES 1.3.2) as content models: what a signature document may consist of,
//! before any of it is believed.

use crate::xml::{
    Element,
    shape::{Schema, Shape},
};

const fn shape(element: &'static str, content: &'static str, attributes: &'static str) -> Shape {
    Shape { element, content, attributes }
}

const TIME_STAMP: &str = "x:Include* ds:CanonicalizationMethod? (x:EncapsulatedTimeStamp | x:XMLTimeStamp)+";
const ENCAPSULATED: &str = "Id Encoding";

const SIGNATURE: Schema = Schema {
    prefixes: &[("ds", super::super::DS_NS), ("x", super::super::XADES_NS)],
    shapes: &[
        // XML-DSig §4
        shape("ds:Signature", "ds:SignedInfo ds:SignatureValue ds:KeyInfo? ds:Object*", "Id"),
        shape("ds:SignatureValue", "#base64", "Id"),
        shape("ds:SignedInfo", "ds:CanonicalizationMethod ds:SignatureMethod ds:Reference+", "Id"),
        shape("ds:CanonicalizationMethod", "#any", "Algorithm!"),
        shape("ds:SignatureMethod", "#any", "Algorithm!"),
        shape("ds:Reference", "ds:Transforms? ds:DigestMethod ds:DigestValue", "Id URI Type"),
        shape("ds:Transforms", "ds:Transform+", ""),
        shape("ds:Transform", "#any", "Algorithm!"),
        shape("ds:DigestMethod", "#any", "Algorithm!"),
        shape("ds:DigestValue", "#base64", ""),
        shape(
            "ds:KeyInfo",
            "~(ds:KeyName | ds:KeyValue | ds:RetrievalMethod | ds:X509Data | ds:PGPData | ds:SPKIData | ds:MgmtData | *:*)+",
            "Id",
        ),
        shape("ds:KeyName", "#text", ""),
        shape("ds:MgmtData", "#text", ""),
        shape("ds:KeyValue", "#any", ""),
        shape("ds:RetrievalMethod", "ds:Transforms?", "URI Type"),
        shape("ds:PGPData", "#any", ""),
        shape("ds:SPKIData", "#any", ""),
        shape(
            "ds:X509Data",
            "(ds:X509IssuerSerial | ds:X509SKI | ds:X509SubjectName | ds:X509Certificate | ds:X509CRL | *:*)+",
            "",
        ),
        shape("ds:X509IssuerSerial", "ds:X509IssuerName ds:X509SerialNumber", ""),
        shape("ds:X509IssuerName", "#text", ""),
        shape("ds:X509SerialNumber", "#number", ""),
        shape("ds:X509SKI", "#base64", ""),
        shape("ds:X509SubjectName", "#text", ""),
        shape("ds:X509Certificate", "#base64", ""),
        shape("ds:X509CRL", "#base64", ""),
        shape("ds:Object", "~#lax", "Id MimeType Encoding"),
        shape("ds:Manifest", "ds:Reference+", "Id"),
        shape("ds:SignatureProperties", "ds:SignatureProperty+", "Id"),
        shape("ds:SignatureProperty", "#any", "Target! Id"),
        // XAdES 1.3.2
        shape("x:QualifyingProperties", "x:SignedProperties? x:UnsignedProperties?", "Target! Id"),
        shape("x:SignedProperties", "x:SignedSignatureProperties? x:SignedDataObjectProperties?", "Id"),
        shape("x:UnsignedProperties", "x:UnsignedSignatureProperties? x:UnsignedDataObjectProperties?", "Id"),
        shape(
            "x:SignedSignatureProperties",
            "x:SigningTime? x:SigningCertificate? x:SignaturePolicyIdentifier? x:SignatureProductionPlace? x:SignerRole?",
            "Id",
        ),
        shape(
            "x:SignedDataObjectProperties",
            "x:DataObjectFormat* x:CommitmentTypeIndication* x:AllDataObjectsTimeStamp* x:IndividualDataObjectsTimeStamp*",
            "Id",
        ),
        shape(
            "x:UnsignedSignatureProperties",
            "(x:CounterSignature | x:SignatureTimeStamp | x:CompleteCertificateRefs | x:CompleteRevocationRefs \
             | x:AttributeCertificateRefs | x:AttributeRevocationRefs | x:SigAndRefsTimeStamp | x:RefsOnlyTimeStamp \
             | x:CertificateValues | x:RevocationValues | x:AttrAuthoritiesCertValues | x:AttributeRevocationValues \
             | x:ArchiveTimeStamp | *:*)+",
            "Id",
        ),
        shape("x:UnsignedDataObjectProperties", "x:UnsignedDataObjectProperty+", "Id"),
        shape("x:UnsignedDataObjectProperty", "#any", ""),
        shape("x:SigningTime", "#time", ""),
        shape("x:SigningCertificate", "x:Cert+", ""),
        shape("x:Cert", "x:CertDigest x:IssuerSerial", "URI"),
        shape("x:CertDigest", "ds:DigestMethod ds:DigestValue", ""),
        shape("x:IssuerSerial", "ds:X509IssuerName ds:X509SerialNumber", ""),
        shape("x:SignaturePolicyIdentifier", "x:SignaturePolicyId | x:SignaturePolicyImplied", ""),
        shape("x:SignaturePolicyImplied", "#any", ""),
        shape("x:SignaturePolicyId", "x:SigPolicyId ds:Transforms? x:SigPolicyHash x:SigPolicyQualifiers?", ""),
        shape("x:SigPolicyId", "x:Identifier x:Description? x:DocumentationReferences?", ""),
        shape("x:Identifier", "#text", "Qualifier"),
        shape("x:Description", "#text", ""),
        shape("x:DocumentationReferences", "x:DocumentationReference+", ""),
        shape("x:DocumentationReference", "#text", ""),
        shape("x:SigPolicyHash", "ds:DigestMethod ds:DigestValue", ""),
        shape("x:SigPolicyQualifiers", "x:SigPolicyQualifier+", ""),
        shape("x:SigPolicyQualifier", "#any", ""),
        shape("x:SignatureProductionPlace", "x:City? x:StateOrProvince? x:PostalCode? x:CountryName?", ""),
        shape("x:City", "#text", ""),
        shape("x:StateOrProvince", "#text", ""),
        shape("x:PostalCode", "#text", ""),
        shape("x:CountryName", "#text", ""),
        shape("x:SignerRole", "x:ClaimedRoles? x:CertifiedRoles?", ""),
        shape("x:ClaimedRoles", "x:ClaimedRole+", ""),
        shape("x:ClaimedRole", "#any", ""),
        shape("x:CertifiedRoles", "x:CertifiedRole+", ""),
        shape("x:CertifiedRole", "#base64", ENCAPSULATED),
        shape("x:DataObjectFormat", "x:Description? x:ObjectIdentifier? x:MimeType? x:Encoding?", "ObjectReference!"),
        shape("x:ObjectIdentifier", "x:Identifier x:Description? x:DocumentationReferences?", ""),
        shape("x:MimeType", "#text", ""),
        shape("x:Encoding", "#text", ""),
        shape(
            "x:CommitmentTypeIndication",
            "x:CommitmentTypeId (x:ObjectReference+ | x:AllSignedDataObjects) x:CommitmentTypeQualifiers?",
            "",
        ),
        shape("x:CommitmentTypeId", "x:Identifier x:Description? x:DocumentationReferences?", ""),
        shape("x:ObjectReference", "#text", ""),
        shape("x:AllSignedDataObjects", "#any", ""),
        shape("x:CommitmentTypeQualifiers", "#any", ""),
        shape("x:AllDataObjectsTimeStamp", TIME_STAMP, "Id"),
        shape("x:IndividualDataObjectsTimeStamp", TIME_STAMP, "Id"),
        shape("x:SignatureTimeStamp", TIME_STAMP, "Id"),
        shape("x:SigAndRefsTimeStamp", TIME_STAMP, "Id"),
        shape("x:RefsOnlyTimeStamp", TIME_STAMP, "Id"),
        shape("x:ArchiveTimeStamp", TIME_STAMP, "Id"),
        shape("x:Include", "", "URI! referencedData"),
        shape("x:EncapsulatedTimeStamp", "#base64", ENCAPSULATED),
        shape("x:XMLTimeStamp", "#any", ""),
        shape("x:CounterSignature", "ds:Signature", ""),
        shape("x:CompleteCertificateRefs", "x:CertRefs", "Id"),
        shape("x:AttributeCertificateRefs", "x:CertRefs", "Id"),
        shape("x:CertRefs", "x:Cert+", ""),
        shape("x:CompleteRevocationRefs", "x:CRLRefs? x:OCSPRefs? x:OtherRefs?", "Id"),
        shape("x:AttributeRevocationRefs", "x:CRLRefs? x:OCSPRefs? x:OtherRefs?", "Id"),
        shape("x:CRLRefs", "x:CRLRef+", ""),
        shape("x:CRLRef", "x:DigestAlgAndValue x:CRLIdentifier?", ""),
        shape("x:CRLIdentifier", "x:Issuer x:IssueTime x:Number?", "URI"),
        shape("x:Issuer", "#text", ""),
        shape("x:IssueTime", "#time", ""),
        shape("x:Number", "#number", ""),
        shape("x:DigestAlgAndValue", "ds:DigestMethod ds:DigestValue", ""),
        shape("x:OCSPRefs", "x:OCSPRef+", ""),
        shape("x:OCSPRef", "x:OCSPIdentifier x:DigestAlgAndValue?", ""),
        shape("x:OCSPIdentifier", "x:ResponderID x:ProducedAt", "URI"),
        shape("x:ResponderID", "x:ByName | x:ByKey", ""),
        shape("x:ByName", "#text", ""),
        shape("x:ByKey", "#base64", ""),
        shape("x:ProducedAt", "#time", ""),
        shape("x:OtherRefs", "#any", ""),
        shape("x:CertificateValues", "(x:EncapsulatedX509Certificate | x:OtherCertificate)*", "Id"),
        shape("x:AttrAuthoritiesCertValues", "(x:EncapsulatedX509Certificate | x:OtherCertificate)*", "Id"),
        shape("x:EncapsulatedX509Certificate", "#base64", ENCAPSULATED),
        shape("x:OtherCertificate", "#any", ""),
        shape("x:RevocationValues", "x:CRLValues? x:OCSPValues? x:OtherValues?", "Id"),
        shape("x:AttributeRevocationValues", "x:CRLValues? x:OCSPValues? x:OtherValues?", "Id"),
        shape("x:CRLValues", "x:EncapsulatedCRLValue+", ""),
        shape("x:EncapsulatedCRLValue", "#base64", ENCAPSULATED),
        shape("x:OCSPValues", "x:EncapsulatedOCSPValue+", ""),
        shape("x:EncapsulatedOCSPValue", "#base64", ENCAPSULATED),
        shape("x:OtherValues", "#any", ""),
    ],
};

/// `signature` is a whole ds:Signature with everything in it.
pub(super) fn check_signature(signature: &Element) -> Result<(), String> {
    SIGNATURE.check(signature)
}

/// Only the signed information: what EN 319 132-1 puts beside it has a schema of its own.
pub(super) fn check_signed_info(signature: &Element) -> Result<(), String> {
    let info = signature.child(super::super::DS_NS, "SignedInfo").ok_or("there is no SignedInfo")?;
    SIGNATURE.check(info)
}
