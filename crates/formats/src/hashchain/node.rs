//! Digests with their algorithm, and the value of a node over several of them.

use aws_lc_rs::digest;

/// Digest algorithms that occur in chains, references and parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestAlgorithm {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl DigestAlgorithm {
    pub fn from_uri(uri: &str) -> Option<Self> {
        match uri {
            "http://www.w3.org/2000/09/xmldsig#sha1" => Some(Self::Sha1),
            "http://www.w3.org/2001/04/xmldsig-more#sha224" => Some(Self::Sha224),
            "http://www.w3.org/2001/04/xmlenc#sha256" => Some(Self::Sha256),
            "http://www.w3.org/2001/04/xmldsig-more#sha384" => Some(Self::Sha384),
            "http://www.w3.org/2001/04/xmlenc#sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    pub fn uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
            Self::Sha224 => "http://www.w3.org/2001/04/xmldsig-more#sha224",
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        }
    }

    /// The name that the transport's `x-hash-algorithm` says (reference §2.3).
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "SHA-1" => Some(Self::Sha1),
            "SHA-224" => Some(Self::Sha224),
            "SHA-256" => Some(Self::Sha256),
            "SHA-384" => Some(Self::Sha384),
            "SHA-512" => Some(Self::Sha512),
            _ => None,
        }
    }

    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        digest::digest(self.implementation(), data).as_ref().to_vec()
    }

    pub(crate) fn implementation(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

/// One input of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub algorithm: DigestAlgorithm,
    pub value: Vec<u8>,
}

impl Digest {
    pub fn sha512(data: &[u8]) -> Self {
        Digest { algorithm: DigestAlgorithm::Sha512, value: DigestAlgorithm::Sha512.digest(data) }
    }
}

/// The node over `inputs`: H(SEQUENCE OF SEQUENCE { OCTET STRING, UTF8String, SEQUENCE {} }).
pub fn node_value<'a>(algorithm: DigestAlgorithm, inputs: impl IntoIterator<Item = &'a Digest>) -> Vec<u8> {
    let (mut list, mut single) = (Vec::with_capacity(512), Vec::with_capacity(128));
    for input in inputs {
        single.clear();
        tagged(0x04, &input.value, &mut single);
        tagged(0x0c, input.algorithm.uri().as_bytes(), &mut single);
        tagged(0x30, &[], &mut single);
        tagged(0x30, &single, &mut list);
    }
    let mut der = Vec::with_capacity(list.len() + 8);
    tagged(0x30, &list, &mut der);
    algorithm.digest(&der)
}

fn tagged(tag: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1)..];
    if content.len() >= 128 {
        out.push(0x80 | u8::try_from(significant.len()).expect("a length has at most 8 bytes"));
    }
    out.extend_from_slice(significant);
    out.extend_from_slice(content);
}
