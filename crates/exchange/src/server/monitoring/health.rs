//! The answer of `getSecurityServerHealthData` (monitoring protocol §3).

use super::OP_MONITORING;
use crate::opmonitor::{HEALTH_PERIOD_S, ServiceHealth, Spread};
use formats::{
    identifier::{IDENTIFIERS, write_service},
    xml::escape,
};

pub(super) fn to_xml(services: &[ServiceHealth], started_ms: i64) -> String {
    let events: String = services.iter().map(service_events).collect();
    format!(
        "<om:getSecurityServerHealthDataResponse xmlns:om=\"{OP_MONITORING}\" xmlns:id=\"{IDENTIFIERS}\">\
         <om:monitoringStartupTimestamp>{started_ms}</om:monitoringStartupTimestamp>\
         <om:statisticsPeriodSeconds>{HEALTH_PERIOD_S}</om:statisticsPeriodSeconds>\
         <om:servicesEvents>{events}</om:servicesEvents></om:getSecurityServerHealthDataResponse>"
    )
}

fn service_events(known: &ServiceHealth) -> String {
    let mut out = format!("<om:serviceEvents>{}", write_service("om:service", &known.service));
    let mut optional = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            out.push_str(&format!("<om:{name}>{}</om:{name}>", escape(&value)));
        }
    };
    optional("lastSuccessfulRequestTimestamp", known.last_success_ms.map(|at| at.to_string()));
    optional("lastUnsuccessfulRequestTimestamp", known.last_failure_ms.map(|at| at.to_string()));
    optional("serviceType", known.kind.clone());
    out.push_str(&format!(
        "<om:lastPeriodStatistics><om:successfulRequestCount>{}</om:successfulRequestCount>\
         <om:unsuccessfulRequestCount>{}</om:unsuccessfulRequestCount>",
        known.succeeded, known.failed
    ));
    for (what, numbers) in [("Duration", known.duration_ms), ("Size", known.request_bytes)]
        .map(|(what, numbers)| (format!("request{what}"), numbers))
    {
        spread(&mut out, &what, numbers);
    }
    spread(&mut out, "responseSize", known.response_bytes);
    out.push_str("</om:lastPeriodStatistics></om:serviceEvents>");
    out
}

/// `requestMinDuration`, `requestAverageDuration`, `requestMaxDuration`, `requestDurationStdDev`.
fn spread(out: &mut String, what: &str, numbers: Option<Spread>) {
    let Some(Spread { least, mean, most, deviation }) = numbers else { return };
    let (role, kind) = what.split_at(what.find(|letter: char| letter.is_ascii_uppercase()).unwrap_or(what.len()));
    out.push_str(&format!(
        "<om:{role}Min{kind}>{least}</om:{role}Min{kind}><om:{role}Average{kind}>{mean}</om:{role}Average{kind}>\
         <om:{role}Max{kind}>{most}</om:{role}Max{kind}><om:{role}{kind}StdDev>{deviation}</om:{role}{kind}StdDev>"
    ));
}
