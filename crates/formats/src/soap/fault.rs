//! SOAP 1.1 faults (§4.4) in the shape that security servers answer with.

use super::ENVELOPE;
use crate::xml::{Element, escape};
use bytes::Bytes;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub code: String,
    pub string: String,
    pub actor: Option<String>,
    /// Text of the first element in `detail`: the number under which the server's log knows more.
    pub detail: Option<String>,
    /// The envelope in UTF-8 as it was received, for those who hand it on; none when we say it ourselves.
    pub received: Option<Bytes>,
}

impl Fault {
    pub(super) fn from_element(fault: &Element, received: Bytes) -> Fault {
        let text = |name: &str| {
            fault.children.iter().find(|child| child.name == name).map(|child| child.text.trim().to_owned())
        };
        let detail = fault.children.iter().find(|child| child.name == "detail");
        let detail = detail.map(|detail| detail.children.first().unwrap_or(detail).text.trim().to_owned());
        Fault {
            // A prefix such as SOAP-ENV: belongs to the qualified name, not to the code.
            code: text("faultcode").unwrap_or_default(),
            string: text("faultstring").unwrap_or_default(),
            actor: text("faultactor").filter(|actor| !actor.is_empty()),
            detail: detail.filter(|detail| !detail.is_empty()),
            received: Some(received),
        }
    }

    /// The whole envelope.
    pub fn to_bytes(&self) -> Vec<u8> {
        let detail = self.detail.as_deref().map_or(String::new(), |detail| {
            format!("<detail><faultDetail xmlns=\"\">{}</faultDetail></detail>", escape(detail))
        });
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SOAP-ENV:Envelope xmlns:SOAP-ENV=\"{ENVELOPE}\"><SOAP-ENV:Body>\
             <SOAP-ENV:Fault><faultcode>{}</faultcode><faultstring>{}</faultstring><faultactor>{}</faultactor>{detail}\
             </SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>",
            escape(&self.code),
            escape(&self.string),
            escape(self.actor.as_deref().unwrap_or_default()),
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Parsed, read, read_as};
    use super::*;

    #[test]
    fn a_fault_is_read_back() {
        let fault = Fault {
            code: "server.serverproxy.access_denied".into(),
            string: "no <right>".into(),
            actor: None,
            detail: Some("1-2-3".into()),
            received: None,
        };
        let bytes = Bytes::from(fault.to_bytes());
        assert_eq!(read(bytes.clone()), Ok(Parsed::Fault(Fault { received: Some(bytes), ..fault })));
    }

    #[test]
    fn a_fault_in_another_charset_is_kept_in_utf_8() {
        let text = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><e:Fault><faultcode>e:Server\
            </faultcode><faultstring>\u{c9}</faultstring></e:Fault></e:Body></e:Envelope>";
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("latin")).collect();
        let Ok(Parsed::Fault(fault)) = read_as(latin.into(), Some("ISO-8859-1")) else { panic!("a fault") };
        assert_eq!((fault.string.as_str(), fault.received.as_deref()), ("\u{c9}", Some(text.as_bytes())));
    }
}
