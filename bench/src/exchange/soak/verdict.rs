//! Holds both logs against what the asking side saw: what was answered is in both, nothing is in either twice.

use super::Asked;
use crate::world::World;
use base::Fault;
use exchange::messagelog::{Direction, MessageLog};
use std::collections::HashMap;

/// How many records of one direction a message has.
#[derive(Default)]
struct Count {
    requests: usize,
    answers: usize,
}

pub async fn judge(world: &World, asked: &Asked) -> Result<String, String> {
    let answered = asked.values().filter(|answered| **answered).count();
    let mut logged = 0;
    for code in ["asker", "keeper"] {
        let exchange = world.prepared(code).await;
        let counts = counts(exchange.server(code).expect("one of the country's").log()).await;
        let counts = counts.map_err(|fault| format!("{code}: {fault}"))?;
        for (message, answered) in asked {
            check(code, message, *answered, counts.get(message).unwrap_or(&Count::default()))?;
        }
        logged += counts.values().map(|count| count.requests + count.answers).sum::<usize>();
    }
    Ok(format!(
        "{} asked, {answered} answered, each answer in both logs and none twice in {logged} records",
        asked.len()
    ))
}

/// By message, over the whole log.
async fn counts(log: &MessageLog) -> Result<HashMap<String, Count>, Fault> {
    let (mut counts, mut number) = (HashMap::<String, Count>::new(), 0);
    loop {
        let records = log.records_after(number).await?;
        let Some(last) = records.last() else { return Ok(counts) };
        number = last.number;
        for record in records {
            let count = counts.entry(record.entry.message_id).or_default();
            match record.entry.direction {
                Direction::Request => count.requests += 1,
                Direction::Response => count.answers += 1,
            }
        }
    }
}

fn check(code: &str, message: &str, answered: bool, count: &Count) -> Result<(), String> {
    if count.requests > 1 || count.answers > 1 {
        return Err(format!("{code} logged {message} more than once: {} and {}", count.requests, count.answers));
    }
    if answered && (count.requests != 1 || count.answers != 1) {
        return Err(format!("{message} was answered, and {code} has {} and {}", count.requests, count.answers));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Count, check};

    #[test]
    fn what_is_missing_or_doubled_is_found() {
        let judge = |answered, requests, answers| check("asker", "m", answered, &Count { requests, answers }).is_ok();
        assert!(judge(true, 1, 1) && judge(false, 0, 0) && judge(false, 1, 0) && judge(false, 1, 1));
        assert!(!judge(true, 1, 0) && !judge(true, 0, 0) && !judge(false, 2, 0) && !judge(true, 1, 2));
    }
}
