//! Her keys: the wallet behind a password, and the key that opens results.

use crate::config::{AccountSection, Config};
use crate::context::Context;
use crate::trouble::{Kind, Money, Trouble};
use attestation::sealing::OpeningKey;
use chain::Wallet;
use proto::EncryptionKey;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Shorter ones are guessed.
const PASSWORD_LEAST: usize = 8;
/// Longer than any password or key.
const SECRET_BYTES_MAX: u64 = 4096;

/// Opens the wallet, asking for its password where nothing else tells it.
pub fn wallet(context: &Context, config: &Config) -> Result<Wallet, Trouble> {
    let account = &config.account;
    if !Wallet::needs_password(&account.key)? {
        return Ok(Wallet::open(&account.key, None)?);
    }
    let password = match password_file(context, account) {
        Some(file) => secret_text(&file, "the password file")?,
        None => ask(context, "Password of the wallet: ")?,
    };
    let slow = context.voice.wait("opening the wallet");
    let opened = Wallet::open_with(&account.key, &password);
    slow.finish_and_clear();
    Ok(opened?)
}

/// A password for a new keystore.
pub fn new_password(context: &Context, file: Option<&Path>) -> Result<Zeroizing<String>, Trouble> {
    let password = if let Some(file) = file {
        secret_text(file, "the password file")?
    } else {
        let first = ask(context, "A password for the new wallet: ")?;
        let again = ask(context, "The same again: ")?;
        if first != again {
            return Err(Trouble::new(Kind::Input, "the two passwords differ"));
        }
        first
    };
    if password.chars().count() < PASSWORD_LEAST {
        let what = format!("a password has at least {PASSWORD_LEAST} letters");
        return Err(Trouble::new(Kind::Input, what));
    }
    Ok(password)
}

/// The key an order names, and the one that opens what is sealed to it.
pub fn encryption(
    config: &Config,
    wallet: &Wallet,
) -> Result<(OpeningKey, EncryptionKey), Trouble> {
    let Some(file) = &config.account.encryption_key else {
        return Ok(wallet.derive(OpeningKey::of_wallet));
    };
    let text = secret_text(file, "the encryption key")?;
    let digits = text.strip_prefix("0x").unwrap_or(&text);
    let mut secret = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, secret.as_mut_slice()).map_err(|_digits| {
        let what = format!("{} does not hold 64 hexadecimal digits", file.display());
        Trouble::new(Kind::Input, what)
    })?;
    Ok(OpeningKey::x25519_pair(&secret))
}

fn password_file(context: &Context, account: &AccountSection) -> Option<PathBuf> {
    let named = account.password_file.clone();
    named.or_else(|| context.around.credential())
}

fn ask(context: &Context, prompt: &str) -> Result<Zeroizing<String>, Trouble> {
    if !context.around.terminal {
        let what = "the wallet needs a password, and nobody can be asked";
        return Err(Trouble::new(Kind::Input, what)
            .money(Money::NotMoved)
            .next("the same command again with --password-file FILE"));
    }
    let asked = rpassword::prompt_password(prompt).map(Zeroizing::new);
    asked.map_err(|error| Trouble::because(Kind::Machine, "cannot ask for the password", &error))
}

/// The first line of a file that only its owner can read.
fn secret_text(path: &Path, what: &str) -> Result<Zeroizing<String>, Trouble> {
    let cannot = |error: std::io::Error| {
        let what = format!("cannot read {what} {}", path.display());
        Trouble::because(Kind::Input, &what, &error).money(Money::NotMoved)
    };
    let about = fs::metadata(path).map_err(cannot)?;
    let mode = about.permissions().mode() & 0o777;
    // What systemd passes in is in a folder of the unit's own, and may be readable by its group.
    if mode & 0o007 != 0 || about.len() > SECRET_BYTES_MAX {
        let what = format!(
            "{what} {} can be read by others (mode {mode:o})",
            path.display()
        );
        let next = format!("chmod 600 {}", path.display());
        return Err(Trouble::new(Kind::Input, what)
            .money(Money::NotMoved)
            .next(next));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(cannot)?);
    let line = text.lines().next().unwrap_or_default();
    Ok(Zeroizing::new(line.to_owned()))
}
