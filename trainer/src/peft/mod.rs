//! Adapter folders as PEFT reads and writes them.

mod config;
mod folder;

pub use config::AdapterConfig;
pub use folder::{ADAPTER_FILE, CONFIG_FILE, read_adapter, read_adapter_config, write_adapter};
