//! What the tests need beside Rust, by Debian package name: installed where that is possible, asked for loudly elsewhere.
//! Programs in Python come after it, see `python.rs`.

use crate::{python, run};
use std::path::Path;
use std::process::Command;

/// A file that must exist and the package that brings it.
const NEEDED: &[(&str, &str)] = &[
    ("/usr/bin/xmlsec1", "xmlsec1"),
    ("/usr/bin/openssl", "openssl"),
    ("/usr/bin/chromium", "chromium"),
    ("/usr/bin/chromedriver", "chromium-driver"),
    ("/usr/bin/pdftotext", "poppler-utils"),
    ("/usr/sbin/ip", "iproute2"),
    ("/usr/bin/unzip", "unzip"),
    // Archives for recipients of OpenPGP keys; the product calls it as well.
    ("/usr/bin/gpg", "gpg"),
    ("/usr/bin/gpg-agent", "gpg-agent"),
    // A token in software, for keys that are not in files.
    ("/usr/bin/softhsm2-util", "softhsm2"),
    // Without a font of these letters the browser measures pages that nobody sees.
    ("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf", "fonts-noto-core"),
];

pub fn ensure() -> Result<(), String> {
    let mut missing: Vec<&str> =
        NEEDED.iter().filter(|(path, _)| !Path::new(path).exists()).map(|(_, package)| *package).collect();
    if crate::postgres::binaries().is_none() {
        missing.push("postgresql");
    }
    missing.extend(python::missing());
    if !missing.is_empty() {
        install(&missing)?;
    }
    python::ensure()
}

fn install(missing: &[&str]) -> Result<(), String> {
    let list = missing.join(" ");
    println!("the tests need these packages: {list}");
    if !(run::is_root() && Path::new("/usr/bin/apt-get").exists()) {
        return Err(format!("install them and run again: apt-get install {list}"));
    }
    run::must(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(missing);
    run::must(&mut install)
}
