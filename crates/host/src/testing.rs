//! For tests only (feature `testing`): fresh stores on both databases, folders that go away, tokens that can be pulled,
//! OpenPGP keys.

use crate::{
    store::{Location, Migration, Store},
    token::TokenPlace,
};
use base::Chance;
use std::{
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Command,
};

/// A folder that is removed when dropped.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> TempDir {
        let path = std::env::temp_dir().join(format!("pencere-test-{}", base::SystemChance.hex(8)));
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        TempDir(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for TempDir {
    fn default() -> Self {
        TempDir::new()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // A test's rest in the temporary folder harms nobody.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

/// The address of the PostgreSQL that the tests use; `cargo xtask test` starts one and sets it.
#[expect(clippy::disallowed_methods, reason = "tests are told where PostgreSQL is by their runner")]
pub fn postgres_url() -> String {
    std::env::var("PENCERE_TEST_POSTGRES")
        .expect("PENCERE_TEST_POSTGRES is not set: run the tests through `cargo xtask test`, which starts PostgreSQL")
}

/// A fresh store on SQLite and one on PostgreSQL with the same tables. Store tests loop over both.
pub async fn stores(migrations: &[&[Migration]]) -> Vec<Store> {
    let lite = TempDir::new();
    let path = lite.path().join("store.db");
    // The folder outlives the test's handle on it; the operating system clears the temporary folder.
    std::mem::forget(lite);
    let schema = format!("test_{}", base::SystemChance.hex(8));
    let mut stores = Vec::new();
    for location in [Location::Sqlite(path), Location::Postgres { url: postgres_url(), schema }] {
        stores.push(Store::open(&location, migrations).await.expect("a fresh store opens"));
    }
    stores
}

const SOFTHSM_CONF: &str = "SOFTHSM2_CONF";

/// A token of SoftHSM in a folder of its own.
pub struct SoftToken {
    folder: PathBuf,
}

impl SoftToken {
    /// Where Debian puts the module of the package `softhsm2`.
    pub const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
    pub const LABEL: &str = "exchange";
    pub const PIN: &str = "4321";

    /// Makes an initialised token, and beside it the file of its PIN.
    pub fn make(folder: &Path) -> SoftToken {
        let token = SoftToken { folder: folder.to_owned() };
        std::fs::create_dir_all(token.inserted()).expect("a folder");
        let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", token.inserted().display());
        std::fs::write(token.conf(), text).expect("written");
        let words = ["--init-token", "--free", "--label", Self::LABEL, "--so-pin", "1234", "--pin", Self::PIN];
        let made = Command::new("softhsm2-util").args(words).env(SOFTHSM_CONF, token.conf()).output();
        let made = made.expect("the program softhsm2-util is there");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        token.write_pin(Self::PIN);
        token
    }

    /// Runs `story` with a token, in a process of its own, because the module is told where its tokens are by the environment
    /// of the process. `test` is the whole name of the test that calls this.
    pub fn tell(test: &str, story: impl FnOnce(SoftToken)) {
        if let Some(conf) = std::env::var_os(SOFTHSM_CONF) {
            return story(SoftToken { folder: Path::new(&conf).parent().expect("in a folder").to_owned() });
        }
        let folder = TempDir::new();
        let token = SoftToken::make(folder.path());
        let own = std::env::current_exe().expect("a test runs from a file");
        let told = Command::new(own).args([test, "--exact"]).env(SOFTHSM_CONF, token.conf()).output();
        let told = told.expect("a test can be run");
        let said = String::from_utf8_lossy(&[told.stdout, told.stderr].concat()).into_owned();
        assert!(told.status.success() && said.contains("1 passed"), "{said}");
    }

    /// For the environment of a process that uses the token.
    pub fn environment(&self) -> (&'static str, PathBuf) {
        (SOFTHSM_CONF, self.conf())
    }

    pub fn place(&self) -> TokenPlace {
        TokenPlace {
            module: Self::MODULE.into(),
            label: Self::LABEL.to_owned(),
            pin_file: self.pin_file(),
            refusal_file: self.folder.join("refused"),
        }
    }

    pub fn pin_file(&self) -> PathBuf {
        self.folder.join("pin")
    }

    /// A new file each time, as an editor writes it.
    pub fn write_pin(&self, pin: &str) {
        use std::io::Write;
        let partial = self.folder.join("pin.partial");
        let mut file =
            std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&partial).expect("a file");
        writeln!(file, "{pin}").expect("written");
        std::fs::rename(&partial, self.pin_file()).expect("renamed");
    }

    /// As if somebody pulled it out of its slot.
    pub fn pull(&self) {
        std::fs::rename(self.inserted(), self.folder.join("pulled")).expect("it was there");
    }

    pub fn put_back(&self) {
        std::fs::rename(self.folder.join("pulled"), self.inserted()).expect("it was pulled");
    }

    fn inserted(&self) -> PathBuf {
        self.folder.join("tokens")
    }

    fn conf(&self) -> PathBuf {
        self.folder.join("softhsm2.conf")
    }
}

/// An OpenPGP key pair in a folder of its own.
pub struct OpenPgpKey {
    folder: TempDir,
}

impl OpenPgpKey {
    pub fn make(user: &str) -> OpenPgpKey {
        let folder = TempDir::new();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(folder.path(), private).expect("set");
        let key = OpenPgpKey { folder };
        key.gpg(&["--passphrase", "", "--quick-generate-key", user, "default", "default", "never"], None);
        key
    }

    /// In ASCII armour.
    pub fn public(&self) -> String {
        String::from_utf8(self.gpg(&["--armor", "--export"], None)).expect("armour is text")
    }

    pub fn decrypt(&self, encrypted: &[u8]) -> Vec<u8> {
        let file = self.folder.path().join("encrypted");
        std::fs::write(&file, encrypted).expect("written");
        self.gpg(&["--decrypt"], Some(&file))
    }

    fn gpg(&self, words: &[&str], file: Option<&Path>) -> Vec<u8> {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.folder.path()).args(["--batch", "--no-tty"]).args(words).args(file);
        let done = command.output().expect("the program gpg is there");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    }
}

impl Drop for OpenPgpKey {
    fn drop(&mut self) {
        // The program leaves an agent behind, which would outlive the test.
        let mut command = Command::new("gpgconf");
        let _ended = command.arg("--homedir").arg(self.folder.path()).args(["--kill", "gpg-agent"]).status();
    }
}
