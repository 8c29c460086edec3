//! The citizen's journeys (`J01`, `J08`, `J12`) through a real browser, over one running country. One test walks them all,
//! because starting the country is the dear part; each journey is a file. Nothing beyond loopback is asked.

mod album;
mod figures;
mod pages;
mod permit;
mod person;
mod unemployment;

use album::Album;
use host::testing::TempDir;
use tests::country::{Country, free_ports};

const PEOPLE: u32 = 300;

/// The running country and what is kept of it.
struct World {
    country: Country,
    album: Album,
    files: TempDir,
}

impl World {
    /// A page of the portal; the path begins with its language.
    fn portal(&self, path: &str) -> String {
        self.country.address("portal") + path
    }

    fn office(&self, path: &str) -> String {
        self.country.address("backOffice") + path
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journeys_hold_in_a_real_browser() {
    let data = TempDir::new();
    let country = Country::start(data.path(), free_ports(), PEOPLE);
    let world = World { country, album: Album::new(), files: TempDir::new() };
    tokio::join!(unemployment::from_search_to_allowance(&world), permit::from_drawings_to_register(&world));
    tokio::join!(figures::are_open_to_everybody(&world), pages::public_ones_keep_the_rules(&world));
    world.album.close();
}
