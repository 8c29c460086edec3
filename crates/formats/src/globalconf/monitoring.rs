//! The optional part MONITORING: the one client that may ask every security server for its monitoring data.

use super::{ParameterError, open_conf};
use crate::{
    identifier::{ClientId, read_client, write_client},
    xml,
};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonitoringParameters {
    /// Nobody beside a server's owner when absent.
    pub client: Option<ClientId>,
}

impl MonitoringParameters {
    /// The document `monitoring-params.xml`.
    pub fn to_xml(&self) -> Vec<u8> {
        let client = self.client.iter().map(|client| write_client("monitoringClientId", client)).collect::<String>();
        format!("{}<monitoringClient>{client}</monitoringClient></tns:conf>", open_conf()).into_bytes()
    }

    pub fn read(document: &[u8]) -> Result<Self, ParameterError> {
        let root = xml::read(document).map_err(|error| ParameterError(error.to_string()))?;
        let holder = root.child("", "monitoringClient").ok_or_else(|| ParameterError("no monitoringClient".into()))?;
        let client = holder.child("", "monitoringClientId").map(read_client).transpose();
        Ok(MonitoringParameters { client: client.map_err(|error| ParameterError(error.to_string()))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_read_back_and_may_be_absent() {
        for client in [None, ClientId::parse("AZ/GOV/1/monitor")] {
            let parameters = MonitoringParameters { client };
            assert_eq!(MonitoringParameters::read(&parameters.to_xml()), Ok(parameters));
        }
        assert!(MonitoringParameters::read(b"<conf/>").is_err());
    }
}
