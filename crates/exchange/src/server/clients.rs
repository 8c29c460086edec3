//! How each client of the server stands with the central server (reference §2.13): what was asked for it last, and whether
//! the configuration has it. Only a registered client exchanges messages; the others wait, or are told why not.

use super::SecurityServer;
use base::Fault;
use formats::identifier::ClientId;
use host::{
    args,
    store::{Migration, Store},
};
use std::collections::HashMap;

pub(crate) const MIGRATIONS: &[Migration] = &[Migration {
    part: "exchange_clients",
    number: 1,
    sql: "CREATE TABLE exchange_client_asked (
    client TEXT NOT NULL PRIMARY KEY,
    asked TEXT NOT NULL,
    at BIGINT NOT NULL
);",
}];

/// The states of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientState {
    /// Here alone: nobody has been asked.
    Saved,
    RegistrationInProgress,
    Registered,
    DeletionInProgress,
    DisablingInProgress,
    Disabled,
    EnablingInProgress,
    /// It was registered, nobody here asked for anything else, and the configuration has it no more.
    GlobalError,
}

impl ClientState {
    pub fn name(self) -> &'static str {
        match self {
            ClientState::Saved => "SAVED",
            ClientState::RegistrationInProgress => "REGISTRATION_IN_PROGRESS",
            ClientState::Registered => "REGISTERED",
            ClientState::DeletionInProgress => "DELETION_IN_PROGRESS",
            ClientState::DisablingInProgress => "DISABLING_IN_PROGRESS",
            ClientState::Disabled => "DISABLED",
            ClientState::EnablingInProgress => "ENABLING_IN_PROGRESS",
            ClientState::GlobalError => "GLOBAL_ERROR",
        }
    }

    /// From what was asked last, or seen, and whether the configuration has the client.
    fn of(asked: Option<&str>, registered: bool) -> ClientState {
        match (asked, registered) {
            (Some("clientDeletion"), true) => ClientState::DeletionInProgress,
            (Some("clientDisable"), true) => ClientState::DisablingInProgress,
            (_, true) => ClientState::Registered,
            (None | Some("clientDeletion"), false) => ClientState::Saved,
            (Some("clientReg"), false) => ClientState::RegistrationInProgress,
            (Some("clientDisable"), false) => ClientState::Disabled,
            (Some("clientEnable"), false) => ClientState::EnablingInProgress,
            (Some(_), false) => ClientState::GlobalError,
        }
    }
}

/// What stands for "it was seen registered" where a service code stands otherwise.
const SEEN: &str = "registered";

async fn remember(store: &Store, client: &ClientId, asked: &str, at: base::Timestamp) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    let sql = "INSERT INTO exchange_client_asked (client, asked, at) VALUES ($1, $2, $3)
        ON CONFLICT (client) DO UPDATE SET asked = excluded.asked, at = excluded.at";
    tx.execute(sql, &args![client.to_string(), asked, at]).await?;
    tx.commit().await
}

impl SecurityServer {
    /// Every client of this server with its state by the configuration at hand.
    pub async fn client_states(&self) -> Result<Vec<(ClientId, ClientState)>, Fault> {
        let rows = self.store.query("SELECT client, asked FROM exchange_client_asked", &[]).await?;
        let known: HashMap<&str, &str> = rows.iter().map(|row| (row.text("client"), row.text("asked"))).collect();
        let configuration = self.configuration.at_hand();
        let mut states = Vec::new();
        for client in &self.clients {
            let registered = configuration.as_ref().is_some_and(|it| it.is_registered(&self.id, client));
            let asked = known.get(client.to_string().as_str()).copied();
            let state = ClientState::of(asked, registered);
            // What was asked for has happened; should the client vanish now, it is not because of us.
            if state == ClientState::Registered && asked != Some(SEEN) {
                remember(&self.store, client, SEEN, self.clock.now()).await?;
            }
            states.push((client.clone(), state));
        }
        Ok(states)
    }

    /// A request about a client was taken by the central server.
    pub(super) async fn note_asked(&self, client: &ClientId, service_code: &str) {
        if let Err(fault) = remember(&self.store, client, service_code, self.clock.now()).await {
            tracing::warn!(%fault, %client, "the state of a client is not remembered");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_from_what_was_asked_and_what_is_published() {
        for (asked, registered, expected) in [
            (None, false, "SAVED"),
            (None, true, "REGISTERED"),
            (Some("clientReg"), false, "REGISTRATION_IN_PROGRESS"),
            (Some("clientReg"), true, "REGISTERED"),
            (Some("clientDisable"), true, "DISABLING_IN_PROGRESS"),
            (Some("clientDisable"), false, "DISABLED"),
            (Some("clientEnable"), false, "ENABLING_IN_PROGRESS"),
            (Some("clientEnable"), true, "REGISTERED"),
            (Some("clientDeletion"), true, "DELETION_IN_PROGRESS"),
            (Some("clientDeletion"), false, "SAVED"),
            (Some(SEEN), true, "REGISTERED"),
            (Some(SEEN), false, "GLOBAL_ERROR"),
        ] {
            assert_eq!(ClientState::of(asked, registered).name(), expected, "{asked:?} {registered}");
        }
    }
}
