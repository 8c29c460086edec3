//! Fills the registers with the generated population, once: each register in one transaction, a second start does nothing.

use super::lists::{Lists, RecordRule};
use super::population::{Draft, Population, generate};
use crate::Register;
use crate::record::{Loaded, NewRecord};
use crate::schema::Entity;
use base::{Date, Fault};
use formats::merkle::leaf_hash;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// Under which a register remembers that it was filled.
const NAME: &str = "population";

/// What the registers hold now.
#[derive(Debug, PartialEq, Eq)]
pub struct Seeded {
    /// Whether this start filled anything.
    pub fresh: bool,
    pub records: i64,
    /// Register code and digest of its content.
    pub digests: BTreeMap<String, String>,
}

/// Fills every register that the lists have records for and that is still empty. `registers` go by the last part of their
/// identifier (`iamas`). `today` is used at the first start only: later starts keep the day of the first, so that registers
/// filled by two attempts belong together.
pub async fn seed_all(
    lists: &Lists,
    registers: &BTreeMap<String, Arc<Register>>,
    count: usize,
    today: Date,
) -> Result<Seeded, Fault> {
    let mut done: BTreeMap<&str, Loaded> = BTreeMap::new();
    let mut empty: Vec<&str> = Vec::new();
    for code in lists.records.iter().map(|rule| rule.register.as_str()) {
        if done.contains_key(code) || empty.contains(&code) {
            continue;
        }
        match register(registers, code)?.loaded(NAME).await? {
            Some(loaded) => _ = done.insert(code, loaded),
            None => empty.push(code),
        }
    }
    let day = done.values().next().map_or(today, |loaded| loaded.as_of);
    let fresh = !empty.is_empty();
    if fresh {
        let population = generate(lists, count, day)?;
        for code in empty {
            let rules = lists.records.iter().filter(|rule| rule.register == code);
            let loaded = fill(register(registers, code)?, rules, &population, day).await?;
            done.insert(code, loaded);
        }
    }
    Ok(Seeded {
        fresh,
        records: done.values().map(|loaded| loaded.records).sum(),
        digests: done.into_iter().map(|(code, loaded)| (code.to_owned(), loaded.digest)).collect(),
    })
}

fn register<'a>(registers: &'a BTreeMap<String, Arc<Register>>, code: &str) -> Result<&'a Arc<Register>, Fault> {
    registers.get(code).ok_or_else(|| Fault::new("fill the registers", format!("there is no register {code}")))
}

async fn fill(
    register: &Register,
    rules: impl Iterator<Item = &RecordRule>,
    population: &Population,
    day: Date,
) -> Result<Loaded, Fault> {
    let mut loading = register.loading().await?;
    let mut records = 0;
    let mut digest = [0; 32];
    for rule in rules {
        let entity = register.schema().entity(&rule.entity);
        let drafts = population.parts.get(rule.of.as_str());
        let (Some(entity), Some(drafts)) = (entity, drafts) else {
            let what = format!("no {} of {} from {}", rule.entity, rule.register, rule.of);
            return Err(Fault::new("fill the registers", what));
        };
        // In the order of their keys a B-tree is filled without being torn up.
        let mut batch: Vec<NewRecord> = drafts.iter().map(|draft| record(entity, draft)).collect();
        batch.sort_by(|one, other| one.key.cmp(&other.key));
        for record in &batch {
            digest = leaf_hash(&[&digest[..], record.document.as_bytes()].concat());
        }
        loading.put(entity, &batch).await?;
        records += batch.len();
    }
    let digest = base::hex(&digest);
    loading.finish(NAME, day, &digest).await?;
    Ok(Loaded { as_of: day, records: i64::try_from(records).expect("a population in memory"), digest })
}

/// The draft in the form of the entity: its fields in their order, absent ones null.
pub(super) fn record(entity: &Entity, draft: &Draft) -> NewRecord {
    let mut document = String::with_capacity(256);
    let (mut indexed, mut unique) = (Vec::new(), Vec::new());
    for field in &entity.fields {
        let value = draft.fields.iter().find(|(code, _)| *code == field.code).map_or("null", |(_, text)| text);
        document.push(if document.is_empty() { '{' } else { ',' });
        write!(document, "\"{}\":{value}", field.code).expect("writing to a text cannot fail");
        if field.indexed && value != "null" {
            // Indexed values are codes and PINs: no escapes within the quotes.
            let entry = (field.code.clone(), value.trim_matches('"').to_owned());
            if field.unique {
                unique.push(entry.clone());
            }
            indexed.push(entry);
        }
    }
    document.push('}');
    NewRecord { key: draft.key.clone(), valid_from: draft.valid_from, document, indexed, unique }
}
