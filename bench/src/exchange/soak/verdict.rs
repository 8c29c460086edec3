//! Holds both logs against what the asking side saw: what was answered is in both, nothing is in either twice.

use super::Asked;
use crate::world::World;
use exchange::messagelog::{Direction, LogFilter};

/// How many records of one direction a message may have.
struct Count {
    requests: usize,
    answers: usize,
}

pub async fn judge(world: &World, asked: &Asked) -> Result<String, String> {
    let answered = asked.values().filter(|answered| **answered).count();
    for code in ["asker", "keeper"] {
        let exchange = world.prepared(code).await;
        let server = exchange.server(code).expect("one of the country's");
        for (message, answered) in asked {
            let filter = LogFilter { message_id: Some(message.clone()), ..LogFilter::default() };
            let records = server.log().records(&filter).await.map_err(|fault| fault.to_string())?;
            let of = |direction| records.iter().filter(|record| record.entry.direction == direction).count();
            let count = Count { requests: of(Direction::Request), answers: of(Direction::Response) };
            check(code, message, *answered, &count)?;
        }
    }
    Ok(format!("{} asked, {answered} answered, each answer in both logs and none twice", asked.len()))
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
