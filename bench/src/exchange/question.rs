//! What is asked and what the echo answers: SOAP and REST, with a body of a given size.

use super::load::Question;
use bytes::Bytes;
use http_body_util::Full;
use std::sync::Arc;

pub const CLIENT: &str = "AZ/GOV/1/desk";
pub const PROVIDER: &str = "AZ/GOV/2/book";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    Soap,
    Rest,
    /// Straight to the information system or to the floor, which know no protocol.
    Plain,
}

impl Wording {
    pub fn name(self) -> &'static str {
        match self {
            Wording::Soap => "soap",
            Wording::Rest => "rest",
            Wording::Plain => "plain",
        }
    }
}

struct Asked {
    wording: Wording,
    /// Without the number, which stands between the two.
    before: String,
    after: String,
    size_bytes: usize,
}

/// A question whose message (SOAP) or body (REST, plain) has `size_bytes`.
pub fn question(wording: Wording, size_bytes: usize) -> Arc<dyn Question> {
    let (before, mut after) = match wording {
        Wording::Soap => soap(),
        Wording::Rest | Wording::Plain => ("{\"number\":\"".to_owned(), "\",\"text\":\"\"}".to_owned()),
    };
    const NUMBER_BYTES: usize = 10;
    let missing = size_bytes.saturating_sub(before.len() + NUMBER_BYTES + after.len());
    let place = match wording {
        Wording::Soap => after.find("</ex:text>"),
        Wording::Rest | Wording::Plain => after.rfind("\"}"),
    };
    after.insert_str(place.expect("both forms have room for a text"), &filling(missing));
    Arc::new(Asked { wording, before, after, size_bytes })
}

/// Text as records have it: words, not one letter repeated.
fn filling(size_bytes: usize) -> String {
    "Salary of the month 2026-10 as declared by the employer. ".chars().cycle().take(size_bytes).collect()
}

fn soap() -> (String, String) {
    let before = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SOAP-ENV:Envelope \
         xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xroad=\"http://x-road.eu/xsd/xroad.xsd\" \
         xmlns:id=\"http://x-road.eu/xsd/identifiers\"><SOAP-ENV:Header>\
         <xroad:client id:objectType=\"SUBSYSTEM\"><id:xRoadInstance>AZ</id:xRoadInstance>\
         <id:memberClass>GOV</id:memberClass><id:memberCode>1</id:memberCode>\
         <id:subsystemCode>desk</id:subsystemCode></xroad:client>\
         <xroad:service id:objectType=\"SERVICE\"><id:xRoadInstance>AZ</id:xRoadInstance>\
         <id:memberClass>GOV</id:memberClass><id:memberCode>2</id:memberCode>\
         <id:subsystemCode>book</id:subsystemCode><id:serviceCode>page</id:serviceCode>\
         <id:serviceVersion>v1</id:serviceVersion></xroad:service><xroad:id>";
    let after = "</xroad:id><xroad:protocolVersion>4.0</xroad:protocolVersion></SOAP-ENV:Header><SOAP-ENV:Body>\
         <ex:page xmlns:ex=\"urn:bench\"><ex:text></ex:text></ex:page></SOAP-ENV:Body></SOAP-ENV:Envelope>";
    (before.to_owned(), after.to_owned())
}

impl Question for Asked {
    fn request(&self, number: u64) -> http::Request<Full<Bytes>> {
        let body = format!("{}{number:010}{}", self.before, self.after);
        let builder = match self.wording {
            Wording::Soap => http::Request::post("/").header("content-type", "text/xml; charset=UTF-8"),
            Wording::Rest => http::Request::post(format!("/r1/{PROVIDER}/page"))
                .header("content-type", "application/json")
                .header("x-road-client", CLIENT),
            Wording::Plain => http::Request::post("/rest/page").header("content-type", "application/json"),
        };
        builder.header("host", "127.0.0.1").body(Full::new(Bytes::from(body))).expect("a request")
    }

    /// An echo is as long as what was asked, or longer; a fault is shorter or says so.
    fn is_answer(&self, status: http::StatusCode, body: &[u8]) -> bool {
        let fits = status == http::StatusCode::OK && body.len() >= self.size_bytes;
        let fault = body.windows(7).take(600).any(|window| window == b":Fault>");
        fits && !fault
    }
}

/// The answer of the information system: for SOAP the same envelope with the answer's element, else the same bytes.
pub fn echo(is_soap: bool, body: Bytes) -> Bytes {
    if !is_soap {
        return body;
    }
    let text = String::from_utf8_lossy(&body);
    Bytes::from(text.replace("<ex:page ", "<ex:pageResponse ").replace("</ex:page>", "</ex:pageResponse>"))
}
