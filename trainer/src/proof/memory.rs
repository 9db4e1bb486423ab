//! The prediction of memory against what is allocated.

use super::specs::{engine, families, settings};
use crate::settings::{LoraSettings, TrainSettings};

#[test]
fn the_arena_is_as_large_as_predicted() {
    let options = [
        settings(),
        TrainSettings {
            threads: 3,
            lora: LoraSettings {
                dropout: 0.1,
                rank: 9,
                ..settings().lora
            },
            ..settings()
        },
    ];
    for settings in options {
        for (name, spec) in families() {
            let engine = engine(&spec, &settings);

            assert_eq!(
                engine.arena_bytes() as u64,
                engine.predicted_arena_bytes(),
                "{name}"
            );
        }
    }
}
