//! The codes that open a chip: PIN1 for log-in, PIN2 for signatures, blocked after three wrong ones, as a real chip does.

use crate::people::{Device, Person, Purpose};
use base::Fault;
use host::{args, store::Store};

/// The demo's codes; the pages show them, because nobody could know them otherwise.
pub const PIN1: &str = "1234";
pub const PIN2: &str = "12345";
const TRIES_MAX: i64 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    Right,
    Wrong { left: i64 },
    Blocked,
}

pub fn right_code(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Authentication => PIN1,
        Purpose::Signature => PIN2,
    }
}

/// Counts the try before it is judged, so that two at once cannot be one.
pub async fn enter(
    store: &Store,
    person: &Person,
    device: Device,
    purpose: Purpose,
    code: &str,
) -> Result<Entered, Fault> {
    let key = args![&person.pin, device.word(), purpose.word()];
    let mut tx = store.begin().await?;
    tx.execute(
        "INSERT INTO simulator_tries (person, device, purpose, tries) VALUES ($1, $2, $3, 0)
         ON CONFLICT (person, device, purpose) DO NOTHING",
        &key,
    )
    .await?;
    let counted = tx
        .execute(
            "UPDATE simulator_tries SET tries = tries + 1 WHERE person = $1 AND device = $2 AND purpose = $3 AND tries < 3",
            &key,
        )
        .await?;
    let row = tx
        .query_opt("SELECT tries FROM simulator_tries WHERE person = $1 AND device = $2 AND purpose = $3", &key)
        .await?;
    let tries = row.map_or(TRIES_MAX, |row| row.int("tries"));
    let entered = match (counted, code.trim() == right_code(purpose)) {
        (0, _) => Entered::Blocked,
        (_, true) => Entered::Right,
        (_, false) if tries >= TRIES_MAX => Entered::Blocked,
        (_, false) => Entered::Wrong { left: TRIES_MAX - tries },
    };
    if entered == Entered::Right {
        reset(&mut tx, person, device, purpose).await?;
    }
    tx.commit().await?;
    Ok(entered)
}

pub async fn is_blocked(store: &Store, person: &Person, device: Device, purpose: Purpose) -> Result<bool, Fault> {
    let row = store
        .query_opt(
            "SELECT tries FROM simulator_tries WHERE person = $1 AND device = $2 AND purpose = $3",
            &args![&person.pin, device.word(), purpose.word()],
        )
        .await?;
    Ok(row.is_some_and(|row| row.int("tries") >= TRIES_MAX))
}

/// Where a real holder would need the PUK.
pub async fn unblock(store: &Store, person: &Person, device: Device) -> Result<(), Fault> {
    let mut tx = store.begin().await?;
    reset(&mut tx, person, device, Purpose::Authentication).await?;
    reset(&mut tx, person, device, Purpose::Signature).await?;
    tx.commit().await
}

async fn reset(tx: &mut host::store::Tx, person: &Person, device: Device, purpose: Purpose) -> Result<(), Fault> {
    tx.execute(
        "UPDATE simulator_tries SET tries = 0 WHERE person = $1 AND device = $2 AND purpose = $3",
        &args![&person.pin, device.word(), purpose.word()],
    )
    .await?;
    Ok(())
}
