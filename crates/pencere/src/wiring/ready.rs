//! What a country says when it is ready: where everything is and who may log in. And the daily work of monitoring.

use super::World;
use super::folder::CountryFolder;
use crate::ports::{Door, Ports};
use base::{Signer, Timestamp, clock};
use host::http::Shutdown;
use host::store::Store;
use monitor::Monitor;
use serde_json::json;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

pub struct Ready {
    ports: Ports,
    logins: Vec<Login>,
}

struct Login {
    pin: String,
    name: String,
    phone: String,
    about: base::Localized,
}

const ADDRESSES: [(&str, Door); 8] = [
    ("portal", Door::Portal),
    ("backOffice", Door::BackOffice),
    ("identity", Door::Identity),
    ("simulators", Door::Simulators),
    ("bank", Door::Bank),
    ("trust", Door::Trust),
    ("central", Door::Central),
    ("mailbox", Door::Mailbox),
];

impl Ready {
    pub fn of(country: &CountryFolder, ports: Ports) -> Ready {
        let login = |person: &registers::people::DemoPerson| Login {
            pin: person.pin.as_str().to_owned(),
            name: format!("{} {}", person.given_name, person.surname),
            phone: person.phone.clone(),
            about: person.about.clone(),
        };
        Ready { ports, logins: country.people.demo.people.iter().map(login).collect() }
    }

    pub fn json(&self) -> String {
        let mut line = json!({ "ready": true, "pid": std::process::id() });
        for (name, door) in ADDRESSES {
            line[name] = self.ports.url(door).into();
        }
        line["exchange"] = format!("http://127.0.0.1:{}", self.ports.security_server(0)[1]).into();
        line["pin1"] = simulator::PIN1.into();
        line["pin2"] = simulator::PIN2.into();
        let login =
            |login: &Login| json!({ "pin": login.pin, "name": login.name, "phone": login.phone, "about": login.about });
        line["logins"] = self.logins.iter().map(login).collect();
        line.to_string()
    }

    pub fn greeting(&self) -> String {
        let url = |door| self.ports.url(door);
        let mut text = format!(
            "Pencere is open.\n\n  portal        {}\n  back office   {}\n  cards, phones {}\n  mailbox       {}\n  scoreboard    {}/en/scores\n\n",
            url(Door::Portal),
            url(Door::BackOffice),
            url(Door::Simulators),
            url(Door::Mailbox),
            url(Door::Portal)
        );
        let (pin1, pin2) = (simulator::PIN1, simulator::PIN2);
        let intro = format!("Log in with the card or the phone of (PIN1 {pin1} to log in, PIN2 {pin2} to sign):\n");
        text.push_str(&intro);
        for login in &self.logins {
            writeln!(text, "  {}  {}: {}", login.pin, login.name, login.about.en).expect("writing to a text");
        }
        text.push_str("\nCtrl-C ends it; the next start goes on where this one ended.");
        text
    }
}

/// Snapshot and bulletin when they are due, under a signed head of the log; again when the next one is.
pub async fn keep_up(monitor: Monitor, store: Store, log_key: Arc<dyn Signer>, world: World, shutdown: Shutdown) {
    loop {
        let next = match monitor.keep_up(log_key.as_ref()).await {
            Ok(next) => next,
            Err(failure) => {
                tracing::error!(?failure, "the daily work of monitoring");
                later(world.clock.now())
            }
        };
        if let Err(fault) = host::audit::sign_tree_head(&store, log_key.as_ref(), world.clock.now()).await {
            tracing::error!(%fault, "signing the head of the log");
        }
        let wait = next.as_microsecond().saturating_sub(world.clock.now().as_microsecond()).clamp(0, LOOK_AGAIN_US);
        let wait = Duration::from_micros(u64::try_from(wait).unwrap_or_default()).max(Duration::from_secs(1));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shutdown.wait() => return,
        }
    }
}

/// A clock that jumps is noticed after this time at the latest.
const LOOK_AGAIN_US: i64 = 600 * 1_000_000;

fn later(now: Timestamp) -> Timestamp {
    clock::from_micros(now.as_microsecond() + LOOK_AGAIN_US)
}
