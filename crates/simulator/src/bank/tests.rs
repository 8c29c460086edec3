//! The test bank against the real payments part, over HTTP on loopback: the whole protocol with both sides.

use super::{Bank, MIGRATIONS, Setup, WORDS};
use base::{Algorithm, ManualClock, Signer, SystemChance, clock};
use bytes::Bytes;
use host::http::{Client, Shutdown, serve};
use host::jobs::Worker;
use host::keys::SoftKey;
use host::store::Store;
use http::Request;
use payments::gateway::HttpLine;
use payments::{Begin, Debt, DebtState, Effect, Gateway, NewDebt, Payments, Tariff};
use std::sync::Arc;
use std::time::Duration;

const TARIFF: &str = include_str!("../../../../countries/az/payments.toml");

/// A portal with payments and a bank, each on a port of its own.
struct World {
    payments: Payments,
    portal_store: Store,
    bank: Bank,
    bank_worker: Worker,
    bank_origin: String,
    clock: Arc<ManualClock>,
    client: Client,
    shutdown: Shutdown,
}

async fn listen() -> (tokio::net::TcpListener, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    (listener, origin)
}

/// One world for each database; the bank's store is of the same kind as the portal's.
async fn worlds() -> Vec<World> {
    let (portals, banks) =
        (host::testing::stores(&[payments::MIGRATIONS]).await, host::testing::stores(&[MIGRATIONS]).await);
    let mut worlds = Vec::new();
    for (portal_store, bank_store) in portals.into_iter().zip(banks) {
        worlds.push(world(portal_store, bank_store).await);
    }
    worlds
}

async fn world(portal_store: Store, bank_store: Store) -> World {
    let clock = Arc::new(ManualClock::at(clock::from_micros(1_795_000_000_000_000)));
    let key = || Arc::new(SoftKey::generate(Algorithm::EcdsaP256Sha256).expect("a key"));
    let (bank_key, merchant_key) = (key(), key());
    let ((portal_port, portal_origin), (bank_port, bank_origin)) = (listen().await, listen().await);
    let bank = Bank::new(Setup {
        store: bank_store.clone(),
        bank: "test-bank".into(),
        merchant: "portal".into(),
        key: bank_key.clone(),
        merchant_key: merchant_key.public_key_der().to_vec(),
        client: Client::plain(),
        clock: clock.clone(),
        chance: Arc::new(SystemChance),
        wake: None,
    });
    let payments = Payments::new(payments::Setup {
        store: portal_store.clone(),
        tariff: Tariff::parse(TARIFF).expect("the country's tariff is valid"),
        gateway: Gateway {
            merchant: "portal".into(),
            bank: "test-bank".into(),
            key: merchant_key,
            bank_key: bank_key.public_key_der().to_vec(),
            bank_origin: bank_origin.clone(),
            portal_origin,
            line: Arc::new(HttpLine::new(Client::plain(), bank_origin.clone())),
        },
        clock: clock.clone(),
        chance: Arc::new(SystemChance),
        wake: None,
    });
    let shutdown = Shutdown::new();
    tokio::spawn(serve(bank_port, bank.router(), shutdown.clone()));
    tokio::spawn(serve(portal_port, payments::callback::router(payments.clone()), shutdown.clone()));
    let bank_worker = bank.register(Worker::new(bank_store, clock.clone()));
    World { payments, portal_store, bank, bank_worker, bank_origin, clock, client: Client::plain(), shutdown }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

struct Page {
    status: u16,
    location: String,
    policy: String,
    body: String,
}

impl World {
    async fn debt(&self) -> Debt {
        let new = NewDebt {
            origin: "services",
            key: "15.1-1".into(),
            payer: "TIN:1400123451".into(),
            fee: "construction-permit".into(),
            case_reference: None,
            actor: "PIN:RASHAD2".into(),
        };
        let mut tx = self.portal_store.begin().await.expect("begun");
        let debt = self.payments.create_debt(&mut tx, &new).await.expect("made");
        tx.commit().await.expect("committed");
        debt
    }

    async fn begin(&self, debt: &Debt) -> payments::Redirect {
        let begin = Begin {
            debt: debt.id.clone(),
            actor: "PIN:RASHAD2".into(),
            return_path: "/payments/back".into(),
            lang: base::Lang::En,
        };
        self.payments.begin_payment(&begin).await.expect("begun")
    }

    async fn send(&self, request: Request<Bytes>) -> Page {
        let answer = self.client.send(request, 1 << 20, Duration::from_secs(10)).await.expect("answered");
        let header = |name: &str| {
            answer.headers().get(name).map_or_else(String::new, |value| value.to_str().expect("text").to_owned())
        };
        Page {
            status: answer.status().as_u16(),
            location: header("location"),
            policy: header("content-security-policy"),
            body: String::from_utf8(answer.body().to_vec()).expect("text"),
        }
    }

    async fn get(&self, address: &str) -> Page {
        let whole = if address.starts_with("http") { address.to_owned() } else { self.bank_origin.clone() + address };
        self.send(Request::get(whole).body(Bytes::new()).expect("a request")).await
    }

    async fn post(&self, path: &str, body: String) -> Page {
        let request = Request::post(self.bank_origin.clone() + path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(body));
        self.send(request.expect("a request")).await
    }

    /// Follows the order to its page; the page and its path.
    async fn order_page(&self, address: &str) -> (Page, String) {
        let arrival = self.get(address).await;
        assert_eq!(arrival.status, 303, "{}", arrival.body);
        let path = arrival.location.split('?').next().expect("a path").to_owned();
        (self.get(&arrival.location).await, path)
    }

    async fn choose(&self, address: &str, choice: &str) -> Page {
        let (page, path) = self.order_page(address).await;
        let token = page.body.split("name=\"token\" value=\"").nth(1).expect("a form").split('"').next().expect("it");
        self.post(&path, format!("choice={choice}&token={token}&lang=en")).await
    }

    async fn state(&self, debt: &Debt) -> DebtState {
        self.payments.debt(&debt.id).await.expect("there").state
    }
}

#[tokio::test]
async fn paying_takes_the_browser_back_and_the_report_pays_the_debt() {
    for world in worlds().await {
        let debt = world.debt().await;
        let redirect = world.begin(&debt).await;
        let (page, path) = world.order_page(&redirect.address).await;
        assert_eq!(page.status, 200);
        for said in ["1,100.00", "State Committee for Urban", "Fee for a construction permit", &debt.code.grouped()] {
            assert!(page.body.contains(said), "{said}");
        }
        for lang in base::Lang::ALL {
            assert!(page.body.contains(WORDS.text("demo", lang)), "marked as the demo's in every language");
        }
        assert!(page.policy.contains("form-action 'self' http://127.0.0.1:"), "{}", page.policy);
        assert!(!page.body.contains("<script"));
        let paid = world.choose(&redirect.address, "pay").await;
        assert_eq!(paid.status, 303);
        assert!(paid.location.ends_with("/payments/back"), "{}", paid.location);
        assert_eq!(world.state(&debt).await, DebtState::InPayment, "the browser's return tells nothing");
        assert_eq!(world.bank_worker.run_due().await.expect("ran"), 1);
        assert_eq!(world.state(&debt).await, DebtState::Paid);
        let after = world.get(&path).await;
        assert!(after.body.contains(WORDS.text("told_heard", base::Lang::En)), "{}", after.body);
        // Paying again is the same payment; declining afterwards is not taken.
        let again = world.post(&path, "choice=pay&token=guess".into()).await;
        assert_eq!(again.status, 403);
        let (from, to) = (clock::from_micros(0), clock::from_micros(i64::MAX));
        assert_eq!(world.payments.reconcile(from, to).await.expect("compared"), []);
    }
}

#[tokio::test]
async fn a_lost_way_back_and_a_lost_report_lose_no_payment() {
    for world in worlds().await {
        let debt = world.debt().await;
        let redirect = world.begin(&debt).await;
        let stayed = world.choose(&redirect.address, "pay-lost").await;
        assert_eq!((stayed.status, stayed.location.as_str()), (200, ""));
        assert!(!stayed.body.contains("/payments/back"), "the way back is lost");
        // The report is not sent either: the portal asks.
        assert_eq!(world.payments.ask_bank(&redirect.payment).await.expect("asked"), Effect::Paid);
        assert_eq!(world.state(&debt).await, DebtState::Paid);
        // And the report that comes after all is known already.
        assert_eq!(world.bank_worker.run_due().await.expect("ran"), 1);
        let known = world.bank.find(redirect.payment.as_str()).await.expect("read").expect("there");
        assert_eq!(known.told, "heard");
    }
}

#[tokio::test]
async fn the_bank_reports_until_it_is_heard() {
    for world in worlds().await {
        let debt = world.debt().await;
        let redirect = world.begin(&debt).await;
        world.choose(&redirect.address, "pay").await;
        // A portal that is down: its port answers nothing.
        world.shutdown.trigger();
        let known = || async { world.bank.find(redirect.payment.as_str()).await.expect("read").expect("there") };
        let callback = known().await.order.callback;
        while world
            .client
            .send(Request::get(&callback).body(Bytes::new()).expect("it"), 1024, Duration::from_secs(1))
            .await
            .is_ok()
        {}
        assert_eq!(world.bank_worker.run_due().await.expect("ran"), 1);
        assert_eq!(known().await.told, "waiting");
        let port = callback.split('/').nth(2).expect("a host").to_owned();
        let listener = tokio::net::TcpListener::bind(port).await.expect("the same port again");
        let up = Shutdown::new();
        tokio::spawn(serve(listener, payments::callback::router(world.payments.clone()), up.clone()));
        world.clock.advance_s(60);
        assert_eq!(world.bank_worker.run_due().await.expect("ran"), 1);
        assert_eq!(known().await.told, "heard");
        assert_eq!(world.state(&debt).await, DebtState::Paid);
        up.trigger();
    }
}

#[tokio::test]
async fn a_declined_order_takes_no_money() {
    for world in worlds().await {
        let debt = world.debt().await;
        let redirect = world.begin(&debt).await;
        let declined = world.choose(&redirect.address, "decline").await;
        assert_eq!(declined.status, 303);
        world.bank_worker.run_due().await.expect("ran");
        assert_eq!(world.state(&debt).await, DebtState::Open);
        let (page, _) = world.order_page(&redirect.address).await;
        assert!(page.body.contains(WORDS.text("declined_title", base::Lang::En)));
        assert_ne!(world.begin(&debt).await.payment, redirect.payment, "another attempt is possible");
    }
}

#[tokio::test]
async fn an_order_past_its_time_is_never_payable() {
    for world in worlds().await {
        let debt = world.debt().await;
        let redirect = world.begin(&debt).await;
        let (page, path) = world.order_page(&redirect.address).await;
        let token = page.body.split("name=\"token\" value=\"").nth(1).expect("a form").split('"').next().expect("it");
        world.clock.advance_s(world.payments.tariff().order_valid_s);
        let late = world.post(&path, format!("choice=pay&token={token}&lang=en")).await;
        assert_eq!(late.status, 410);
        assert!(late.body.contains(WORDS.text("expired_title", base::Lang::En)));
        assert_eq!(world.payments.ask_bank(&redirect.payment).await.expect("asked"), Effect::Ended);
        assert_eq!(world.state(&debt).await, DebtState::Open);
    }
}

#[tokio::test]
async fn an_order_that_never_came_to_the_bank_is_void() {
    for world in worlds().await {
        let debt = world.debt().await;
        let redirect = world.begin(&debt).await;
        assert_eq!(world.payments.ask_bank(&redirect.payment).await.expect("asked"), Effect::Nothing);
        world.clock.advance_s(world.payments.tariff().order_valid_s);
        assert_eq!(world.payments.ask_bank(&redirect.payment).await.expect("asked"), Effect::Ended);
    }
}

#[tokio::test]
async fn forged_orders_and_questions_are_turned_away() {
    for world in worlds().await {
        let debt = world.debt().await;
        let redirect = world.begin(&debt).await;
        let altered = redirect.address.replace("/pay?order=ey", "/pay?order=eX");
        for address in [altered.as_str(), "/pay", "/pay?order=", "/pay?order=a.b.c"] {
            let page = world.get(address).await;
            assert_eq!(page.status, 400, "{address}");
        }
        for path in ["/status", "/statement"] {
            assert_eq!(world.post(path, "x.y.z".into()).await.status, 401);
            assert_eq!(world.post(path, "x".repeat(20_000)).await.status, 413);
        }
        for path in ["/orders/unknown", "/nothing"] {
            assert_eq!(world.get(path).await.status, 404, "{path}");
        }
        let (_, path) = world.order_page(&redirect.address).await;
        for (form, status) in [("choice=pay&token=wrong", 403), ("choice=steal&token=wrong", 400), ("", 400)] {
            assert_eq!(world.post(&path, form.into()).await.status, status, "{form}");
        }
        assert_eq!(world.get("/").await.status, 200);
        assert_eq!(world.get("/bank.css").await.status, 200);
        assert_eq!(world.state(&debt).await, DebtState::InPayment);
    }
}

#[test]
fn every_word_exists_in_every_language() {
    assert_eq!(WORDS.incomplete(), Vec::<&str>::new());
}
