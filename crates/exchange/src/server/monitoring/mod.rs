//! Monitoring services of the server's owner (monitoring protocol and environment monitoring, reference §2.12): what was
//! exchanged, how the services fare, and how the machine is.

mod environment;
mod health;
mod operational;
mod request;

use super::{SecurityServer, own::OwnAnswer};
use crate::{
    configuration::Configuration,
    fault::{Cause, ExchangeFault, Place},
};
use formats::{identifier::ClientId, soap};

/// Namespace of the requests and answers of the monitoring protocol.
const OP_MONITORING: &str = "http://x-road.eu/xsd/op-monitoring.xsd";
/// And of environment monitoring.
const ENVIRONMENT: &str = "http://x-road.eu/xsd/monitoring";

/// The asker's mistake: `client.invalid_request`, as the field's own monitoring says it.
fn invalid(why: impl std::fmt::Display) -> ExchangeFault {
    ExchangeFault::new(Place::Client, Cause::InvalidRequest, why)
}

impl SecurityServer {
    /// The one client that may see the monitoring data of every server.
    fn is_monitoring_client(configuration: &Configuration, client: &ClientId) -> bool {
        configuration.monitoring_client.as_ref() == Some(client)
    }

    /// Environment data says much about a server: its owner and the central monitoring client may have it, nobody else.
    pub(super) fn check_environment_access(
        &self,
        configuration: &Configuration,
        client: &ClientId,
    ) -> Result<(), ExchangeFault> {
        if self.id.owner() == *client || Self::is_monitoring_client(configuration, client) {
            return Ok(());
        }
        let text = format!("{client} is neither the owner of the server nor the central monitoring client");
        Err(ExchangeFault::new(Place::ServerProxy, Cause::AccessDenied, text))
    }

    /// `getSecurityServerHealthData`.
    pub(super) fn health_data(&self, request: &soap::Message) -> Result<OwnAnswer, ExchangeFault> {
        let provider = request::read_health(&request.body).map_err(invalid)?;
        let now_s = self.clock.now().as_second();
        let mut services = self.recorder.health().services(now_s);
        services.retain(|known| provider.as_ref().is_none_or(|provider| known.service.provider == *provider));
        Ok(OwnAnswer::of(health::to_xml(&services, self.started.as_millisecond())))
    }
}
