//! Every way in which the trust services say no. The codes are stable; each has a test that produces it.

/// A rule of the trust services said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The public key is not P-256, P-384 or RSA in a well-formed SubjectPublicKeyInfo.
    KeyNotAccepted,
    /// The holder cannot have a certificate of that profile.
    ProfileMismatch,
    /// A name is empty, too long or has letters that no name has.
    NameNotAccepted,
    CertificateUnknown,
    /// The certificate is revoked for good: it can be neither suspended nor resumed, and signs nothing.
    CertificateRevoked,
    /// The certificate is suspended and signs nothing until it is resumed.
    CertificateSuspended,
    /// Authorities, responders and time-stamping units are not suspended like a person's certificate.
    AuthorityProtected,
    /// An HTTP request that is not of the endpoint's form.
    RequestMalformed,
    RequestTooLarge,
    /// The body is not of the media type that the endpoint takes.
    MediaType,
    NothingToSign,
    /// A document's name cannot stand in a container, or stands twice.
    FileName,
    /// The documents are larger, or more, than a container holds.
    FilesTooLarge,
    CertificateMalformed,
    /// The certificate may not sign documents (no nonRepudiation).
    NotForSigning,
    /// Not yet or no longer valid.
    CertificateExpired,
    CertificateUntrusted,
    /// The signature in the making is not one of ours.
    SessionMalformed,
    /// The signature was begun too long ago.
    SessionExpired,
    /// The documents are not those that were to be signed.
    FilesChanged,
    /// The signature value is not the certificate's over these documents.
    SignatureWrong,
    /// The file of trust anchors is not certificates in PEM, or has no root among them.
    AnchorsMalformed,
}

impl Refusal {
    pub const ALL: [Refusal; 22] = [
        Refusal::KeyNotAccepted,
        Refusal::ProfileMismatch,
        Refusal::NameNotAccepted,
        Refusal::CertificateUnknown,
        Refusal::CertificateRevoked,
        Refusal::CertificateSuspended,
        Refusal::AuthorityProtected,
        Refusal::RequestMalformed,
        Refusal::RequestTooLarge,
        Refusal::MediaType,
        Refusal::NothingToSign,
        Refusal::FileName,
        Refusal::FilesTooLarge,
        Refusal::CertificateMalformed,
        Refusal::NotForSigning,
        Refusal::CertificateExpired,
        Refusal::CertificateUntrusted,
        Refusal::SessionMalformed,
        Refusal::SessionExpired,
        Refusal::FilesChanged,
        Refusal::SignatureWrong,
        Refusal::AnchorsMalformed,
    ];
}

impl base::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Refusal::KeyNotAccepted => "trust.key_not_accepted",
            Refusal::ProfileMismatch => "trust.profile_mismatch",
            Refusal::NameNotAccepted => "trust.name_not_accepted",
            Refusal::CertificateUnknown => "trust.certificate_unknown",
            Refusal::CertificateRevoked => "trust.certificate_revoked",
            Refusal::CertificateSuspended => "trust.certificate_suspended",
            Refusal::AuthorityProtected => "trust.authority_protected",
            Refusal::RequestMalformed => "trust.request_malformed",
            Refusal::RequestTooLarge => "trust.request_too_large",
            Refusal::MediaType => "trust.media_type",
            Refusal::NothingToSign => "trust.nothing_to_sign",
            Refusal::FileName => "trust.file_name",
            Refusal::FilesTooLarge => "trust.files_too_large",
            Refusal::CertificateMalformed => "trust.certificate_malformed",
            Refusal::NotForSigning => "trust.not_for_signing",
            Refusal::CertificateExpired => "trust.certificate_expired",
            Refusal::CertificateUntrusted => "trust.certificate_untrusted",
            Refusal::SessionMalformed => "trust.session_malformed",
            Refusal::SessionExpired => "trust.session_expired",
            Refusal::FilesChanged => "trust.files_changed",
            Refusal::SignatureWrong => "trust.signature_wrong",
            Refusal::AnchorsMalformed => "trust.anchors_malformed",
        }
    }

    fn status(&self) -> u16 {
        match self {
            Refusal::RequestMalformed | Refusal::SessionMalformed => 400,
            Refusal::CertificateUnknown => 404,
            Refusal::CertificateRevoked
            | Refusal::CertificateSuspended
            | Refusal::AuthorityProtected
            | Refusal::SessionExpired
            | Refusal::FilesChanged => 409,
            Refusal::RequestTooLarge | Refusal::FilesTooLarge => 413,
            Refusal::MediaType => 415,
            _ => 422,
        }
    }
}
