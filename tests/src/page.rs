//! Pages whose commands are followed as they are written: blocks marked `sh`, each with the lines that its answer holds in
//! a block marked `text`.

use std::{path::Path, process::Command};

/// A command of a page, and what the page says of its answer.
pub struct Step {
    pub command: String,
    pub expected: Vec<String>,
}

/// The steps of a document of the checkout, in their order.
pub fn steps(document: &str) -> Vec<Step> {
    let path = crate::country::folder().ancestors().nth(2).expect("the checkout").join("docs").join(document);
    let page = std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let block = |lines: &mut std::str::Lines<'_>| -> Vec<String> {
            lines.by_ref().take_while(|line| *line != "```").map(str::to_owned).collect()
        };
        match line {
            "```sh" => steps.push(Step { command: block(&mut lines).join("\n"), expected: Vec::new() }),
            "```text" => steps.last_mut().expect("an answer follows a command").expected = block(&mut lines),
            _ => {}
        }
    }
    steps
}

impl Step {
    /// Runs the command in a folder, after what `setting` sets; every line that the page promises must come.
    pub fn follow(&self, setting: &str, folder: &Path) {
        let script = format!("set -e\n{setting}\n{}", self.command);
        let output = Command::new("bash").args(["-c", &script]).current_dir(folder).output().expect("a shell starts");
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        for line in &self.expected {
            assert!(
                answer.contains(line.as_str()),
                "no {line:?} in the answer to\n{}\n{answer}{complaint}",
                self.command
            );
        }
        assert!(output.status.success(), "{}\n{answer}{complaint}", self.command);
    }
}
