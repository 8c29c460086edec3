//! A global configuration as a security server keeps it on disk, and as it hands it out for verification: a folder per
//! instance with parameters and their metadata. Bytes come from the caller: nothing is opened here.

use super::{ParameterError, PrivateParameters, SharedParameters, Trust};
use crate::verify::AlgorithmPolicy;
use std::collections::BTreeMap;

const INSTANCE_FILE: &str = "instance-identifier";
const SHARED_FILE: &str = "shared-params.xml";
const PRIVATE_FILE: &str = "private-params.xml";
/// What a file without metadata, or with metadata that name no version, is (configuration version 2 named none).
const VERSION_WITHOUT_NAME: &str = "2";

/// The configurations of one server.
#[derive(Debug, Clone)]
pub struct LocalConfiguration {
    /// The server's own instance.
    pub instance: String,
    /// By name of the instance.
    pub instances: Vec<LocalInstance>,
}

#[derive(Debug, Clone)]
pub struct LocalInstance {
    pub instance: String,
    pub shared: Option<Versioned<SharedParameters>>,
    pub private: Option<Versioned<PrivateParameters>>,
}

/// Parameters with the version of the configuration that they came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    pub version: String,
    pub parameters: T,
}

impl LocalConfiguration {
    /// From the files of the folder, by their paths in it (`EE/shared-params.xml`). An instance whose parameters cannot be
    /// read is left out; a folder that does not say whose it is, is none.
    pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, ParameterError> {
        let missing = || ParameterError(format!("no {INSTANCE_FILE}"));
        let own = files.get(INSTANCE_FILE).ok_or_else(missing)?;
        let own = std::str::from_utf8(own).map_err(|_| missing())?.trim().to_owned();
        let mut folders: Vec<&str> = files.keys().filter_map(|path| Some(path.split_once('/')?.0)).collect();
        folders.dedup();
        let instances = folders.into_iter().filter_map(|folder| LocalInstance::read(files, folder)).collect();
        Ok(LocalConfiguration { instance: own, instances })
    }

    pub fn shared(&self) -> impl Iterator<Item = &SharedParameters> {
        self.instances.iter().filter_map(|instance| Some(&instance.shared.as_ref()?.parameters))
    }

    /// Whom a judge with this configuration trusts.
    pub fn trust(&self, algorithms: AlgorithmPolicy) -> Trust {
        let mut trust = Trust::from_parameters(&self.instance, self.shared());
        trust.algorithms = algorithms;
        trust
    }
}

impl LocalInstance {
    fn read(files: &BTreeMap<String, Vec<u8>>, folder: &str) -> Option<Self> {
        let shared = versioned(files, folder, SHARED_FILE, &|document| SharedParameters::read(document).ok())?;
        let private = versioned(files, folder, PRIVATE_FILE, &|document| PrivateParameters::read(document).ok())?;
        let none = shared.is_none() && private.is_none();
        (!none).then(|| LocalInstance { instance: folder.to_owned(), shared, private })
    }
}

/// `None` when the file is there and cannot be read; `Some(None)` when it is not there.
fn versioned<T>(
    files: &BTreeMap<String, Vec<u8>>,
    folder: &str,
    name: &str,
    read: &dyn Fn(&[u8]) -> Option<T>,
) -> Option<Option<Versioned<T>>> {
    let Some(document) = files.get(&format!("{folder}/{name}")) else { return Some(None) };
    let parameters = read(document)?;
    let metadata = files.get(&format!("{folder}/{name}.metadata"));
    let metadata: Option<serde_json::Value> = metadata.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let named = match metadata.as_ref().map(|metadata| &metadata["configurationVersion"]) {
        Some(serde_json::Value::String(version)) => Some(version.clone()),
        Some(serde_json::Value::Number(version)) => Some(version.to_string()),
        _ => None,
    };
    Some(Some(Versioned { version: named.unwrap_or_else(|| VERSION_WITHOUT_NAME.to_owned()), parameters }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(instance: &str) -> Vec<u8> {
        SharedParameters { instance: instance.into(), ocsp_freshness_s: 60, ..SharedParameters::default() }.to_xml()
    }

    #[test]
    fn a_folder_per_instance_and_bad_ones_left_out() {
        let mut files = BTreeMap::from([
            ("instance-identifier".to_owned(), b"AZ\n".to_vec()),
            ("AZ/shared-params.xml".to_owned(), shared("AZ")),
            ("AZ/shared-params.xml.metadata".to_owned(), br#"{"configurationVersion":"6"}"#.to_vec()),
            ("BB/shared-params.xml".to_owned(), shared("BB")),
            ("CC/shared-params.xml".to_owned(), b"no XML".to_vec()),
            ("DD/other".to_owned(), Vec::new()),
        ]);
        let local = LocalConfiguration::read(&files).expect("a configuration");
        let versions: Vec<(&str, &str)> = local
            .instances
            .iter()
            .map(|one| (one.instance.as_str(), one.shared.as_ref().expect("shared").version.as_str()))
            .collect();
        assert_eq!((local.instance.as_str(), versions), ("AZ", vec![("AZ", "6"), ("BB", "2")]));
        assert_eq!(local.trust(AlgorithmPolicy::default()).ocsp_freshness_s, 60);
        files.remove("instance-identifier");
        assert!(LocalConfiguration::read(&files).is_err());
    }
}
