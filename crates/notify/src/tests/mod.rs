//! The store's tests, on both databases: a mail server that says what it is told to.

mod choosing;
mod consenting;
mod delivering;
mod mailing;

use crate::{Failure, Known, Mail, Notify, Post, Posted, Refusal, Setup, Templates};
use base::{Fault, Lang, ManualClock, SystemChance, clock};
use host::jobs::Worker;
use host::outbox::Notice;
use host::store::Store;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

const AYTEN: &str = "AYTEN01";

/// What the mail server does with the next mails, and what it got.
#[derive(Default)]
struct TestPost {
    got: Mutex<Vec<Mail>>,
    says: Mutex<Says>,
}

#[derive(Default, Clone, Copy)]
enum Says {
    #[default]
    Accepted,
    Refused,
    /// It takes the mail and the connection breaks before it says so.
    Broken,
}

impl Post for TestPost {
    fn send<'a>(&'a self, mail: &'a Mail) -> Pin<Box<dyn Future<Output = Result<Posted, Fault>> + Send + 'a>> {
        let says = *self.says.lock().expect("no test panics with the lock");
        if !matches!(says, Says::Refused) {
            self.got.lock().expect("no test panics with the lock").push(mail.clone());
        }
        Box::pin(async move {
            match says {
                Says::Accepted => Ok(Posted::Accepted),
                Says::Refused => Ok(Posted::Refused("550 nobody here".into())),
                Says::Broken => Err(Fault::passing("send a mail", "the connection broke")),
            }
        })
    }
}

struct World {
    notify: Notify,
    store: Store,
    clock: Arc<ManualClock>,
    post: Arc<TestPost>,
    worker: Worker,
}

fn country() -> Templates {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../countries/az/notices");
    Templates::load(&folder).expect("the country's texts are valid")
}

async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for store in host::testing::stores(&[crate::MIGRATIONS]).await {
        let clock = Arc::new(ManualClock::at(clock::from_micros(1_795_000_000_000_000)));
        let post = Arc::new(TestPost::default());
        let notify = Notify::new(Setup {
            store: store.clone(),
            templates: country(),
            post: post.clone(),
            portal_origin: "http://127.0.0.1:8800".into(),
            clock: clock.clone(),
            chance: Arc::new(SystemChance),
            wake: None,
        });
        let worker = notify.register(Worker::new(store.clone(), clock.clone()));
        worlds.push(World { notify, store, clock, post, worker });
    }
    worlds
}

fn granted(key: &str) -> Notice {
    let values = [
        ("reference", "1.1-000001"),
        ("service.az", "İşsizlik müavinəti"),
        ("service.en", "Unemployment allowance"),
        ("service.ru", "Пособие по безработице"),
    ];
    Notice {
        key: key.into(),
        person: AYTEN.into(),
        template: "case-granted".into(),
        values: values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<BTreeMap<_, _>>(),
        link: Some("/cases/1.1-000001".into()),
        at: clock::from_micros(1_795_000_000_000_000),
    }
}

impl World {
    async fn leave(&self, notice: &Notice) {
        let mut tx = self.store.begin().await.expect("begun");
        tx.notice(notice).await.expect("left");
        tx.commit().await.expect("committed");
    }

    async fn know(&self, name: Option<&str>, email: Option<&str>, lang: Lang) -> Result<(), Failure> {
        let known = Known { person: AYTEN.into(), name: name.map(str::to_owned), email: email.map(str::to_owned) };
        let mut tx = self.store.begin().await.expect("begun");
        self.notify.put_contact(&mut tx, &known, lang).await?;
        tx.commit().await.expect("committed");
        Ok(())
    }

    fn mails(&self) -> Vec<Mail> {
        self.post.got.lock().expect("no test panics with the lock").clone()
    }

    fn server_says(&self, says: Says) {
        *self.post.says.lock().expect("no test panics with the lock") = says;
    }

    async fn mail_state(&self) -> String {
        let rows = self.store.query("SELECT state FROM notify_mail", &host::args![]).await.expect("read");
        rows.iter().map(|row| row.text("state").to_owned()).collect::<Vec<_>>().join(" ")
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> Refusal {
    match result {
        Err(base::Failure::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}
