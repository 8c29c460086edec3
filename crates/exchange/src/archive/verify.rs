//! Judging a container: structure, time-stamp, and at the proven time signature, certificate, member and OCSP response.

use super::MIMETYPE;
use crate::{
    certificates::{CertificateJudge, is_signing, member_of},
    configuration::Configuration,
    fault::Place,
    messagelog::{SIGNATURES_NAME, STAMP_CHAIN_NAME},
};
use base::Timestamp;
use formats::{
    globalconf::{ParameterError, PrivateParameters, SharedParameters},
    hashchain::{self, Chain, Input},
    identifier::ClientId,
    message::{self, MESSAGE_NAME, Part, attachment_name},
    rest::{RequestHead, ResponseHead},
    soap::{self, Parsed},
    tsp::TimeStampToken,
};
use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

/// How large a container and each of its entries may be, and how many entries it may have.
const CONTAINER_BYTES_MAX: usize = 64 * 1024 * 1024;
const ENTRY_BYTES_MAX: u64 = 32 * 1024 * 1024;
const ENTRIES_MAX: usize = 64;

/// What a container proves, and why not.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// Empty when everything holds.
    pub reasons: Vec<String>,
    /// The member or subsystem that signed.
    pub signer: Option<ClientId>,
    /// The proven time.
    pub at: Option<Timestamp>,
    pub message_id: Option<String>,
}

impl Verdict {
    pub fn is_valid(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// A configuration out of shared parameters alone, to judge by without a network.
pub fn offline_configuration(shared: &[u8]) -> Result<Configuration, ParameterError> {
    let shared = SharedParameters::read(shared)?;
    let private = PrivateParameters { instance: shared.instance.clone(), ..PrivateParameters::default() };
    Ok(Configuration::new(shared, private, Timestamp::MAX, 0))
}

/// Judges `container` by the authorities of `configuration`. The configuration's own expiry plays no part: what counts is
/// the time in the container's time-stamp.
pub fn verify(container: &[u8], configuration: &Configuration) -> Verdict {
    let mut verdict = Verdict::default();
    if let Err(reason) = judge(container, configuration, &mut verdict) {
        verdict.reasons.push(reason);
    }
    verdict
}

type Entries = BTreeMap<String, Vec<u8>>;

fn judge(container: &[u8], configuration: &Configuration, verdict: &mut Verdict) -> Result<(), String> {
    let entries = read_entries(container)?;
    let message = entries.get("message.xml").ok_or("asic_message_not_found: there is no message.xml")?;
    let signature = entries.get("META-INF/signatures.xml").ok_or("asic_signature_not_found: there is no signature")?;
    let read = message::read(signature).map_err(|error| format!("{}: {error}", error.code()))?;
    let (signer, id) = signer_of(message)?;
    verdict.signer = Some(signer.clone());
    verdict.message_id = Some(id);
    let at = proven_time(&entries, signature, &read.value, read.time_stamp.as_deref(), configuration)?;
    verdict.at = Some(at);
    let certificates = CertificateJudge::default();
    let fault = |fault: crate::fault::ExchangeFault| fault.to_string();
    let place = Place::ClientProxy;
    let instance = configuration.instance(&signer.instance);
    let instance =
        instance.ok_or_else(|| format!("unknown_member: there is no configuration of {}", signer.instance))?;
    let trusted = certificates.path(instance, place, &read.certificate, &read.intermediates, at).map_err(fault)?;
    if !is_signing(&trusted.certificate) || member_of(&trusted.certificate) != Some(signer.member_id()) {
        return Err(format!("incorrect_certificate: the certificate is not {}'s for signing", signer.member_id()));
    }
    let chain = pair(&entries, "sig-hashchainresult.xml", "sig-hashchain.xml")?;
    let attachments: Vec<(String, &Vec<u8>)> = (1..ENTRIES_MAX)
        .map_while(|number| entries.get(&format!("attachment{number}")).map(|data| (attachment_name(number), data)))
        .collect();
    let mut parts = vec![Part { name: MESSAGE_NAME, data: Some(message) }];
    parts.extend(attachments.iter().map(|(name, data)| Part { name, data: Some(data) }));
    let absent = read
        .check(trusted.certificate.key(), &parts, chain.as_ref())
        .map_err(|error| format!("{}: {error}", error.code()))?;
    assert!(absent.is_empty(), "every part was given with its data");
    certificates.check_was_good(instance, place, &trusted, &read.ocsp, at).map_err(fault)
}

fn read_entries(container: &[u8]) -> Result<Entries, String> {
    let no_archive = "asic_mime_type_not_found: not a container";
    if container.len() > CONTAINER_BYTES_MAX {
        return Err("the container is too large".to_owned());
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(container)).map_err(|_| no_archive)?;
    if archive.len() > ENTRIES_MAX {
        return Err("the container has too many entries".to_owned());
    }
    let mut entries = Entries::new();
    for place in 0..archive.len() {
        let entry = archive.by_index(place).map_err(|error| format!("an entry cannot be read: {error}"))?;
        let name = entry.name().map_err(|error| format!("an entry has no name: {error}"))?.into_owned();
        let mut data = Vec::new();
        let mut limited = entry.take(ENTRY_BYTES_MAX + 1);
        limited.read_to_end(&mut data).map_err(|error| format!("{name} cannot be read: {error}"))?;
        if data.len() as u64 > ENTRY_BYTES_MAX {
            return Err(format!("{name} is too large"));
        }
        // Two entries of one name: a reader could be shown one and judge the other.
        if entries.insert(name.clone(), data).is_some() {
            return Err(format!("{name} stands there twice"));
        }
    }
    let mimetype = entries.get("mimetype").ok_or(no_archive)?;
    if mimetype != MIMETYPE.as_bytes() {
        return Err("asic_invalid_mime_type: not a container of this kind".to_owned());
    }
    Ok(entries)
}

/// A result document and its chain: both or none.
fn pair(entries: &Entries, result: &str, chain: &str) -> Result<Option<Chain>, String> {
    match (entries.get(result), entries.get(chain)) {
        (Some(result), Some(chain)) => Ok(Some(Chain { result: result.clone(), chain: chain.clone() })),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(format!("asic_hash_chain_result_not_found: {result} is missing")),
        (Some(_), None) => Err(format!("asic_hash_chain_not_found: {chain} is missing")),
    }
}

/// Who must have signed, and the message's identifier, by the message itself.
fn signer_of(message: &[u8]) -> Result<(ClientId, String), String> {
    if message.first().is_some_and(u8::is_ascii_digit) {
        let head = ResponseHead::decode(message).map_err(|error| error.to_string())?;
        let service = head.header("x-road-service").ok_or("the answer names no service")?;
        let parts: Option<Vec<String>> = service.split('/').map(formats::identifier::decode_segment).collect();
        let owner = parts.filter(|parts| parts.len() >= 5).and_then(|parts| ClientId::parse(&parts[..4].join("/")));
        let id = head.header("x-road-id").unwrap_or_default().to_owned();
        return Ok((owner.ok_or("the answer's service is no identifier")?, id));
    }
    if message.first().is_some_and(u8::is_ascii_uppercase) {
        let head = RequestHead::decode(message).map_err(|error| error.to_string())?;
        return Ok((head.client, head.id));
    }
    match soap::read(message.to_vec()) {
        Ok(Parsed::Message(message)) => {
            let headers = message.headers.clone();
            let signer = if message.is_response() { headers.service.provider } else { headers.client };
            Ok((signer, headers.id))
        }
        Ok(Parsed::Fault(_)) => Err("the message is a fault".to_owned()),
        Err(error) => Err(format!("{}: {error}", error.code())),
    }
}

/// The time that a time-stamp over the signature proves: in a batch, or embedded in the signature.
fn proven_time(
    entries: &Entries,
    signature: &[u8],
    value: &[u8],
    embedded: Option<&[u8]>,
    configuration: &Configuration,
) -> Result<Timestamp, String> {
    let token = entries.get("META-INF/timestamp.tst").map(Vec::as_slice).or(embedded);
    let token = token.ok_or("asic_timestamp_not_found: the message has no time-stamp yet")?;
    let token = TimeStampToken::from_der(token).map_err(|error| error.to_string())?;
    let approved = &configuration.time_stamping;
    let chain = pair(entries, "ts-hashchainresult.xml", "ts-hashchain.xml")?;
    let Some(chain) = chain else {
        return token.verify(value, approved, approved).map_err(|error| error.to_string());
    };
    let documents = |name: &str| (name == STAMP_CHAIN_NAME).then(|| chain.chain.clone());
    let inputs = [(SIGNATURES_NAME.to_owned(), Input::Data(signature.to_vec()))];
    hashchain::verify(&chain.result, &documents, &inputs, &|_, _| None)
        .map_err(|error| format!("malformed_signature: time-stamp: {error}"))?;
    token.verify(&chain.result, approved, approved).map_err(|error| error.to_string())
}
