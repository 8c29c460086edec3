//! Reading the monitoring requests. They are judged as their schema says, in its order; anything else is a bad request.

use super::{ENVIRONMENT, OP_MONITORING};
use crate::opmonitor::OUTPUT_FIELDS;
use formats::{
    identifier::{ClientId, read_client},
    xml::Element,
};

/// What is asked of the operational data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    /// In seconds since 1970; both ends are meant.
    pub from_s: i64,
    pub to_s: i64,
    pub provider: Option<ClientId>,
    /// Empty: all fields.
    pub fields: Vec<String>,
}

/// The children must be among `names`, in this order, each at most once.
fn sequence<'a>(parent: &'a Element, namespace: &str, names: &[&str]) -> Result<Vec<Option<&'a Element>>, String> {
    let mut found = vec![None; names.len()];
    let mut next = 0;
    for child in &parent.children {
        let place = names.iter().position(|name| child.is(namespace, name));
        match place.filter(|place| *place >= next) {
            Some(place) => {
                found[place] = Some(child);
                next = place + 1;
            }
            None => return Err(format!("element {} is not expected in {}", child.name, parent.name)),
        }
    }
    Ok(found)
}

fn number(element: Option<&Element>, name: &str) -> Result<i64, String> {
    let element = element.ok_or_else(|| format!("{name} is missing"))?;
    element.text.trim().parse().map_err(|_| format!("{name} is no number of seconds"))
}

fn client(element: Option<&Element>) -> Result<Option<ClientId>, String> {
    element.map(|element| read_client(element).map_err(|error| format!("client: {error}"))).transpose()
}

fn fields(element: Option<&Element>, namespace: &str) -> Result<Vec<String>, String> {
    let Some(element) = element else { return Ok(Vec::new()) };
    let field = |child: &Element| {
        let right = child.is(namespace, "outputField");
        right.then(|| child.text.trim().to_owned()).ok_or_else(|| format!("element {} is no output field", child.name))
    };
    element.children.iter().map(field).collect()
}

pub(super) fn read_search(body: &Element) -> Result<Search, String> {
    let parts = sequence(body, OP_MONITORING, &["searchCriteria", "outputSpec"])?;
    let criteria = parts[0].ok_or("searchCriteria is missing")?;
    let fields = fields(parts[1], OP_MONITORING)?;
    if let Some(unknown) = fields.iter().find(|field| !OUTPUT_FIELDS.contains(&field.as_str())) {
        return Err(format!("there is no output field {unknown}"));
    }
    let parts = sequence(criteria, OP_MONITORING, &["recordsFrom", "recordsTo", "client"])?;
    let (from_s, to_s) = (number(parts[0], "recordsFrom")?, number(parts[1], "recordsTo")?);
    if from_s < 0 || to_s < 0 {
        return Err("a time before 1970".to_owned());
    }
    if to_s < from_s {
        return Err("recordsTo is before recordsFrom".to_owned());
    }
    Ok(Search { from_s, to_s, provider: client(parts[2])?, fields })
}

/// The provider to whose services the health data is limited.
pub(super) fn read_health(body: &Element) -> Result<Option<ClientId>, String> {
    match sequence(body, OP_MONITORING, &["filterCriteria"])?[0] {
        Some(criteria) => client(sequence(criteria, OP_MONITORING, &["client"])?[0]),
        None => Ok(None),
    }
}

/// Names of the wanted metrics; empty: all.
pub(super) fn read_metrics(body: &Element) -> Result<Vec<String>, String> {
    fields(sequence(body, ENVIRONMENT, &["outputSpec"])?[0], ENVIRONMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::xml;

    fn search(inside: &str) -> Result<Search, String> {
        let text =
            format!("<om:x xmlns:om=\"{OP_MONITORING}\" xmlns:id=\"http://x-road.eu/xsd/identifiers\">{inside}</om:x>");
        read_search(&xml::read(text.as_bytes()).expect("well formed"))
    }

    const TIMES: &str = "<om:recordsFrom>10</om:recordsFrom><om:recordsTo>20</om:recordsTo>";

    fn criteria(inside: &str) -> String {
        format!("<om:searchCriteria>{inside}</om:searchCriteria>")
    }

    #[test]
    fn what_the_schema_allows_is_read() {
        let plain = Search { from_s: 10, to_s: 20, provider: None, fields: Vec::new() };
        assert_eq!(search(&criteria(TIMES)), Ok(plain.clone()));
        let spec = "<om:outputSpec><om:outputField>faultCode</om:outputField></om:outputSpec>";
        let wanted = Search { fields: vec!["faultCode".to_owned()], ..plain.clone() };
        assert_eq!(search(&format!("{}{spec}", criteria(TIMES))), Ok(wanted));
        assert_eq!(search(&format!("{}<om:outputSpec/>", criteria(TIMES))), Ok(plain));
        let client = "<om:client id:objectType=\"SUBSYSTEM\"><id:xRoadInstance>AZ</id:xRoadInstance>\
            <id:memberClass>GOV</id:memberClass><id:memberCode>1</id:memberCode>\
            <id:subsystemCode>desk</id:subsystemCode></om:client>";
        let filtered = search(&criteria(&format!("{TIMES}{client}"))).expect("read");
        assert_eq!(filtered.provider, ClientId::parse("AZ/GOV/1/desk"));
        let half = client.replace("<id:subsystemCode>desk</id:subsystemCode>", "");
        assert!(search(&criteria(&format!("{TIMES}{half}"))).is_err());
    }

    #[test]
    fn everything_else_is_a_bad_request() {
        let from = "<om:recordsFrom>10</om:recordsFrom>";
        for inside in [
            String::new(),
            "<om:searchCriteria/>".to_owned(),
            criteria(from),
            criteria("<om:recordsTo>20</om:recordsTo>"),
            criteria("<om:recordsTo>20</om:recordsTo><om:recordsFrom>10</om:recordsFrom>"),
            criteria("<om:recordsFrom>20</om:recordsFrom><om:recordsTo>10</om:recordsTo>"),
            criteria("<om:recordsFrom>-1</om:recordsFrom><om:recordsTo>10</om:recordsTo>"),
            criteria("<om:recordsFrom>soon</om:recordsFrom><om:recordsTo>10</om:recordsTo>"),
            criteria(&format!("{TIMES}<om:other/>")),
            format!("{}<om:outputSpec><om:outputField>salary</om:outputField></om:outputSpec>", criteria(TIMES)),
            format!("{}<om:outputSpec><om:field/></om:outputSpec>", criteria(TIMES)),
            format!("{}{}", criteria(TIMES), criteria(TIMES)),
        ] {
            assert!(search(&inside).is_err(), "{inside}");
        }
    }
}
