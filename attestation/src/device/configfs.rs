//! configfs-tsm: the kernel's portable interface to reports (SNP and TDX, Linux 6.7).
//!
//! Every request has a directory of its own. `generation` counts writes to it: if it
//! moved between our write and our read, what was read belongs to somebody else.
//! Documentation/ABI/testing/configfs-tsm-report in the kernel.

use super::{DerivedKey, RawReport, ReportSource, SourceError, io};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

const ROOT: &str = "/sys/kernel/config/tsm/report";
/// The kernel's own bound of an attribute.
const BLOB_BYTES_MAX: u64 = 32 * 1024;
const TRIES: u32 = 5;

/// The interface at its mount point.
#[derive(Debug)]
pub struct ConfigfsTsm {
    root: PathBuf,
    requests: u64,
}

/// A request's directory, gone when this is dropped.
#[derive(Debug)]
struct Entry(PathBuf);

impl ConfigfsTsm {
    pub fn open() -> Result<Self, SourceError> {
        Self::at(Path::new(ROOT))
    }

    /// At another mount point.
    pub fn at(root: &Path) -> Result<Self, SourceError> {
        fs::read_dir(root).map_err(io(root.display()))?;
        Ok(Self {
            root: root.to_owned(),
            requests: 0,
        })
    }

    fn entry(&mut self) -> Result<Entry, SourceError> {
        self.requests = self.requests.wrapping_add(1);
        let name = format!("sealtune-{}-{}", std::process::id(), self.requests);
        let path = self.root.join(name);
        fs::create_dir(&path).map_err(io(path.display()))?;
        Ok(Entry(path))
    }
}

impl ReportSource for ConfigfsTsm {
    fn name(&self) -> &'static str {
        "configfs-tsm"
    }

    fn report(&mut self, report_data: &[u8; 64]) -> Result<RawReport, SourceError> {
        let entry = self.entry()?;
        for _try in 0..TRIES {
            if let Some(report) = entry.ask(report_data)? {
                return Ok(report);
            }
        }
        Err(SourceError::Contended)
    }

    fn derived_key(&mut self) -> Result<DerivedKey, SourceError> {
        Err(SourceError::NoDerivedKeys("configfs-tsm"))
    }
}

impl Entry {
    /// The report, unless another writer came between.
    fn ask(&self, report_data: &[u8; 64]) -> Result<Option<RawReport>, SourceError> {
        self.choose_privilege()?;
        self.write("inblob", report_data)?;
        let before = self.read("generation")?;
        let report = self.read_report()?;
        let after = self.read("generation")?;
        Ok((before == after).then_some(report))
    }

    /// VMPL 0, where the provider has levels (SNP); TDX has none.
    fn choose_privilege(&self) -> Result<(), SourceError> {
        if self.0.join("privlevel").exists() {
            self.write("privlevel", b"0")
        } else {
            Ok(())
        }
    }

    fn read_report(&self) -> Result<RawReport, SourceError> {
        let report = self.read("outblob")?;
        let provider = self.read("provider")?;
        match provider.trim_ascii() {
            b"sev_guest" => Ok(RawReport::Snp {
                report,
                table: self.read_if_there("auxblob")?,
            }),
            b"tdx_guest" => Ok(RawReport::Tdx { quote: report }),
            other => {
                let other = String::from_utf8_lossy(other);
                Err(SourceError::Malformed(format!("the provider {other:?}")))
            }
        }
    }

    fn read_if_there(&self, name: &str) -> Result<Vec<u8>, SourceError> {
        if self.0.join(name).exists() {
            self.read(name)
        } else {
            Ok(Vec::new())
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), SourceError> {
        let path = self.0.join(name);
        fs::write(&path, bytes).map_err(io(path.display()))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, SourceError> {
        let path = self.0.join(name);
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(io(path.display()))?;
        file.take(BLOB_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(io(path.display()))?;
        Ok(bytes)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // configfs removes the attributes with the directory. A directory that stays
        // costs the kernel a few bytes and nobody else anything.
        let _stays = fs::remove_dir(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// A request's directory as the kernel fills it.
    fn filled(provider: &str) -> (tempfile::TempDir, Entry) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("entry");
        fs::create_dir(&path).unwrap();
        for (name, content) in [
            ("generation", "1\n"),
            ("inblob", ""),
            ("outblob", "report"),
            ("auxblob", "table"),
            ("privlevel", ""),
            ("provider", provider),
        ] {
            fs::write(path.join(name), content).unwrap();
        }
        (root, Entry(path))
    }

    #[test]
    fn a_report_is_asked_for_at_the_highest_level() {
        let (_root, entry) = filled("sev_guest\n");

        let report = entry.ask(&[7; 64]).unwrap().unwrap();

        let expected = RawReport::Snp {
            report: b"report".to_vec(),
            table: b"table".to_vec(),
        };
        assert_eq!(report, expected);
        assert_eq!(entry.read("inblob").unwrap(), [7; 64]);
        assert_eq!(entry.read("privlevel").unwrap(), b"0");
    }

    #[test]
    fn a_quote_has_no_table() {
        let (_root, entry) = filled("tdx_guest\n");

        let quote = entry.ask(&[7; 64]).unwrap().unwrap();

        assert_eq!(
            quote,
            RawReport::Tdx {
                quote: b"report".to_vec()
            }
        );
    }

    #[test]
    fn a_provider_nobody_knows_is_refused() {
        let (_root, entry) = filled("other\n");

        assert!(matches!(
            entry.ask(&[7; 64]),
            Err(SourceError::Malformed(_))
        ));
    }

    #[test]
    fn a_report_another_writer_came_between_is_not_ours() {
        let (_root, entry) = filled("sev_guest\n");
        let pipes = ["generation", "outblob"].map(|name| pipe(&entry.0.join(name)));
        let [Some(counter), Some(report)] = pipes else {
            eprintln!("LEFT OUT: there is no mkfifo on this machine");
            return;
        };

        // Opening a pipe waits for its reader: the counter moves while the report is read.
        let writer = std::thread::spawn(move || {
            fs::write(&counter, "1\n").unwrap();
            fs::write(&report, "report").unwrap();
            fs::write(&counter, "2\n").unwrap();
        });
        let report = entry.ask(&[7; 64]).unwrap();

        assert_eq!(report, None);
        writer.join().unwrap();
    }

    /// `None` where the program that makes pipes cannot be started.
    fn pipe(path: &Path) -> Option<PathBuf> {
        fs::remove_file(path).unwrap();
        let made = Command::new("mkfifo").arg(path).status().ok()?;
        assert!(made.success());
        Some(path.to_owned())
    }
}
