//! One case with its data: fields by name, files relative to the folder, trust and instant.

use super::kinds::Refused;
use base::Timestamp;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use formats::{
    globalconf::{LocalConfiguration, Trust},
    hashchain::Input,
    identifier::ClientId,
    verify::AlgorithmPolicy,
    x509::{Certificate, from_written},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Until when certificates and OCSP responses over SHA-1 were made in the field; cases of later instants are judged by
/// today's algorithms.
const WEAK_UNTIL: &str = "2018-01-01T00:00:00Z";
/// How members are named by an authority that a case trusts outside of any configuration.
const PROFILE: &str = "ee.ria.xroad.common.certificateprofile.impl.FiVRKCertificateProfileInfoProvider";

/// A folder of vectors.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    pub fn open(path: &Path) -> Result<Self, String> {
        if path.join("cases.json").is_file() || path.join("soap/cases.json").is_file() {
            return Ok(Folder { path: path.to_owned() });
        }
        Err(format!("{}: no cases.json", path.display()))
    }

    pub fn cases(&self) -> Result<Vec<Value>, String> {
        let path = self.path.join("cases.json");
        if !path.is_file() {
            return Ok(Vec::new());
        }
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.path.join(relative)
    }
}

/// A case of a folder.
pub struct Case<'a> {
    pub folder: &'a Folder,
    pub case: &'a Value,
    /// Bytes that are judged in the place of the file's own: for trying whether a change is noticed.
    pub changed: Option<&'a [u8]>,
}

impl Case<'_> {
    pub fn text(&self, field: &str) -> Option<&str> {
        self.case[field].as_str()
    }

    pub fn needed(&self, field: &str) -> Result<&str, Refused> {
        self.text(field).ok_or_else(|| Refused::case(format!("the case has no {field}")))
    }

    pub fn read(&self, relative: &str) -> Result<Vec<u8>, Refused> {
        std::fs::read(self.folder.path(relative)).map_err(|error| Refused::case(format!("{relative}: {error}")))
    }

    /// The bytes under test.
    pub fn file(&self) -> Result<Vec<u8>, Refused> {
        match self.changed {
            Some(changed) => Ok(changed.to_vec()),
            None => self.read(self.needed("file")?),
        }
    }

    /// The files of the folder under `relative`, by their paths in it.
    pub fn files_below(&self, relative: &str) -> Result<BTreeMap<String, Vec<u8>>, Refused> {
        let root = self.folder.path(relative);
        let (mut files, mut left) = (BTreeMap::new(), vec![root.clone()]);
        while let Some(folder) = left.pop() {
            let entries = std::fs::read_dir(&folder).map_err(|error| Refused::case(error.to_string()))?;
            for entry in entries.flatten() {
                let path = entry.path();
                if path.is_dir() {
                    left.push(path);
                    continue;
                }
                let name = path.strip_prefix(&root).expect("read below the folder");
                let bytes = std::fs::read(&path).map_err(|error| Refused::case(error.to_string()))?;
                files.insert(name.to_string_lossy().replace('\\', "/"), bytes);
            }
        }
        Ok(files)
    }

    /// A document that the file refers to by `name`.
    pub fn document(&self, name: &str) -> Option<Vec<u8>> {
        self.case["documents"][name].as_str().and_then(|relative| self.read(relative).ok())
    }

    /// Data that the file covers, by name.
    pub fn inputs(&self) -> Result<Vec<(String, Input)>, Refused> {
        let Some(inputs) = self.case["inputs"].as_object() else { return Ok(Vec::new()) };
        inputs.iter().map(|(name, value)| Ok((name.clone(), self.input(value)?))).collect()
    }

    fn input(&self, value: &Value) -> Result<Input, Refused> {
        let decode = |text: &str| STANDARD.decode(text).map_err(|error| Refused::case(error.to_string()));
        let field = |name: &str| value[name].as_str();
        match (field("path"), field("base64"), field("digest")) {
            _ if value.is_null() => Ok(Input::Absent),
            (Some(path), ..) => Ok(Input::Data(self.read(path)?)),
            (_, Some(data), _) => Ok(Input::Data(decode(data)?)),
            (.., Some(digest)) => Ok(Input::Digest(decode(digest)?)),
            _ => Err(Refused::case("an input is of no known form")),
        }
    }

    /// The bytes of one input.
    pub fn data(&self, name: &str) -> Result<Vec<u8>, Refused> {
        match self.input(&self.case["inputs"][name])? {
            Input::Data(data) => Ok(data),
            _ => Err(Refused::case(format!("input {name} has no data"))),
        }
    }

    pub fn certificates(&self, role: &str) -> Result<Vec<Certificate>, Refused> {
        let paths = self.case["trust"][role].as_array().into_iter().flatten().filter_map(Value::as_str);
        paths.map(|path| certificate(&self.read(path)?)).collect()
    }

    /// Whom the case trusts: its global configuration and the certificates that it names.
    pub fn trust(&self) -> Result<Trust, Refused> {
        let mut trust = match self.text("globalconf") {
            Some(folder) => {
                let local = LocalConfiguration::read(&self.files_below(folder)?);
                local.map_err(|error| Refused::case(error.to_string()))?.trust(algorithms())
            }
            None => {
                let mut trust = Trust::default();
                trust.algorithms = algorithms();
                trust
            }
        };
        self.certificates("ca")?.into_iter().for_each(|authority| trust.approve(authority, PROFILE));
        trust.intermediates.extend(self.certificates("intermediate")?);
        trust.time_stamping.extend(self.certificates("tsa")?);
        Ok(trust)
    }

    pub fn at(&self) -> Result<Timestamp, Refused> {
        self.needed("at")?.parse().map_err(|error: jiff::Error| Refused::case(error.to_string()))
    }

    pub fn signer(&self) -> Result<ClientId, Refused> {
        ClientId::parse(self.needed("signer")?).ok_or_else(|| Refused::case("the signer is no identifier"))
    }

    pub fn is_full(&self) -> bool {
        self.text("scope") == Some("full")
    }
}

pub fn algorithms() -> AlgorithmPolicy {
    AlgorithmPolicy { weak_until: Some(WEAK_UNTIL.parse().expect("an instant")) }
}

pub fn certificate(bytes: &[u8]) -> Result<Certificate, Refused> {
    from_written(bytes).map_err(|error| Refused::case(error.to_string()))
}
