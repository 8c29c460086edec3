//! The short form of `cargo xtask soak`: two security servers and an information system in network namespaces, with links
//! that go down and processes that freeze or die, and both logs held against what the asking side saw.

use std::process::Command;
use tests::country::binary;

#[test]
fn nothing_is_lost_or_doubled_in_a_bad_network() {
    let program = binary().with_file_name("bench-exchange");
    let output = Command::new(program)
        .args(["soak", "--seconds", "20", "--seed", "3"])
        .output()
        .expect("the measuring program is built by `cargo xtask test`");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("each answer in both logs and none twice"), "{said}");
}
