//! Facts of the exchange's traffic and of the registers behind it, where this process holds their stores.

use base::Fault;
use host::{args, store::Store};
use monitor::{Ask, Evidence, Fact, Pointer, Window, evidence::Found, methodology::RegisterOrigin};
use std::collections::BTreeSet;

/// Operational monitoring of the security servers. Each exchange is counted once, at the server of the member that answered.
pub struct Traffic {
    pub servers: Vec<Store>,
    pub registers: Vec<RegisterOrigin>,
}

impl Evidence for Traffic {
    fn find<'a>(&'a self, ask: Ask<'a>) -> Found<'a> {
        Box::pin(async move {
            if ask.service.is_some() || self.servers.is_empty() {
                return Ok(None);
            }
            if ask.fact == "exchange.messages" {
                return self.messages(ask.window).await.map(Some);
            }
            let read = ask.fact.strip_prefix("exchange.").and_then(|rest| rest.strip_suffix("_readers"));
            match read.and_then(|name| self.registers.iter().find(|register| register.fact == name)) {
                Some(register) => self.readers(register, ask.window).await.map(Some),
                None => Ok(None),
            }
        })
    }
}

impl Traffic {
    async fn messages(&self, window: Window) -> Result<Fact, Fault> {
        let sql = "SELECT COUNT(*) AS value FROM exchange_traffic
            WHERE request_in_at >= $1 AND request_in_at < $2 AND side = 'producer' AND succeeded = 1";
        let mut messages = 0;
        for server in &self.servers {
            let row = server.query_opt(sql, &args![window.from, window.until]).await?;
            messages += row.expect("a count has one row").int("value");
        }
        Ok(fact("exchange_traffic", messages, messages))
    }

    /// Members, other than the register's own, whose questions were answered.
    async fn readers(&self, register: &RegisterOrigin, window: Window) -> Result<Fact, Fault> {
        let sql = "SELECT client, COUNT(*) AS value FROM exchange_traffic
            WHERE request_in_at >= $1 AND request_in_at < $2 AND side = 'producer' AND succeeded = 1
              AND service LIKE $3 GROUP BY client";
        let pattern = format!("{}/%", register.subsystem);
        let (mut members, mut messages) = (BTreeSet::new(), 0);
        for server in &self.servers {
            for row in server.query(sql, &args![window.from, window.until, pattern.as_str()]).await? {
                let member = member_of(row.text("client"));
                if member != member_of(&register.subsystem) {
                    messages += row.int("value");
                    members.insert(member.to_owned());
                }
            }
        }
        let members = i64::try_from(members.len()).expect("there are fewer members than 2^63");
        Ok(fact("exchange_traffic", members, messages))
    }
}

/// `AZ/GOV/10003` of `AZ/GOV/10003/iamas`.
fn member_of(subsystem: &str) -> &str {
    subsystem.rsplit_once('/').map_or(subsystem, |(member, _)| member)
}

/// The registers whose stores this process holds, by the identifier of their subsystem.
pub struct RegisterRecords {
    pub stores: Vec<(String, Store)>,
    pub registers: Vec<RegisterOrigin>,
}

impl Evidence for RegisterRecords {
    fn find<'a>(&'a self, ask: Ask<'a>) -> Found<'a> {
        Box::pin(async move {
            let name = ask.fact.strip_prefix("registers.").filter(|_| ask.service.is_none());
            let Some(register) = name.and_then(|name| self.registers.iter().find(|register| register.fact == name))
            else {
                return Ok(None);
            };
            let Some((_, store)) = self.stores.iter().find(|(subsystem, _)| *subsystem == register.subsystem) else {
                return Ok(None);
            };
            let sql = "SELECT COUNT(DISTINCT record_key) AS value FROM registers_record WHERE entity = $1";
            let mut records = 0;
            for entity in &register.entities {
                let row = store.query_opt(sql, &args![entity.as_str()]).await?;
                records += row.expect("a count has one row").int("value");
            }
            Ok(Some(fact("registers_record", records, records)))
        })
    }
}

fn fact(source: &str, value: i64, records: i64) -> Fact {
    Fact { value, pointer: Pointer { source: source.into(), records, leaf: None, link: None } }
}
