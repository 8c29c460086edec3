//! The fuzz targets without a fuzzer: every kept input and every fresh seed goes through the same function as in a campaign,
//! and targets, their programs and their folders are the same list.

#[path = "../../fuzz/src/targets.rs"]
mod targets;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};
use targets::TARGETS;

/// How large a target's kept inputs may be together: what is kept is chosen, not heaped up.
const CORPUS_BYTES_MAX: u64 = 320 * 1024;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the checkout").join("fuzz")
}

/// Names of the entries of a folder, hidden ones left out.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|cause| panic!("{}: {cause}", folder.display()));
    let names = entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned());
    names.filter(|name| !name.starts_with('.')).collect()
}

#[test]
fn targets_their_programs_and_their_folders_are_one_list() {
    let listed: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed.len(), TARGETS.len(), "a target stands there once");
    assert_eq!(names(&fuzz().join("corpus")), listed, "folders of kept inputs");
    let files: BTreeSet<String> = listed.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), files, "programs");
    let manifest: toml::Table =
        std::fs::read_to_string(fuzz().join("Cargo.toml")).expect("a manifest").parse().expect("TOML");
    let bins = manifest["bin"].as_array().expect("programs").iter();
    let bins: BTreeSet<String> = bins.map(|bin| bin["name"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(bins, listed, "programs in the manifest");
    for name in &listed {
        let program = std::fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).expect("a program");
        assert!(program.contains(&format!("targets::{name}(data)")), "{name} calls another target");
    }
}

#[test]
fn every_kept_input_passes_and_some_are_taken() {
    for (name, target) in TARGETS {
        let folder = fuzz().join("corpus").join(name);
        let (mut taken, mut size) = (0, 0);
        for file in names(&folder) {
            let data = std::fs::read(folder.join(&file)).expect("readable");
            size += data.len() as u64;
            // The name is printed with the panic of a target that fails.
            println!("{name}/{file}");
            taken += usize::from(target(&data));
        }
        assert!(taken > 0, "{name}: no kept input gets to the end of its parser");
        assert!(size <= CORPUS_BYTES_MAX, "{name}: {size} bytes are kept");
    }
}

#[test]
fn every_target_has_seeds_of_our_own_making_that_are_taken() {
    let seeds = tests::seeds::all();
    for (name, target) in TARGETS {
        let own: Vec<_> = seeds.iter().filter(|seed| seed.target == *name).collect();
        let taken = own.iter().filter(|seed| target(&seed.bytes)).count();
        assert!(taken > 0, "{name}: none of {} seeds gets to the end of its parser", own.len());
    }
    let known: BTreeSet<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert!(seeds.iter().all(|seed| known.contains(seed.target)), "a seed of no target");
}
