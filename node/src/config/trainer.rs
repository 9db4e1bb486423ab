//! The section `trainer`: the child that trains, and its walls.

use super::reader::Section;
use crate::sandbox::Strictness;
use crate::trainer::{PlainDisk, Settings};
use std::path::{Path, PathBuf};
use std::time::Duration;

const MIB: u64 = 1 << 20;

#[derive(Clone, Debug)]
pub struct TrainerConfig {
    pub program: PathBuf,
    /// Where work folders are made: in memory.
    pub scratch: PathBuf,
    pub plain_disk: PlainDisk,
    pub sandbox: Strictness,
    pub device: String,
    /// 0: as many as there are processors.
    pub threads: u64,
    /// 0: seven eighths of the machine's.
    pub memory_mib_max: u64,
    pub silence_secs_max: u64,
    pub checkpoint_secs: u64,
    pub checkpoints_kept: u64,
}

pub(super) fn read(section: &mut Section) -> TrainerConfig {
    let sandboxes = [
        ("required", Strictness::Required),
        ("best-effort", Strictness::BestEffort),
    ];
    let disks = [("refuse", PlainDisk::Refuse), ("allow", PlainDisk::Allow)];
    TrainerConfig {
        program: section.path_or("program", "/usr/bin/sealtune-trainer".into()),
        scratch: section.path_or("scratch", "/run/sealtune/work".into()),
        plain_disk: section.choice("plain_disk", &disks),
        sandbox: section.choice("sandbox", &sandboxes),
        device: section.parsed("device", "cpu", "a device the trainer knows, like cpu"),
        threads: section.number("threads", 0, 0..=1_024),
        memory_mib_max: section.number("memory_mib_max", 0, 0..=16 << 20),
        silence_secs_max: section.number("silence_secs_max", 900, 1..=86_400),
        checkpoint_secs: section.number("checkpoint_secs", 300, 1..=86_400),
        checkpoints_kept: section.number("checkpoints_kept", 2, 1..=100),
    }
}

impl TrainerConfig {
    /// With what the rest of the configuration says. `state` is the node's folder.
    pub fn settings(&self, state: &Path, grace: Duration) -> Settings {
        let memory = Some(self.memory_mib_max * MIB).filter(|&bytes| bytes > 0);
        Settings {
            // This very program, even if a newer one lies under its name by now.
            launcher: "/proc/self/exe".into(),
            program: self.program.clone(),
            scratch: self.scratch.clone(),
            plain_disk: self.plain_disk,
            records: state.into(),
            strictness: self.sandbox,
            device: self.device.clone(),
            threads: Some(self.threads).filter(|&threads| threads > 0),
            memory_bytes: memory.unwrap_or_else(most_of_the_memory),
            silence_max: Duration::from_secs(self.silence_secs_max),
            checkpoint_every: Duration::from_secs(self.checkpoint_secs),
            checkpoints_kept: usize::try_from(self.checkpoints_kept).unwrap_or(usize::MAX),
            grace,
        }
    }
}

/// Seven eighths of what there is; the rest is the node's and the system's.
fn most_of_the_memory() -> u64 {
    let system = rustix::system::sysinfo();
    let total = system.totalram.saturating_mul(u64::from(system.mem_unit));
    total - total / 8
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn settings(section: &str) -> Settings {
        let text = format!("[state]\nfolder = '/s'\n[trainer]\n{section}");
        let config = Config::parse(&text).unwrap();
        config.trainer.settings(&config.state.folder, config.grace)
    }

    #[test]
    fn the_defaults_are_those_of_production() {
        let settings = settings("");

        assert_eq!(settings.strictness, Strictness::Required);
        assert_eq!(settings.plain_disk, PlainDisk::Refuse);
        assert!(settings.memory_bytes > MIB);
        assert_eq!(settings.threads, None);
    }

    #[test]
    fn what_is_weaker_has_to_be_said() {
        let settings =
            settings("sandbox = 'best-effort'\nplain_disk = 'allow'\nmemory_mib_max = 5");

        assert_eq!(settings.strictness, Strictness::BestEffort);
        assert_eq!(settings.plain_disk, PlainDisk::Allow);
        assert_eq!(settings.memory_bytes, 5 * MIB);
    }
}
