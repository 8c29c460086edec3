//! Network namespaces on one switch: a process in each, and a link that can be pulled. Needs `ip` (iproute2) and the right
//! to make namespaces. Nothing of it is reachable from outside, and all of it goes when the run ends.

use std::process::Command;

/// One namespace per role; the switch lies in that of the `world`.
pub struct Network {
    prefix: String,
}

/// Roles in the order of their addresses.
const HOSTS: [&str; 4] = ["world", "asker", "keeper", "echo"];

fn ip(words: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(words).output().map_err(|cause| format!("ip (iproute2): {cause}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(format!("ip {}: {complaint}", words.join(" "))) }
}

impl Network {
    pub fn lay() -> Result<Network, String> {
        let network = Network { prefix: format!("p{}", std::process::id()) };
        for role in HOSTS {
            ip(&["netns", "add", &network.namespace(role)])?;
            ip(&["-n", &network.namespace(role), "link", "set", "lo", "up"])?;
        }
        let centre = network.namespace("world");
        ip(&["-n", &centre, "link", "add", "switch", "type", "bridge"])?;
        ip(&["-n", &centre, "link", "set", "switch", "up"])?;
        ip(&["-n", &centre, "addr", "add", &format!("{}/24", network.address("world")), "dev", "switch"])?;
        for role in &HOSTS[1..] {
            let namespace = network.namespace(role);
            ip(&["-n", &centre, "link", "add", role, "type", "veth", "peer", "name", "wire", "netns", &namespace])?;
            ip(&["-n", &centre, "link", "set", role, "master", "switch", "up"])?;
            ip(&["-n", &namespace, "addr", "add", &format!("{}/24", network.address(role)), "dev", "wire"])?;
            ip(&["-n", &namespace, "link", "set", "wire", "up"])?;
        }
        Ok(network)
    }

    pub fn namespace(&self, role: &str) -> String {
        format!("{}-{role}", self.prefix)
    }

    pub fn address(&self, role: &str) -> String {
        let place = HOSTS.iter().position(|host| *host == role).expect("a role of the soak");
        format!("10.77.0.{}", place + 1)
    }

    /// Pulls the plug of a role, or puts it back. The world has the switch: its plug is the switch itself.
    pub fn link(&self, role: &str, up: bool) {
        let state = if up { "up" } else { "down" };
        let link = if role == "world" { "switch" } else { role };
        ip(&["-n", &self.namespace("world"), "link", "set", link, state]).expect("a link of our own");
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for role in HOSTS {
            // One that was never made cannot be taken away.
            let _gone = ip(&["netns", "del", &self.namespace(role)]);
        }
    }
}
