//! What the fuzz targets do with their input: ordinary functions, so that the workspace's tests run them on every kept
//! input without a fuzzer (`tests/tests/fuzzing.rs` reads the same file).

pub mod targets;
