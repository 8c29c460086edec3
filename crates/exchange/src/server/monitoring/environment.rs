//! `getSecurityServerMetrics` (environment monitoring, reference §2.12): the machine, the program and its certificates.

use super::{ENVIRONMENT, invalid, request};
use crate::{
    fault::{Cause, ExchangeFault, Place},
    server::{SecurityServer, own::OwnAnswer},
};
use formats::{soap, xml::escape};
use host::machine::{self, MachineFacts};

/// A named value, or a named set of them.
enum Metric {
    Text(String),
    Number(u64),
    Set(Vec<(String, Metric)>),
}

impl SecurityServer {
    pub(in super::super) fn metrics(&self, request: &soap::Message) -> Result<OwnAnswer, ExchangeFault> {
        let wanted = request::read_metrics(&request.body).map_err(invalid)?;
        if request.headers.security_server.is_none() {
            let text = "environment data is one server's: the header field securityServer must name it";
            return Err(ExchangeFault::new(Place::ServerProxy, Cause::MissingHeaderField, text));
        }
        let mut system = system_metrics(&machine::facts());
        system.push(("Certificates".to_owned(), Metric::Set(self.certificate_metrics())));
        system.retain(|(name, _)| wanted.is_empty() || wanted.contains(name));
        let server = Metric::Set(vec![
            ("proxyVersion".to_owned(), Metric::Text(env!("CARGO_PKG_VERSION").to_owned())),
            ("systemMetrics".to_owned(), Metric::Set(system)),
        ]);
        let mut body = format!("<m:getSecurityServerMetricsResponse xmlns:m=\"{ENVIRONMENT}\">");
        write(&mut body, &format!("SERVER:{}", self.id), &server);
        body.push_str("</m:getSecurityServerMetricsResponse>");
        Ok(OwnAnswer::of(body))
    }

    fn certificate_metrics(&self) -> Vec<(String, Metric)> {
        let line = |(usage, certificate): (&'static str, formats::x509::Certificate)| {
            let facts = vec![
                ("sha1Hash".to_owned(), Metric::Text(base::hex(&certificate.digest(formats::verify::Digest::Sha1)))),
                ("type".to_owned(), Metric::Text(usage.to_uppercase())),
                ("notBefore".to_owned(), Metric::Text(certificate.not_before().to_string())),
                ("notAfter".to_owned(), Metric::Text(certificate.not_after().to_string())),
            ];
            (format!("certificate-{}", certificate.serial_hex()), Metric::Set(facts))
        };
        self.certificates().into_iter().map(line).collect()
    }
}

/// Names as the field's own monitoring has them.
fn system_metrics(facts: &MachineFacts) -> Vec<(String, Metric)> {
    let mut out = Vec::new();
    if let Some(system) = &facts.operating_system {
        out.push(("OperatingSystem".to_owned(), Metric::Text(system.clone())));
    }
    for (name, value) in [
        ("TotalPhysicalMemory", facts.memory_bytes),
        ("FreePhysicalMemory", facts.memory_free_bytes),
        ("TotalSwapSpace", facts.swap_bytes),
        ("FreeSwapSpace", facts.swap_free_bytes),
        ("CommittedVirtualMemory", facts.program_memory_bytes),
        ("OpenFileDescriptorCount", facts.open_files),
        ("MaxFileDescriptorCount", facts.open_files_max),
    ] {
        if let Some(value) = value {
            out.push((name.to_owned(), Metric::Number(value)));
        }
    }
    out
}

fn write(out: &mut String, name: &str, metric: &Metric) {
    let (tag, inside) = match metric {
        Metric::Text(text) => ("stringMetric", format!("<m:value>{}</m:value>", escape(text))),
        Metric::Number(number) => ("numericMetric", format!("<m:value>{number}</m:value>")),
        Metric::Set(metrics) => {
            let mut inside = String::new();
            metrics.iter().for_each(|(name, metric)| write(&mut inside, name, metric));
            ("metricSet", inside)
        }
    };
    out.push_str(&format!("<m:{tag}><m:name>{}</m:name>{inside}</m:{tag}>", escape(name)));
}
