//! The protocol under bad luck, decided by a seed: wires cut at any byte, late and doubled questions, clocks that jump,
//! authorities and configurations that go away and come back, certificates that are revoked. Whatever happens: an answered
//! exchange stands in both logs, nothing stands there twice, the information system is asked at most once for one
//! transmission, and when everything is well again the next question is answered without anybody's help.

use crate::{
    asking::question,
    relay::{Relay, Way, Weather},
    world::World,
};
use base::{
    Chance, SeededChance,
    dataservice::{AskError, DataServices, Wording},
};
use exchange::messagelog::{Direction, LogFilter};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::net::TcpListener;

/// How many seeds and how many steps of each: a few in every test run, many in `cargo xtask soak`.
#[expect(clippy::disallowed_methods, reason = "the long form is asked for by whoever starts the tests")]
fn extent() -> (u64, u64) {
    let number = |name: &str, few: u64| {
        std::env::var(name).map_or(few, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
    };
    (number("PENCERE_SOAK_SEEDS", 3), number("PENCERE_SOAK_STEPS", 60))
}

/// After so many steps all troubles end, and it must recover: an authority that stays away would be the only trouble.
const HEALED_EVERY: u64 = 50;

/// The second handshake with a peer is cut, after the first was refused for want of an OCSP response.
const ONCE_RED: [u64; 1] = [32];

/// How old the certificates are when a story begins: more than its clock is ever set back.
const OLD_S: i64 = 3_600;

/// What happens in one step.
#[derive(Debug, Clone, Copy)]
enum Event {
    Ask,
    /// The same message identifier twice at once, as an information system does that lost its patience.
    AskTwice,
    AskWhile(Weather),
    CutIdleConnections,
    ClockForward(i64),
    ClockBack(i64),
    Publish,
    Ocsp(bool),
    Stamping(bool),
    Stamp,
}

fn draw(chance: &SeededChance) -> Event {
    let way = if chance.below(2) == 0 { Way::There } else { Way::Back };
    match chance.below(24) {
        0..=4 => Event::Ask,
        5 => Event::AskTwice,
        6..=10 => Event::AskWhile(Weather::Cut(way, chance.below(9_000))),
        11 => Event::AskWhile(Weather::Slow(Duration::from_millis(1 + chance.below(20)))),
        12 => Event::AskWhile(Weather::Closed),
        13 => Event::CutIdleConnections,
        14 => Event::ClockForward(seconds(chance, 5_000)),
        15 => Event::ClockBack(seconds(chance, 50)),
        16..=19 => Event::Publish,
        20 => Event::Ocsp(chance.below(3) > 0),
        21 => Event::Stamping(chance.below(3) > 0),
        22 => Event::ClockForward(seconds(chance, 60)),
        _ => Event::Stamp,
    }
}

fn seconds(chance: &SeededChance, below: u64) -> i64 {
    i64::try_from(chance.below(below)).expect("small")
}

/// A world whose two servers see each other over a wire that the story holds.
struct Stage {
    world: World,
    relay: Arc<Relay>,
    /// How often each message identifier was asked, and answered.
    asked: BTreeMap<String, (u64, u64)>,
    /// By how much the clock was set back in all.
    back_s: i64,
}

impl Stage {
    async fn set() -> Stage {
        let mut world = World::prepared().await;
        let mut listeners = world.listeners.take().expect("not yet running");
        let mut keeper = listeners.take("keeper").expect("a server");
        let behind = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let target = behind.local_addr().expect("bound").to_string();
        let relay = Relay::between(std::mem::replace(&mut keeper.message, behind), target);
        let server = world.exchange.server("keeper").expect("a server").clone();
        let shutdown = world.shutdown.clone();
        tokio::spawn(async move { server.run(keeper, shutdown).await.expect("the server runs") });
        world.listeners = Some(listeners);
        world.start();
        // No clock is set back before the first second of a certificate, where everything is rightly refused.
        world.clock.advance_s(OLD_S);
        world.exchange.central().publish().await.expect("signed");
        Stage { world, relay, asked: BTreeMap::new(), back_s: 0 }
    }

    async fn take(&mut self, number: u64, event: Event, chance: &SeededChance) {
        let authority = self.world.authority.clone();
        match event {
            Event::Ask => self.ask(number, 1, chance).await,
            Event::AskTwice => self.ask(number, 2, chance).await,
            Event::AskWhile(weather) => {
                self.relay.set(weather);
                self.ask(number, 1, chance).await;
                self.relay.set(Weather::Fair);
            }
            Event::CutIdleConnections => self.relay.cut_now(),
            Event::ClockForward(seconds) => self.world.clock.advance_s(seconds),
            Event::ClockBack(seconds) => {
                self.back_s += seconds;
                self.world.clock.advance_s(-seconds);
            }
            Event::Publish => self.world.exchange.central().publish().await.expect("signed"),
            Event::Ocsp(works) => authority.ocsp_down.store(!works, Ordering::SeqCst),
            Event::Stamping(works) => authority.tsa_down.store(!works, Ordering::SeqCst),
            Event::Stamp => {
                for (_, server) in self.world.exchange.servers() {
                    drop(server.stamp_now().await);
                }
            }
        }
    }

    /// Asks under an identifier of its own, so many times at once.
    async fn ask(&mut self, number: u64, times: u64, chance: &SeededChance) {
        let wording = if chance.below(2) == 0 { Wording::Soap } else { Wording::Rest };
        let message = format!("sim-{number}");
        let asks = (0..times).map(|_| self.world.client.ask(question("page", wording, &message)));
        let outcomes = futures_util::future::join_all(asks).await;
        let mut answered = 0;
        for outcome in outcomes {
            match outcome {
                Ok(_) => answered += 1,
                Err(AskError::Unreachable(_)) => {}
                // Without the authority nobody knows whether the other's certificate still counts: fails closed.
                Err(AskError::Refused { code, text })
                    if code.ends_with(".ssl_authentication_failed")
                        && text.contains("no OCSP response")
                        && self.world.authority.ocsp_down.load(Ordering::SeqCst) => {}
                Err(AskError::Refused { code, text }) => panic!("nothing here is to be refused: {code}: {text}"),
            }
        }
        self.asked.insert(message, (times, answered));
    }

    /// Everything works again, the clock is where it should be, and the next question is answered.
    async fn heal(&mut self, number: u64, chance: &SeededChance) {
        self.world.clock.advance_s(std::mem::take(&mut self.back_s));
        self.world.authority.ocsp_down.store(false, Ordering::SeqCst);
        self.world.authority.tsa_down.store(false, Ordering::SeqCst);
        self.relay.set(Weather::Fair);
        self.world.exchange.central().publish().await.expect("signed");
        for (_, server) in self.world.exchange.servers() {
            server.stamp_now().await.expect("stamped");
        }
        self.ask(number, 1, chance).await;
        assert_eq!(self.asked[&format!("sim-{number}")], (1, 1), "no recovery");
    }

    async fn judge(&self) {
        for (message, (times, answered)) in &self.asked {
            for code in ["asker", "keeper"] {
                let (requests, responses) = self.logged(code, message).await;
                assert!(requests <= *times, "{code} logged the request {message} {requests} times for {times}");
                assert!(responses <= requests, "{code} logged more answers than requests of {message}");
                assert!(responses >= *answered, "{message} was answered and {code} has {responses} of its answers");
            }
        }
        let asked = self.world.book.asked.load(Ordering::SeqCst);
        let sent: u64 = self.asked.values().map(|(times, _)| times).sum();
        assert!(asked <= sent, "the information system was asked {asked} times for {sent} questions");
    }

    async fn logged(&self, code: &str, message: &str) -> (u64, u64) {
        let log = self.world.exchange.server(code).expect("a server").log();
        let filter = LogFilter { message_id: Some(message.to_owned()), ..LogFilter::default() };
        let records = log.records(&filter).await.expect("read");
        let count = |direction| records.iter().filter(|record| record.entry.direction == direction).count() as u64;
        (count(Direction::Request), count(Direction::Response))
    }
}

#[tokio::test]
async fn whatever_happens_logs_agree_and_all_recovers() {
    let (seeds, steps) = extent();
    for seed in ONCE_RED.into_iter().chain(1..=seeds) {
        let chance = SeededChance::new(seed);
        let mut stage = Stage::set().await;
        // Said by the test's own output when it fails: the same seed makes the same events.
        println!("seed {seed}");
        for number in 0..steps {
            let event = draw(&chance);
            println!("{number}: {event:?}");
            stage.take(number, event, &chance).await;
            if (number + 1).is_multiple_of(HEALED_EVERY) || number + 1 == steps {
                println!("healed");
                stage.heal(steps + number, &chance).await;
            }
        }
        let answered: u64 = stage.asked.values().map(|(_, answered)| answered).sum();
        assert!(answered > steps / 10, "seed {seed} answered only {answered} questions");
        stage.judge().await;
        stage.world.shutdown.trigger();
    }
}
