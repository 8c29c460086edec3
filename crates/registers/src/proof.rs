//! The proof that an entry of the access log is what it was when it was written: one JSON object that anybody who has the
//! register's log key can judge without asking anybody.

use base::{Fault, Signer, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use host::audit::{self, Doubt, Inclusion};
use host::store::Store;
use serde_json::Value as Json;

/// Names the form of the object, so that `pencere verify` knows what it holds.
pub const FORMAT: &str = "pencere-access-proof-v1";

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessProof {
    format: String,
    /// The register's subsystem.
    register: String,
    /// Base64 of the SubjectPublicKeyInfo. Says which key to look up, proves nothing by itself.
    public_key: String,
    #[serde(flatten)]
    inclusion: Inclusion,
}

/// The log's head as it stands after this look, signed.
pub(crate) async fn signed_head(store: &Store, signer: &dyn Signer, now: Timestamp) -> Result<Json, Fault> {
    let head = audit::sign_tree_head(store, signer, now).await?;
    serde_json::to_value(head).map_err(|cause| Fault::new("write the head of the access log", cause))
}

pub(crate) async fn prove(
    store: &Store,
    signer: &dyn Signer,
    register: &str,
    leaf: u64,
    now: Timestamp,
) -> Result<Json, Fault> {
    let head = audit::sign_tree_head(store, signer, now).await?;
    let inclusion = audit::inclusion(store, leaf, &head).await?;
    let inclusion = inclusion.ok_or_else(|| Fault::new("prove an entry of the access log", "the entry has no leaf"))?;
    let proof = AccessProof {
        format: FORMAT.to_owned(),
        register: register.to_owned(),
        public_key: STANDARD.encode(signer.public_key_der()),
        inclusion,
    };
    serde_json::to_value(proof).map_err(|cause| Fault::new("write a proof", cause))
}

/// What a proof shows once it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    pub register: String,
    /// RFC 3339, as written by the register.
    pub at: String,
    /// The asking subsystem.
    pub reader: String,
    pub user: String,
    pub service: String,
    pub case_reference: String,
    pub purpose: String,
    pub about: String,
    pub fields: Vec<String>,
    pub leaf_index: u64,
    /// How many entries the log had when its head was signed.
    pub log_size: u64,
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Not an object of this form.
    Malformed,
    /// The head of the log was not signed by this key.
    HeadSignature,
    /// The entry is not the one that stands in the log.
    NotInTheLog,
    /// The entry is of another register than the proof says.
    AnotherRegister,
}

/// The register's key that the proof names (SubjectPublicKeyInfo, DER), to be compared with one that is trusted.
pub fn claimed_key(proof: &Json) -> Option<Vec<u8>> {
    STANDARD.decode(proof["publicKey"].as_str()?).ok()
}

/// Judges a proof with the register's log key (SubjectPublicKeyInfo, DER). Offline.
pub fn verify(proof: &Json, public_key_der: &[u8]) -> Result<Proven, Invalid> {
    let proof: AccessProof = serde_json::from_value(proof.clone()).map_err(|_| Invalid::Malformed)?;
    if proof.format != FORMAT {
        return Err(Invalid::Malformed);
    }
    audit::verify(&proof.inclusion, public_key_der).map_err(|doubt| match doubt {
        Doubt::Malformed => Invalid::Malformed,
        Doubt::HeadSignature => Invalid::HeadSignature,
        Doubt::NotInTheTree => Invalid::NotInTheLog,
    })?;
    let leaf: Json = serde_json::from_str(&proof.inclusion.leaf).map_err(|_| Invalid::Malformed)?;
    let detail = &leaf["detail"];
    let text = |value: &Json| value.as_str().map(str::to_owned).ok_or(Invalid::Malformed);
    if detail["register"] != proof.register.as_str() || leaf["index"] != proof.inclusion.leaf_index {
        return Err(Invalid::AnotherRegister);
    }
    let fields = detail["fields"].as_array().ok_or(Invalid::Malformed)?;
    Ok(Proven {
        at: text(&leaf["at"])?,
        reader: text(&leaf["actor"])?,
        user: text(&detail["user"])?,
        service: text(&detail["service"])?,
        case_reference: text(&detail["caseReference"])?,
        purpose: text(&detail["purpose"])?,
        about: text(&detail["about"])?,
        fields: fields.iter().map(text).collect::<Result<_, _>>()?,
        leaf_index: proof.inclusion.leaf_index,
        log_size: proof.inclusion.head.size,
        register: proof.register,
    })
}
