//! What monitoring itself is evidence of: that services were assessed, that bulletins came out, which acts the country lists.

use crate::{
    evidence::{Ask, Evidence, Fact, Found, Pointer},
    methodology::Act,
};
use base::Fault;
use host::{args, store::Store};

pub(crate) struct OwnRecords<'m> {
    pub store: &'m Store,
    pub acts: &'m [Act],
    pub utc_offset_hours: i8,
}

impl Evidence for OwnRecords<'_> {
    fn find<'a>(&'a self, ask: Ask<'a>) -> Found<'a> {
        Box::pin(async move {
            match ask.fact {
                "monitor.snapshots" => self.snapshots(ask).await.map(Some),
                "monitor.bulletins" => self.bulletins(ask).await.map(Some),
                fact => Ok(fact.strip_prefix("law.").map(|kind| self.acts_in_force(kind, ask))),
            }
        })
    }
}

impl OwnRecords<'_> {
    fn acts_in_force(&self, kind: &str, ask: Ask<'_>) -> Fact {
        let today = jiff::tz::offset(self.utc_offset_hours).to_datetime(ask.window.until).date();
        let acts = self.acts.iter().filter(|act| act.fact == kind && act.since <= today).count();
        let records = i64::try_from(acts).expect("a file lists fewer acts than 2^63");
        let pointer = Pointer { source: "methodology/sources.toml".into(), records, leaf: None, link: None };
        Fact { value: records, pointer }
    }

    async fn snapshots(&self, ask: Ask<'_>) -> Result<Fact, Fault> {
        let sql = "SELECT COUNT(*) AS records, MAX(leaf_index) AS leaf FROM monitor_snapshot
            WHERE taken_at >= $1 AND taken_at < $2";
        self.counted(sql, "monitor_snapshot", "/scores", ask).await
    }

    /// A published bulletin has a row for every itemised service.
    async fn bulletins(&self, ask: Ask<'_>) -> Result<Fact, Fault> {
        let sql = "SELECT COUNT(*) AS records, MAX(leaf_index) AS leaf FROM monitor_bulletin
            WHERE published_at >= $1 AND published_at < $2";
        self.counted(sql, "monitor_bulletin", "/bulletin", ask).await
    }

    async fn counted(&self, sql: &'static str, source: &str, link: &str, ask: Ask<'_>) -> Result<Fact, Fault> {
        let row = self.store.query_opt(sql, &args![ask.window.from, ask.window.until]).await?;
        let row = row.expect("a count has one row");
        let records = row.int("records");
        let leaf = row.opt_int("leaf").and_then(|leaf| u64::try_from(leaf).ok());
        let pointer = Pointer { source: source.into(), records, leaf, link: Some(link.into()) };
        Ok(Fact { value: records, pointer })
    }
}
