//! What monitoring itself is evidence of: that services were assessed and that bulletins came out.

use crate::evidence::{Ask, Evidence, Fact, Found, Pointer};
use base::Fault;
use host::{args, store::Store};

pub(crate) struct OwnRecords(pub Store);

impl Evidence for OwnRecords {
    fn find<'a>(&'a self, ask: Ask<'a>) -> Found<'a> {
        Box::pin(async move {
            match ask.fact {
                "monitor.snapshots" => self.snapshots(ask).await.map(Some),
                "monitor.bulletins" => self.bulletins(ask).await.map(Some),
                _ => Ok(None),
            }
        })
    }
}

impl OwnRecords {
    async fn snapshots(&self, ask: Ask<'_>) -> Result<Fact, Fault> {
        let sql = "SELECT COUNT(*) AS records, MAX(leaf_index) AS leaf FROM monitor_snapshot
            WHERE taken_at >= $1 AND taken_at < $2";
        self.counted(sql, "monitor_snapshot", "/scoreboard/snapshots", ask).await
    }

    /// A published bulletin has a row for every itemised service.
    async fn bulletins(&self, ask: Ask<'_>) -> Result<Fact, Fault> {
        let sql = "SELECT COUNT(*) AS records, MAX(leaf_index) AS leaf FROM monitor_bulletin
            WHERE published_at >= $1 AND published_at < $2";
        self.counted(sql, "monitor_bulletin", "/bulletin", ask).await
    }

    async fn counted(&self, sql: &'static str, source: &str, link: &str, ask: Ask<'_>) -> Result<Fact, Fault> {
        let row = self.0.query_opt(sql, &args![ask.window.from, ask.window.until]).await?;
        let row = row.expect("a count has one row");
        let records = row.int("records");
        let leaf = row.opt_int("leaf").and_then(|leaf| u64::try_from(leaf).ok());
        let pointer = Pointer { source: source.into(), records, leaf, link: Some(link.into()) };
        Ok(Fact { value: records, pointer })
    }
}
