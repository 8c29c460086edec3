//! `write` data services: another agency enters a record. The same record again is the same answer; another content under
//! the same key is refused.

use super::Reply;
use crate::Refusal;
use crate::access::{Access, AccessKind};
use crate::question::Admitted;
use crate::record::{self, AsOf, Provenance};
use crate::schema::Entity;
use base::{Date, Fault, Timestamp};
use host::store::Tx;
use serde_json::{Value as Json, json};

pub(crate) async fn enter(
    tx: &mut Tx,
    asked: &Admitted<'_>,
    entity: &Entity,
    today: Date,
    now: Timestamp,
) -> Result<Reply, Fault> {
    let document = asked.input.as_object().expect("admit has read the record");
    let key = asked.text(&entity.key);
    let answer = json!({ entity.key.as_str(): key });
    let by = Provenance { valid_from: today, recorded_at: now, recorded_by: &asked.reader.client, reason: "recorded" };
    if let Err(field) = record::claim_unique(tx, entity, key, document).await? {
        return Ok(refused(Refusal::ValueTaken(field)));
    }
    if record::append(tx, entity, key, 1, document, &by).await? {
        let about = document.get(&entity.person).and_then(Json::as_str).unwrap_or(key).to_owned();
        let fields = document.iter().filter(|(_, value)| !value.is_null()).map(|(code, _)| code.clone()).collect();
        let accesses = vec![Access { kind: AccessKind::Input, about, fields, found: true }];
        return Ok(Reply { body: Ok(answer), accesses });
    }
    let known = record::as_of_in(tx, &entity.code, key, AsOf { valid: today, known: Timestamp::MAX }).await?;
    let same = known.is_some_and(|version| version.document.as_object() == Some(document));
    Ok(if same { Reply { body: Ok(answer), accesses: Vec::new() } } else { refused(Refusal::RecordDiffers) })
}

pub(crate) fn refused(refusal: Refusal) -> Reply {
    Reply { body: Err(refusal), accesses: Vec::new() }
}
