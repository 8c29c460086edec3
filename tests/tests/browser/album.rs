//! The pictures of a run: whole pages on one contact sheet below the build folder, so that somebody can look at them, and
//! the few of the README, which the run writes when `PENCERE_WRITE_PICTURES` is set and otherwise finds in their place.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tests::webdriver::Browser;

/// Pictures that the README shows, by their names on the contact sheet.
const SHOWN: [&str; 6] = [
    "home-az-360",
    "service-allowance-az-360",
    "step-work-360",
    "receipt-360",
    "office-case-1280",
    "who-looked-az-1280",
];
/// A README is read over slow lines too.
const SHOWN_BYTES_MAX: usize = 150 * 1024;

pub struct Album {
    folder: PathBuf,
    names: Mutex<Vec<String>>,
}

impl Album {
    pub fn new() -> Album {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        std::fs::create_dir_all(&folder).expect("the build folder can be written");
        Album { folder, names: Mutex::default() }
    }

    /// Keeps a picture of the whole page that the browser shows.
    pub async fn take(&self, browser: &Browser, name: &str) {
        std::fs::write(self.folder.join(format!("{name}.png")), browser.screenshot().await)
            .expect("room for a picture");
        if SHOWN.contains(&name) && std::env::var_os("PENCERE_WRITE_PICTURES").is_some() {
            let picture = browser.window_shot().await;
            assert!(picture.len() <= SHOWN_BYTES_MAX, "{name} has {} bytes", picture.len());
            std::fs::write(shown(name), picture).expect("room for a picture");
        }
        self.names.lock().expect("nobody panics holding it").push(name.to_owned());
    }

    /// Writes the contact sheet, and sees that the README's pictures are there and still taken.
    pub fn close(&self) {
        let mut names = self.names.lock().expect("nobody panics holding it").clone();
        names.sort();
        let mut sheet = String::from(
            "<!doctype html><meta charset=utf-8><title>Pencere</title><style>figure{display:inline-block;margin:8px;vertical-align:top}img{width:320px;border:1px solid}</style>",
        );
        for name in &names {
            write!(
                sheet,
                "<figure><a href='{name}.png'><img src='{name}.png'></a><figcaption>{name}</figcaption></figure>"
            )
            .expect("a string takes all");
        }
        std::fs::write(self.folder.join("index.html"), sheet).expect("room for the sheet");
        for name in SHOWN {
            assert!(names.iter().any(|taken| taken == name), "no journey takes {name}");
            let picture = std::fs::read(shown(name)).unwrap_or_else(|cause| panic!("{name} of the README: {cause}"));
            assert!(picture.starts_with(b"\x89PNG") && picture.len() <= SHOWN_BYTES_MAX, "{name}");
        }
    }
}

fn shown(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the checkout");
    root.join("docs/pictures").join(format!("{name}.png"))
}
