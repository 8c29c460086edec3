//! Which part listens where: one base, fixed distances, loopback only.

use std::net::{Ipv4Addr, SocketAddr};

/// The port plan of a country on one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    base: u16,
}

/// What listens, in the order of its distance from the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Portal,
    BackOffice,
    Identity,
    Simulators,
    Bank,
    Trust,
    Central,
    Mailbox,
    Smtp,
    /// The management services of the exchange, by TLS.
    Management,
}

impl Ports {
    pub fn from_base(base: u16) -> Ports {
        Ports { base }
    }

    pub fn base(self) -> u16 {
        self.base
    }

    pub fn of(self, door: Door) -> u16 {
        self.base + door as u16
    }

    /// The three ports of the security server number `index`: messages, information systems, OCSP responses.
    pub fn security_server(self, index: u16) -> [u16; 3] {
        let first = self.base + 10 + index * 3;
        [first, first + 1, first + 2]
    }

    /// Information systems by TLS, at the security server number `index`.
    pub fn security_server_tls(self, index: u16) -> u16 {
        self.base + 40 + index
    }

    /// The information system of the register number `index`.
    pub fn register(self, index: u16) -> u16 {
        self.base + 30 + index
    }

    pub fn url(self, door: Door) -> String {
        format!("http://127.0.0.1:{}", self.of(door))
    }
}

/// Ports that a country takes above its base.
const TAKEN: u16 = 60;

/// A base above which everything is free right now, for a country that goes away again.
pub fn free_base() -> Result<u16, String> {
    // Below the ports that the system gives to clients, or one of them could be taken a moment later. Processes begin at
    // different places, so that two of them seldom look at the same ports.
    let (first, end) = (12_000, 19_900);
    let places = u32::from((end - first) / TAKEN);
    let start = first + u16::try_from(std::process::id() % places).expect("few places") * TAKEN;
    let free =
        |base: &u16| (0..TAKEN).all(|distance| std::net::TcpListener::bind(("127.0.0.1", base + distance)).is_ok());
    let step = usize::from(TAKEN);
    let mut bases = (start..end).step_by(step).chain((first..start).step_by(step));
    bases.find(free).ok_or_else(|| "no sixty free ports in a row".to_owned())
}

/// A socket on loopback; the error is one sentence for the operator.
pub async fn listen(port: u16) -> Result<tokio::net::TcpListener, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    tokio::net::TcpListener::bind(address).await.map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("port {port} is taken by another program: stop it, or choose other ports with --port-base")
        }
        _ => format!("port {port} cannot be used: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let ports = Ports::from_base(8800);
        let mut all: Vec<u16> = (0..10).map(|distance| 8800 + distance).collect();
        assert_eq!(ports.of(Door::Smtp), 8808);
        all.extend((0..6).flat_map(|index| ports.security_server(index)));
        all.extend((0..6).map(|index| ports.register(index)));
        all.extend((0..6).map(|index| ports.security_server_tls(index)));
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[tokio::test]
    async fn a_taken_port_is_one_sentence() {
        let held = listen(0).await.expect("any port");
        let port = held.local_addr().expect("bound").port();
        let sentence = listen(port).await.expect_err("taken");
        assert!(sentence.contains("is taken by another program"), "{sentence}");
    }
}
