//! The journeys without a browser: a person's steps over HTTP against a running country, and what must be true at the end.

pub mod browser;
mod bulletin;
mod holder;
pub mod html;
mod j01;
mod j08;
mod j11;
mod j12;
mod looks;
mod outage;
pub mod people;
pub mod report;
mod traffic;

use crate::wiring::Running;
use report::{Journey, Report, Walk};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use traffic::Traffic;

/// The journeys that can be walked, in their order.
pub const JOURNEYS: [&str; 4] = ["J01", "J08", "J11", "J12"];

/// Where a running country is, as its ready line says.
pub struct Country {
    pub data: PathBuf,
    pub folder: PathBuf,
    pub portal: String,
    pub back_office: String,
    pub mailbox: String,
    pub pin1: String,
    pub pin2: String,
    /// The information-system port of the portal's own security server.
    pub exchange: String,
}

impl Country {
    /// Reads `ready.json` of the data directory, which a country writes when it is ready.
    pub fn running_in(data: &Path, folder: &Path) -> Result<Country, String> {
        let file = data.join(crate::wiring::READY_FILE);
        let text = std::fs::read_to_string(&file)
            .map_err(|cause| format!("no country runs in {}: {}: {cause}", data.display(), file.display()))?;
        let ready: Json = serde_json::from_str(&text).map_err(|cause| format!("{}: {cause}", file.display()))?;
        let field = |name: &str| {
            let value = ready[name].as_str().map(str::to_owned);
            value.ok_or_else(|| format!("{} does not say {name}", file.display()))
        };
        Ok(Country {
            data: data.to_owned(),
            folder: folder.to_owned(),
            portal: field("portal")?,
            back_office: field("backOffice")?,
            mailbox: field("mailbox")?,
            pin1: field("pin1")?,
            pin2: field("pin2")?,
            exchange: field("exchange")?,
        })
    }
}

/// Walks the journeys in their order; each line that a person should read goes to `show` as it happens.
/// `running` is the country itself when it runs in this process, so that faults can be caused in it.
pub async fn walk(
    country: &Country,
    journeys: &[String],
    mut running: Option<&mut Running>,
    show: &mut (dyn FnMut(&str) + Send),
) -> Result<Report, String> {
    if let Some(unknown) = journeys.iter().find(|id| !JOURNEYS.contains(&id.as_str())) {
        return Err(format!("there is no journey {unknown}; there are {}", JOURNEYS.join(", ")));
    }
    let mut crossings = Traffic::open(country).await?;
    let code =
        country.folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let mut report = Report { country: code.unwrap_or_default(), ok: true, journeys: Vec::new() };
    for id in JOURNEYS {
        if !journeys.is_empty() && !journeys.iter().any(|wanted| wanted == id) {
            continue;
        }
        let began = Instant::now();
        let walk = Walk::new(id, &mut crossings, show);
        // A journey's future is large, and everything that waits for it would be.
        let mut journey = Box::pin(one(country, id, walk, running.as_deref_mut())).await;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        journey.took_ms = took_ms.saturating_sub(journey.aside_ms);
        report.ok &= journey.ok;
        report.journeys.push(journey);
    }
    Ok(report)
}

async fn one(country: &Country, id: &str, mut walk: Walk<'_, Traffic>, running: Option<&mut Running>) -> Journey {
    let walked = match id {
        "J01" => Box::pin(j01::walk(country, &mut walk, running)).await,
        "J08" => j08::walk(country, &mut walk).await,
        "J11" => j11::walk(country, &mut walk).await,
        _ => j12::walk(country, &mut walk).await,
    };
    if let Err(reason) = walked {
        walk.failed(&reason);
    }
    walk.end()
}
