//! The last good configuration on disk, laid out as the field's servers do (reference §2.7): a folder per instance with
//! the parameters and their metadata, and `instance-identifier`. With it a server starts while no source can be reached.

use super::{
    Instance,
    download::{Document, Held},
};
use base::{Fault, Timestamp};
use bytes::Bytes;
use formats::{
    globalconf::{
        DirectoryPart, MONITORING, MonitoringParameters, PRIVATE_PARAMETERS, PrivateParameters, SHARED_PARAMETERS,
        SharedParameters, VERSION_MIN,
    },
    hashchain::DigestAlgorithm,
};
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

const INSTANCE_FILE: &str = "instance-identifier";
/// Content identifiers with the names under which they are kept.
const FILES: [(&str, &str); 3] = [
    (SHARED_PARAMETERS, "shared-params.xml"),
    (PRIVATE_PARAMETERS, "private-params.xml"),
    (MONITORING, "monitoring-params.xml"),
];

/// What stands beside a document.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    content_identifier: String,
    instance_identifier: String,
    expiration_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration_version: Option<String>,
}

/// The folder `globalconf`.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    folder: PathBuf,
}

fn failed(path: &Path, cause: impl std::fmt::Display) -> Fault {
    Fault::new("keep the global configuration", format!("{}: {cause}", path.display()))
}

/// A name that is one folder and no other, whatever an instance calls itself.
fn folder_name(instance: &str) -> String {
    let encoded = formats::identifier::encode_segment(instance);
    if encoded.bytes().all(|byte| byte == b'.') { encoded.replace('.', "%2E") } else { encoded }
}

/// Complete or not there: what was there before stays until the new one is on the disk.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let partial = path.with_extension("partial");
    let written = std::fs::File::create(&partial).and_then(|mut out| {
        out.write_all(bytes)?;
        out.sync_all()
    });
    written.and_then(|()| std::fs::rename(&partial, path)).map_err(|cause| failed(path, cause))
}

impl Kept {
    pub(super) fn new(folder: PathBuf) -> Self {
        Kept { folder }
    }

    /// Keeps what one instance published. Documents that are there already are not written again.
    pub(super) fn save(&self, held: &Held, own: bool) -> Result<(), Fault> {
        let name = held.instance.name();
        let folder = self.folder.join(folder_name(name));
        std::fs::create_dir_all(&folder).map_err(|cause| failed(&folder, cause))?;
        for (identifier, file) in FILES {
            let path = folder.join(file);
            let Some(document) = held.documents.iter().find(|document| document.part.identifier == identifier) else {
                remove(&path)?;
                remove(&metadata_path(&path))?;
                continue;
            };
            if std::fs::read(&path).is_ok_and(|known| known == document.bytes) {
                tracing::trace!(file, "unchanged");
            } else {
                write(&path, &document.bytes)?;
            }
            let metadata = Metadata {
                content_identifier: identifier.to_owned(),
                instance_identifier: name.to_owned(),
                expiration_date: held.expires,
                configuration_version: Some(held.version.to_string()),
            };
            let metadata = serde_json::to_vec(&metadata).map_err(|cause| failed(&path, cause))?;
            write(&metadata_path(&path), &metadata)?;
        }
        if own {
            let path = self.folder.join(INSTANCE_FILE);
            if std::fs::read(&path).ok().as_deref() != Some(name.as_bytes()) {
                write(&path, name.as_bytes())?;
            }
        }
        Ok(())
    }

    /// An instance that is federated no more leaves nothing behind.
    pub(super) fn forget(&self, instance: &str) -> Result<(), Fault> {
        let folder = self.folder.join(folder_name(instance));
        match std::fs::remove_dir_all(&folder) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(failed(&folder, cause)),
            _ => Ok(()),
        }
    }

    /// What was kept of `instance`; `None` when there is nothing, or nothing that can be believed.
    pub(super) fn load(&self, instance: &str, own: bool, number: &dyn Fn() -> u64) -> Option<Held> {
        if own {
            let named = std::fs::read_to_string(self.folder.join(INSTANCE_FILE)).ok()?;
            if named.trim() != instance {
                tracing::warn!(instance, kept = named.trim(), "the kept configuration is another instance's");
                return None;
            }
        }
        let folder = self.folder.join(folder_name(instance));
        let mut documents = Vec::new();
        let mut expires = Timestamp::MAX;
        let mut version = VERSION_MIN;
        for (identifier, file) in FILES {
            let path = folder.join(file);
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let metadata: Metadata = serde_json::from_slice(&std::fs::read(metadata_path(&path)).ok()?).ok()?;
            if metadata.content_identifier != identifier || metadata.instance_identifier != instance {
                return None;
            }
            // The parts came in one directory; should they differ, the sooner end counts.
            expires = expires.min(metadata.expiration_date);
            version = metadata.configuration_version.and_then(|version| version.parse().ok()).unwrap_or(version);
            documents.push(document(identifier, instance, bytes));
        }
        let find = |identifier: &str| documents.iter().find(|known| known.part.identifier == identifier);
        let shared = SharedParameters::read(&find(SHARED_PARAMETERS)?.bytes).ok()?;
        let private = find(PRIVATE_PARAMETERS).map(|known| PrivateParameters::read(&known.bytes)).transpose().ok()?;
        let monitoring = find(MONITORING).map(|known| MonitoringParameters::read(&known.bytes)).transpose().ok()?;
        if shared.instance != instance || (own && private.is_none()) {
            return None;
        }
        let instance = Arc::new(Instance::new(shared, number()));
        Some(Held { instance, private, monitoring, expires, version, documents, url: String::new() })
    }
}

fn document(identifier: &str, instance: &str, bytes: Vec<u8>) -> Document {
    let algorithm = DigestAlgorithm::Sha512;
    let part = DirectoryPart {
        identifier: identifier.to_owned(),
        instance: Some(instance.to_owned()),
        location: String::new(),
        file_name: None,
        algorithm,
        digest: algorithm.digest(&bytes),
    };
    Document { part, bytes: Bytes::from(bytes) }
}

fn metadata_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".metadata");
    PathBuf::from(name)
}

fn remove(path: &Path) -> Result<(), Fault> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(failed(path, cause)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::testing::TempDir;

    fn held(instance: &str, expires: &str) -> Held {
        let shared = SharedParameters { instance: instance.into(), ..SharedParameters::default() };
        let private = PrivateParameters {
            instance: instance.into(),
            time_stamping_interval_s: 60,
            ..PrivateParameters::default()
        };
        let documents = vec![
            document(SHARED_PARAMETERS, instance, shared.to_xml()),
            document(PRIVATE_PARAMETERS, instance, private.to_xml()),
        ];
        Held {
            instance: Arc::new(Instance::new(shared, 1)),
            private: Some(private),
            monitoring: None,
            expires: expires.parse().expect("an instant"),
            version: 5,
            documents,
            url: "http://x".into(),
        }
    }

    #[test]
    fn what_is_kept_is_found_again_with_its_end_and_version() {
        let folder = TempDir::new();
        let kept = Kept::new(folder.path().join("globalconf"));
        assert!(kept.load("AZ", true, &|| 1).is_none());
        let held = held("AZ", "2026-11-23T12:10:00Z");
        kept.save(&held, true).expect("kept");
        kept.save(&held, true).expect("kept again");
        let found = kept.load("AZ", true, &|| 2).expect("found");
        assert_eq!((found.expires, found.version, found.private), (held.expires, 5, held.private));
        assert_eq!(found.instance.shared, held.instance.shared);
        let metadata = folder.path().join("globalconf/AZ/shared-params.xml.metadata");
        let metadata = std::fs::read_to_string(metadata).expect("written");
        let expected = r#"{"contentIdentifier":"SHARED-PARAMETERS","instanceIdentifier":"AZ","expirationDate":"2026-11-23T12:10:00Z","configurationVersion":"5"}"#;
        assert_eq!(metadata, expected);
        assert!(kept.load("EE", true, &|| 3).is_none(), "another instance's folder");
        kept.forget("AZ").expect("gone");
        kept.forget("AZ").expect("gone already");
        assert!(kept.load("AZ", true, &|| 3).is_none());
    }

    #[test]
    fn what_is_spoilt_is_not_believed() {
        let folder = TempDir::new();
        let kept = Kept::new(folder.path().to_owned());
        let spoil = |file: &str, bytes: &[u8]| {
            kept.save(&held("AZ", "2026-11-23T12:10:00Z"), true).expect("kept");
            std::fs::write(folder.path().join(file), bytes).expect("written");
            assert!(kept.load("AZ", true, &|| 1).is_none(), "{file}");
        };
        spoil("AZ/shared-params.xml", b"no XML");
        spoil("AZ/private-params.xml.metadata", b"{}");
        spoil("AZ/shared-params.xml", &held("EE", "2026-11-23T12:10:00Z").instance.shared.to_xml());
        spoil("instance-identifier", b"EE");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for (instance, expected) in [("AZ", "AZ"), ("..", "%2E%2E"), ("a/b", "a%2Fb"), ("a.b", "a.b")] {
            assert_eq!(folder_name(instance), expected);
        }
    }
}
