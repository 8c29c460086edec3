//! The country folder, read once and whole: what every part needs of it, or every problem that it has.

use base::Localized;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything that the files of a country say.
pub struct CountryFolder {
    /// The folder's own name, `az`.
    pub code: String,
    pub trust: trust::Settings,
    pub exchange: exchange::country::Country,
    /// By subsystem code, in the order of the codes.
    pub registers: BTreeMap<String, registers::Schema>,
    pub people: registers::people::Lists,
    pub catalogue: Arc<services::catalogue::Catalogue>,
    pub tariff: payments::Tariff,
    pub notices: notify::Templates,
    pub methodology: Arc<monitor::Methodology>,
    pub portal: PortalFile,
}

/// `portal.toml`: what the windows of this country are.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalFile {
    /// The portal's own subsystem on the exchange.
    pub client: String,
    /// Hours ahead of UTC, all year.
    pub utc_offset_hours: i8,
    /// Names of the windows as log-in shows them.
    pub portal_name: Localized,
    pub back_office_name: Localized,
    /// The data service that says for whom a person may act, and the purpose under which it is asked.
    pub mandates_service: String,
    pub mandates_purpose: String,
    /// The data service that tells how a person is reached, and the purpose under which it is asked.
    pub contact_service: String,
    pub contact_purpose: String,
}

impl PortalFile {
    /// Code of the member that operates the portal, out of `AZ/GOV/10001/portal`.
    pub fn operator(&self) -> &str {
        self.client.split('/').nth(2).unwrap_or_default()
    }
}

impl CountryFolder {
    /// Reads the folder; every problem that is found, as lines for the person who edits the files.
    pub fn load(folder: &Path) -> Result<CountryFolder, Vec<String>> {
        let mut problems = Vec::new();
        if !folder.is_dir() {
            return Err(vec![format!("{} is not a country folder: name one with --country", folder.display())]);
        }
        let one = |problem: String| vec![problem];
        let trust = take(
            &mut problems,
            read(folder, "trust.toml").and_then(|text| named("trust.toml", trust::Settings::parse(&text))),
        );
        let exchange =
            take(&mut problems, exchange::country::Country::load(folder).map_err(|error| one(error.to_string())));
        let registers = take(&mut problems, load_registers(&folder.join("registers")));
        let people =
            take(&mut problems, registers::people::Lists::load(folder).map_err(|fault| one(fault.to_string())));
        let catalogue = services::catalogue::load(folder);
        let catalogue = take(&mut problems, catalogue.map_err(|found| found.iter().map(ToString::to_string).collect()));
        let tariff =
            read(folder, "payments.toml").and_then(|text| named("payments.toml", payments::Tariff::parse(&text)));
        let tariff = take(&mut problems, tariff);
        let notices = take(&mut problems, notify::Templates::load(&folder.join("notices")).map_err(one));
        let methodology = monitor::Methodology::load(&folder.join("methodology"));
        let methodology = take(&mut problems, methodology.map_err(|error| one(error.to_string())));
        let portal =
            read(folder, "portal.toml").and_then(|text| named("portal.toml", toml::from_str::<PortalFile>(&text)));
        let portal = take(&mut problems, portal);
        let code = folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let parts = (trust, exchange, registers, people, catalogue, tariff, notices, methodology, portal);
        let (
            Some(trust),
            Some(exchange),
            Some(registers),
            Some(people),
            Some(catalogue),
            Some(tariff),
            Some(notices),
            Some(methodology),
            Some(portal),
        ) = parts
        else {
            return Err(problems);
        };
        Ok(CountryFolder {
            code: code.unwrap_or_default(),
            trust,
            exchange,
            registers,
            people,
            catalogue: Arc::new(catalogue),
            tariff,
            notices,
            methodology: Arc::new(methodology),
            portal,
        })
    }
}

fn take<T>(problems: &mut Vec<String>, part: Result<T, Vec<String>>) -> Option<T> {
    part.map_err(|found| problems.extend(found)).ok()
}

fn read(folder: &Path, name: &str) -> Result<String, Vec<String>> {
    let file = folder.join(name);
    std::fs::read_to_string(&file).map_err(|cause| vec![format!("{}: {cause}", file.display())])
}

fn named<T, E: std::fmt::Display>(file: &str, part: Result<T, E>) -> Result<T, Vec<String>> {
    part.map_err(|cause| vec![format!("{file}: {cause}")])
}

/// Every folder below `registers/` is a register.
fn load_registers(folder: &Path) -> Result<BTreeMap<String, registers::Schema>, Vec<String>> {
    let entries = std::fs::read_dir(folder).map_err(|cause| vec![format!("{}: {cause}", folder.display())])?;
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    let (mut schemas, mut problems) = (BTreeMap::new(), Vec::new());
    for path in folders {
        let code = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match registers::schema::load(&path) {
            Ok(schema) => _ = schemas.insert(code, schema),
            Err(found) => problems.extend(found.iter().map(ToString::to_string)),
        }
    }
    if problems.is_empty() { Ok(schemas) } else { Err(problems) }
}
