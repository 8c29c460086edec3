//! Downloads for information systems: signed containers of their own messages (`/asic`) and the configuration that an
//! auditor needs to judge them (`/verificationconf`). Errors are plain text, as in the field.

use super::{Asker, SecurityServer, ports::asker};
use crate::{
    archive::{MIMETYPE, container_name, escape, export_into, unnamed},
    configuration::Configuration,
    messagelog::{Direction, LogRecord},
};
use axum::{
    Router,
    body::Body,
    extract::{Query, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use base::Fault;
use bytes::Bytes;
use formats::identifier::ClientId;
use futures_util::stream::try_unfold;
use std::{
    fs::File,
    io::{Cursor, Seek, Write},
    path::Path,
    sync::Arc,
};
use tokio::io::AsyncReadExt;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

type Server = State<Arc<SecurityServer>>;
type Parameters = Query<Vec<(String, String)>>;

const ZIP: &str = "application/zip";
const BLOCK_BYTES: usize = 64 * 1024;
/// The version of the configuration that is written.
const VERSION: &str = "6";

pub(super) fn router() -> Router<Arc<SecurityServer>> {
    Router::new().route("/asic", get(asic)).route("/verificationconf", get(verification_configuration))
}

/// Why a download is refused.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, [(header::CONTENT_TYPE, "text/plain; charset=UTF-8")], self.1).into_response()
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        tracing::warn!(%fault, "a download");
        Refused(StatusCode::INTERNAL_SERVER_ERROR, fault.attempt.to_owned())
    }
}

fn bad(text: impl Into<String>) -> Refused {
    Refused(StatusCode::BAD_REQUEST, text.into())
}

/// What is asked for.
#[derive(Debug)]
struct Wanted {
    message_id: String,
    direction: Option<Direction>,
    unique: bool,
    force: bool,
}

fn parameter<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn needed(parameters: &[(String, String)], name: &str) -> Result<String, Refused> {
    let value = parameter(parameters, name).map(str::to_owned);
    value.ok_or_else(|| bad(format!("Parameter \"{name}\" must be specified.")))
}

fn client(parameters: &[(String, String)]) -> Result<ClientId, Refused> {
    Ok(ClientId {
        instance: needed(parameters, "xRoadInstance")?,
        class: needed(parameters, "memberClass")?,
        member: needed(parameters, "memberCode")?,
        subsystem: parameter(parameters, "subsystemCode").map(str::to_owned),
    })
}

impl Wanted {
    fn read(parameters: &[(String, String)]) -> Result<Wanted, Refused> {
        let has = |name| parameter(parameters, name).is_some();
        let direction = match (has("requestOnly"), has("responseOnly")) {
            (true, true) => return Err(bad("\"requestOnly\" and \"responseOnly\" cannot be used together.")),
            (true, false) => Some(Direction::Request),
            (false, true) => Some(Direction::Response),
            (false, false) => None,
        };
        let unique = has("unique");
        if unique && direction.is_none() {
            return Err(bad("\"unique\" goes with \"requestOnly\" or \"responseOnly\"."));
        }
        Ok(Wanted { message_id: needed(parameters, "queryId")?, direction, unique, force: has("force") })
    }
}

async fn asic(State(server): Server, Query(parameters): Parameters, parts: Parts) -> Response {
    match server.containers(&asker(&parts), &parameters).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    }
}

impl SecurityServer {
    async fn containers(&self, asker: &Asker, parameters: &[(String, String)]) -> Result<Response, Refused> {
        let client = client(parameters)?;
        if !self.clients.contains(&client) {
            return Err(Refused(StatusCode::UNAUTHORIZED, format!("{client} is not a client of this server.")));
        }
        if !self.speaks_for(asker).contains(&&client) {
            let text = format!("This information system may not speak for {client}.");
            return Err(Refused(StatusCode::UNAUTHORIZED, text));
        }
        let wanted = Wanted::read(parameters)?;
        let records = self.wanted(&client, &wanted).await?;
        if wanted.unique {
            let [record] = &records[..] else {
                return Err(Refused(StatusCode::INTERNAL_SERVER_ERROR, "There are several such messages.".to_owned()));
            };
            let (name, record) = (container_name(record), record.clone());
            let packed = self.pack(move |out, _| export_into(&record, out)).await?;
            return Ok(attachment(MIMETYPE, &name, packed).await?);
        }
        let only = wanted.direction.map_or_else(String::new, |direction| format!("-{}", direction.name()));
        let name = format!("{}{only}.zip", escape(&wanted.message_id));
        let packed = self.pack(move |out, folder| write_all(&records, out, folder)).await?;
        Ok(attachment(ZIP, &name, packed).await?)
    }

    /// In a file without a name, so that a download of any size costs no memory.
    async fn pack(
        &self,
        write: impl FnOnce(File, &Path) -> Result<File, Fault> + Send + 'static,
    ) -> Result<File, Fault> {
        let folder = self.log.folder().to_owned();
        let packed = move || {
            let mut file = write(unnamed(&folder)?, &folder)?;
            file.rewind().map_err(failed)?;
            Ok(file)
        };
        tokio::task::spawn_blocking(packed).await.map_err(failed)?
    }

    /// The client's messages of that identifier, all with their time-stamps.
    async fn wanted(&self, client: &ClientId, wanted: &Wanted) -> Result<Vec<LogRecord>, Refused> {
        let mut forced = false;
        loop {
            let mut records = self.log.of_message(&wanted.message_id, &client.to_string()).await?;
            records.retain(|record| wanted.direction.is_none_or(|only| record.entry.direction == only));
            if records.is_empty() {
                return Err(Refused(StatusCode::NOT_FOUND, "No signed documents found".to_owned()));
            }
            if records.iter().all(LogRecord::is_stamped) {
                return Ok(records);
            }
            let failed = |text: &str| Refused(StatusCode::INTERNAL_SERVER_ERROR, text.to_owned());
            if !wanted.force || forced {
                return Err(failed("Message signature has not been timestamped yet!"));
            }
            forced = true;
            if let Err(fault) = self.stamp_now().await {
                tracing::warn!(%fault, "a download");
                return Err(failed("Could not create missing timestamp!"));
            }
        }
    }
}

fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .large_file(true)
}

fn failed(cause: impl std::fmt::Display) -> Fault {
    Fault::new("pack a download", cause)
}

fn write_all(records: &[LogRecord], out: File, folder: &Path) -> Result<File, Fault> {
    let mut zip = ZipWriter::new(out);
    for record in records {
        let mut container = export_into(record, unnamed(folder)?)?;
        container.rewind().map_err(failed)?;
        zip.start_file(container_name(record), stored()).map_err(failed)?;
        std::io::copy(&mut container, &mut zip).map_err(failed)?;
    }
    zip.finish().map_err(failed)
}

async fn attachment(kind: &'static str, name: &str, file: File) -> Result<Response, Fault> {
    let size_bytes = file.metadata().map_err(failed)?.len();
    let read = async |mut file: tokio::fs::File| {
        let mut block = vec![0; BLOCK_BYTES];
        let count = file.read(&mut block).await?;
        block.truncate(count);
        Ok::<_, std::io::Error>((count > 0).then(|| (Bytes::from(block), file)))
    };
    let body = Body::from_stream(try_unfold(tokio::fs::File::from_std(file), read));
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_LENGTH, size_bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}

/// The configuration in the layout of a server's own folder: everybody may judge what everybody may know.
async fn verification_configuration(State(server): Server) -> Response {
    let Some(configuration) = server.configuration.at_hand() else {
        return Refused(StatusCode::INTERNAL_SERVER_ERROR, "There is no configuration yet.".to_owned()).into_response();
    };
    match verification_zip(&configuration) {
        Ok(zip) => {
            let headers =
                [(header::CONTENT_TYPE, ZIP), (header::CONTENT_DISPOSITION, "filename=\"verificationconf.zip\"")];
            (headers, zip).into_response()
        }
        Err(fault) => Refused::from(fault).into_response(),
    }
}

fn verification_zip(configuration: &Configuration) -> Result<Vec<u8>, Fault> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut put = |name: String, bytes: &[u8]| -> Result<(), Fault> {
        zip.start_file(name, stored()).map_err(failed)?;
        zip.write_all(bytes).map_err(failed)
    };
    let own = &configuration.shared;
    for shared in std::iter::once(own).chain(configuration.partners().map(|partner| &partner.instance.shared)) {
        let path = format!("verificationconf/{}/shared-params.xml", shared.instance);
        put(path.clone(), &shared.to_xml())?;
        let metadata = serde_json::json!({ "configurationVersion": VERSION });
        put(format!("{path}.metadata"), metadata.to_string().as_bytes())?;
    }
    put("verificationconf/instance-identifier".to_owned(), own.instance.as_bytes())?;
    Ok(zip.finish().map_err(failed)?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Result<(ClientId, Wanted), (u16, String)> {
        let query: Vec<_> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let text = |refused: Refused| (refused.0.as_u16(), refused.1);
        Ok((client(&query).map_err(text)?, Wanted::read(&query).map_err(text)?))
    }

    #[test]
    fn what_is_asked_for_must_be_whole() {
        let whole = [("xRoadInstance", "AZ"), ("memberClass", "GOV"), ("memberCode", "1"), ("queryId", "m-1")];
        let (client, wanted) = read(&whole).expect("whole");
        assert_eq!(
            (client.to_string().as_str(), wanted.message_id.as_str(), wanted.unique),
            ("AZ/GOV/1", "m-1", false)
        );
        for missing in 0..whole.len() {
            let mut query = whole.to_vec();
            let (name, _) = query.remove(missing);
            let (status, text) = read(&query).expect_err("refused");
            assert_eq!(status, 400);
            assert!(text.contains(name), "{text}");
        }
        for more in [&[("requestOnly", ""), ("responseOnly", "")][..], &[("unique", "")]] {
            assert_eq!(read(&[&whole[..], more].concat()).expect_err("refused").0, 400);
        }
        let (_, wanted) =
            read(&[&whole[..], &[("unique", ""), ("responseOnly", ""), ("force", "")]].concat()).expect("whole");
        assert!(wanted.unique && wanted.force && wanted.direction == Some(Direction::Response));
    }
}
