//! In which order the OCSP responders of an authority are asked: some cost money (configuration version 6, `costType`).

use super::{CertificateAuthority, OcspResponder, SharedParameters};
use crate::{verify::Strength, x509::Certificate};

/// What a security server prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponderOrder {
    /// As the configuration lists them.
    None,
    FreeFirst,
    PaidFirst,
    OnlyFree,
    OnlyPaid,
}

impl ResponderOrder {
    pub const ALL: [ResponderOrder; 5] = [
        ResponderOrder::None,
        ResponderOrder::FreeFirst,
        ResponderOrder::PaidFirst,
        ResponderOrder::OnlyFree,
        ResponderOrder::OnlyPaid,
    ];

    /// The setting's value in the field.
    pub fn name(self) -> &'static str {
        match self {
            ResponderOrder::None => "NONE",
            ResponderOrder::FreeFirst => "FREE_FIRST",
            ResponderOrder::PaidFirst => "PAID_FIRST",
            ResponderOrder::OnlyFree => "ONLY_FREE",
            ResponderOrder::OnlyPaid => "ONLY_PAID",
        }
    }

    /// Groups in the order in which they are asked; a responder without a cost is of undefined cost.
    fn costs(self) -> &'static [&'static [&'static str]] {
        const UNDEFINED: &[&str] = &["UNDEFINED"];
        match self {
            ResponderOrder::None => &[&["FREE", "PAID", "UNDEFINED"]],
            ResponderOrder::FreeFirst => &[&["FREE"], &["PAID"], UNDEFINED],
            ResponderOrder::PaidFirst => &[&["PAID"], &["FREE"], UNDEFINED],
            ResponderOrder::OnlyFree => &[&["FREE"]],
            ResponderOrder::OnlyPaid => &[&["PAID"]],
        }
    }

    fn sort(self, responders: &[OcspResponder]) -> Vec<&OcspResponder> {
        let cost = |responder: &OcspResponder| match responder.cost.as_deref() {
            Some(cost @ ("FREE" | "PAID")) => cost.to_owned(),
            _ => "UNDEFINED".to_owned(),
        };
        let mut sorted = Vec::new();
        for group in self.costs() {
            sorted.extend(responders.iter().filter(|responder| group.contains(&cost(responder).as_str())));
        }
        sorted
    }
}

impl SharedParameters {
    /// The addresses of the responders of the authority that issued `certificate`, in `order`; of the first approved
    /// authority whose key made it. Which algorithms are good is no question here: nothing is believed yet.
    pub fn responder_addresses(&self, certificate: &Certificate, order: ResponderOrder) -> Vec<&str> {
        let authorities = self.approved_cas.iter().flat_map(|ca| std::iter::once(&ca.top).chain(&ca.intermediates));
        let issued = |authority: &&CertificateAuthority| {
            Certificate::from_der(&authority.certificate)
                .is_ok_and(|issuer| certificate.is_issued_by_as_of(&issuer, Strength::Past))
        };
        let responders = authorities.filter(issued).map(|authority| authority.responders.as_slice()).next();
        order.sort(responders.unwrap_or_default()).into_iter().map(|responder| responder.url.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_decide_the_order_and_the_document_decides_among_equals() {
        let responder = |url: &str, cost: Option<&str>| OcspResponder {
            url: url.into(),
            certificate: None,
            cost: cost.map(str::to_owned),
        };
        let listed = [
            responder("a", Some("PAID")),
            responder("b", None),
            responder("c", Some("FREE")),
            responder("d", Some("UNDEFINED")),
            responder("e", Some("PAID")),
        ];
        for (order, expected) in ResponderOrder::ALL.into_iter().zip(["abcde", "caebd", "aecbd", "c", "ae"]) {
            let found: String = order.sort(&listed).iter().map(|responder| responder.url.as_str()).collect();
            assert_eq!(found, expected, "{}", order.name());
        }
    }
}
