//! Facts of the portal operator's store: cases, signatures, payments, log-ins, documents.

use super::counts::{Count, MEDIAN_US, OF_COUNTRY, OF_SERVICE};
use base::Fault;
use host::{args, store::Store};
use monitor::{Ask, Evidence, Fact, Pointer, evidence::Found};

/// Counts in the store that identity, services, payments, the e-Safe and monitoring share.
pub struct WindowRecords(pub Store);

impl Evidence for WindowRecords {
    fn find<'a>(&'a self, ask: Ask<'a>) -> Found<'a> {
        Box::pin(async move {
            match ask.service {
                Some(service) if ask.fact == "cases.median_decision_s" => self.median(ask, service).await,
                Some(service) => match find(OF_SERVICE, ask.fact) {
                    Some(count) => self.of_service(count, ask, service).await.map(Some),
                    None => Ok(None),
                },
                None => match find(OF_COUNTRY, ask.fact) {
                    Some(count) => self.of_country(count, ask).await.map(Some),
                    None => Ok(None),
                },
            }
        })
    }
}

fn find(counts: &'static [Count], fact: &str) -> Option<&'static Count> {
    counts.iter().find(|count| count.fact == fact)
}

impl WindowRecords {
    async fn of_service(&self, count: &Count, ask: Ask<'_>, service: &str) -> Result<Fact, Fault> {
        let row = self.0.query_opt(count.sql, &args![ask.window.from, ask.window.until, service]).await?;
        Ok(fact(count.source, &row.expect("a count has one row")))
    }

    async fn of_country(&self, count: &Count, ask: Ask<'_>) -> Result<Fact, Fault> {
        let row = self.0.query_opt(count.sql, &args![ask.window.from, ask.window.until]).await?;
        Ok(fact(count.source, &row.expect("a count has one row")))
    }

    /// No decision has no median: nothing to be found.
    async fn median(&self, ask: Ask<'_>, service: &str) -> Result<Option<Fact>, Fault> {
        let decided = find(OF_SERVICE, "cases.decided").expect("it is in the table");
        let decided = self.of_service(decided, ask, service).await?;
        let middle = (decided.value - 1).max(0) / 2;
        let row = self.0.query_opt(MEDIAN_US, &args![ask.window.from, ask.window.until, service, middle]).await?;
        Ok(row.map(|row| Fact { value: row.int("took") / 1_000_000, pointer: decided.pointer }))
    }
}

fn fact(source: &str, row: &host::store::Row) -> Fact {
    let value = row.int("value");
    let leaf = row.opt_int("leaf").and_then(|leaf| u64::try_from(leaf).ok());
    Fact { value, pointer: Pointer { source: source.into(), records: value, leaf, link: None } }
}
