//! The mailbox over real sockets, with a mail client made by others (lettre) and with raw lines; and its pages.

use super::{Shelf, WORDS, router, serve};
use base::{ManualClock, clock};
use bytes::Bytes;
use host::http::{Client, Shutdown};
use host::testing::TempDir;
use notify::{Mail, Post, Posted, SmtpPost};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

struct World {
    shelf: Shelf,
    port: u16,
    shutdown: Shutdown,
    clock: Arc<ManualClock>,
    _dir: TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

async fn world() -> World {
    let dir = TempDir::new();
    let clock = Arc::new(ManualClock::at(clock::from_micros(1_795_000_000_000_000)));
    let shelf = Shelf::open(&dir.path().join("mails"), clock.clone(), 4).expect("opened");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let shutdown = Shutdown::new();
    tokio::spawn(serve(listener, shelf.clone(), shutdown.clone()));
    World { shelf, port, shutdown, clock, _dir: dir }
}

fn mail(id: &str) -> Mail {
    Mail {
        message_id: format!("{id}@portal.example"),
        sender: "Elektron Hökumət portalı <bildiris@portal.example>".into(),
        name: Some("Aytən Məmmədova".into()),
        address: "ayten@mail.example".into(),
        subject: "Müraciətiniz üzrə müsbət qərar verildi".into(),
        text: format!("Hörmətli Aytən Məmmədova,\n\n.nöqtə ilə başlayan sətir\n{}\n", "uzun ".repeat(60)),
        at: clock::from_micros(1_795_000_000_000_000),
    }
}

#[tokio::test]
async fn a_mail_of_the_product_comes_through_whole() {
    let world = world().await;
    let post = SmtpPost::new("127.0.0.1", world.port);
    let sent = mail("1");
    assert_eq!(post.send(&sent).await.expect("sent"), Posted::Accepted);
    let letters = world.shelf.list().await.expect("read");
    let [letter] = letters.as_slice() else { panic!("one mail: {letters:?}") };
    assert_eq!(letter.subject, sent.subject);
    assert_eq!(letter.text.trim_end(), sent.text.trim_end());
    assert_eq!(letter.message_id.as_deref(), Some("<1@portal.example>"));
    assert_eq!(letter.recipients, "ayten@mail.example");
    assert!(letter.to.contains("Aytən Məmmədova") && letter.from.contains("portalı"), "{letter:?}");
}

#[tokio::test]
async fn the_same_mail_again_is_folded_and_another_is_not() {
    let world = world().await;
    let post = SmtpPost::new("127.0.0.1", world.port);
    for id in ["1", "1", "2", "1"] {
        world.clock.advance_s(1);
        assert_eq!(post.send(&mail(id)).await.expect("sent"), Posted::Accepted);
    }
    let letters = world.shelf.list().await.expect("read");
    let ids: Vec<&str> = letters.iter().filter_map(|letter| letter.message_id.as_deref()).collect();
    assert_eq!(ids, ["<2@portal.example>", "<1@portal.example>"], "newest first");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_for_good() {
    let world = world().await;
    let post = SmtpPost::new("127.0.0.1", world.port);
    let nowhere = Mail { address: "not an address".into(), ..mail("1") };
    assert!(matches!(post.send(&nowhere).await.expect("answered"), Posted::Refused(_)));
    // Nobody listens: a passing fault, to be tried again.
    world.shutdown.trigger();
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound").port();
    assert!(SmtpPost::new("127.0.0.1", closed).send(&mail("1")).await.expect_err("nobody").retry_helps);
}

/// Says the lines at once, then reads all answers until the server closes.
async fn talk(world: &World, said: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", world.port)).await.expect("connected");
    stream.write_all(said).await.expect("said");
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.expect("heard");
    heard
}

fn codes(heard: &str) -> Vec<&str> {
    heard.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect()
}

const START: &str = "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";

#[tokio::test]
async fn raw_lines_are_answered_by_the_standard() {
    let world = world().await;
    let said = format!("{START}Subject: x\r\n\r\n..dot\r\n.\r\nNOOP\r\nQUIT\r\n");
    let heard = talk(&world, said.as_bytes()).await;
    assert_eq!(codes(&heard), ["220", "250", "250", "250", "354", "250", "250", "221"], "{heard}");
    assert_eq!(world.shelf.list().await.expect("read")[0].text, ".dot\n");
}

#[tokio::test]
async fn too_long_too_large_and_smuggled_mails_are_refused() {
    let world = world().await;
    let long_line = format!("{START}{}\r\n.\r\nQUIT\r\n", "x".repeat(5000));
    assert_eq!(codes(&talk(&world, long_line.as_bytes()).await), ["220", "250", "250", "250", "354", "554", "221"]);
    let large = format!("{START}{}.\r\nQUIT\r\n", "0123456789012345678901234567890123456789\r\n".repeat(30_000));
    assert_eq!(codes(&talk(&world, large.as_bytes()).await), ["220", "250", "250", "250", "354", "552", "221"]);
    // A dot between bare line feeds ends no mail; the commands after it are the mail's text.
    let smuggled = format!("{START}x\n.\nMAIL FROM:<e@f.example>\r\n.\r\nQUIT\r\n");
    assert_eq!(codes(&talk(&world, smuggled.as_bytes()).await), ["220", "250", "250", "250", "354", "554", "221"]);
    let long_command = format!("{}\r\nQUIT\r\n", "N".repeat(3000));
    assert_eq!(codes(&talk(&world, long_command.as_bytes()).await), ["220", "500", "221"]);
    assert!(world.shelf.list().await.expect("read").is_empty());
}

#[tokio::test]
async fn a_client_that_goes_away_in_the_middle_leaves_nothing() {
    let world = world().await;
    let mut stream = TcpStream::connect(("127.0.0.1", world.port)).await.expect("connected");
    stream.write_all(format!("{START}Subject: half").as_bytes()).await.expect("said");
    drop(stream);
    assert_eq!(codes(&talk(&world, b"QUIT\r\n").await), ["220", "221"]);
    assert!(world.shelf.list().await.expect("read").is_empty());
}

#[tokio::test]
async fn the_pages_show_mails_as_text_and_say_what_they_are() {
    let world = world().await;
    let hostile = Mail { subject: "<script>alert(1)</script>".into(), ..mail("1") };
    SmtpPost::new("127.0.0.1", world.port).send(&hostile).await.expect("sent");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(host::http::serve(listener, router(world.shelf.clone()), world.shutdown.clone()));
    let get = async |path: String| {
        let request = http::Request::get(format!("{origin}{path}")).body(Bytes::new()).expect("a request");
        let answer = Client::plain().send(request, 1 << 20, Duration::from_secs(10)).await.expect("answered");
        (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).expect("text"))
    };
    let (status, list) = get("/?lang=ru".into()).await;
    assert_eq!(status, 200);
    assert!(!list.contains("<script") && list.contains("alert(1)"));
    for lang in base::Lang::ALL {
        assert!(list.contains(WORDS.text("demo", lang)), "marked as the demo's in every language");
    }
    let name = world.shelf.list().await.expect("read")[0].name.clone();
    let (status, one) = get(format!("/mails/{name}")).await;
    assert_eq!(status, 200);
    assert!(one.contains("Hörmətli Aytən Məmmədova"));
    // The clock of the test stands at 11:06:40 UTC.
    for page in [&list, &one] {
        assert!(page.contains("18.11.2026 15:06:40"), "{page}");
    }
    for path in ["/mails/0000", "/mails/..%2f..%2fetc%2fpasswd", "/nothing"] {
        assert_eq!(get(path.into()).await.0, 404, "{path}");
    }
    assert_eq!(get("/mailbox.css".into()).await.0, 200);
}

#[test]
fn every_word_exists_in_every_language() {
    assert_eq!(WORDS.incomplete(), Vec::<&str>::new());
}
