//! What `npm` installs in contracts/; `make` does it.

use std::path::PathBuf;

pub(crate) fn installed(path: &str) -> PathBuf {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../node_modules")
        .join(path);
    let shown = found.display();
    assert!(
        found.exists(),
        "{shown} is missing: run `make setup`, or `npm install --no-save` in contracts/, first"
    );
    found
}

pub(crate) fn anvil() -> PathBuf {
    let platform = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    installed(&format!("@foundry-rs/anvil-{platform}-{machine}/bin/anvil"))
}
