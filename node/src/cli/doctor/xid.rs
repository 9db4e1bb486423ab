//! What the driver complained of since the machine started, out of the kernel's log.

use super::Finding;
use rustix::fs::OFlags;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;

const LOG: &str = "/dev/kmsg";

/// A record is at most this long; each read gives one.
const RECORD_BYTES: usize = 8_192;

/// More records than any kernel's buffer holds.
const RECORDS_MAX: usize = 1_000_000;

/// The card, its memory or its link is broken, or will be soon.
const FATAL: [u32; 10] = [48, 62, 63, 64, 74, 79, 94, 95, 119, 120];

pub(super) fn examine() -> Finding {
    match read() {
        Ok(seen) => judge(&seen),
        Err(error) => Finding::skipped(
            "gpu xid",
            format!(
                "the kernel's log {LOG} cannot be read ({error}): the driver's complaints are not seen"
            ),
        ),
    }
}

fn judge(seen: &BTreeSet<u32>) -> Finding {
    let list = seen.iter().map(u32::to_string).collect::<Vec<_>>();
    let list = list.join(", ");
    if seen.is_empty() {
        Finding::ok("gpu xid", "the driver complained of nothing")
    } else if seen.iter().any(|xid| FATAL.contains(xid)) {
        let hint = "drain the node and reset or replace the card";
        Finding::failed(
            "gpu xid",
            format!("Xid {list} since the machine started"),
            hint,
        )
    } else {
        let hint = "see the kernel's log and NVIDIA's list of Xid errors";
        Finding::warning(
            "gpu xid",
            format!("Xid {list} since the machine started"),
            hint,
        )
    }
}

fn read() -> io::Result<BTreeSet<u32>> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let mut log = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(LOG)?;
    let mut seen = BTreeSet::new();
    let mut record = vec![0; RECORD_BYTES];
    for _ in 0..RECORDS_MAX {
        match next(&mut log, &mut record)? {
            Some(text) => seen.extend(xid(&text)),
            None => break,
        }
    }
    Ok(seen)
}

/// Nothing at the end of what was said so far.
fn next(log: &mut File, record: &mut [u8]) -> io::Result<Option<String>> {
    loop {
        return match log.read(record) {
            Ok(0) => Ok(None),
            Ok(count) => Ok(Some(String::from_utf8_lossy(&record[..count]).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            // Overwritten meanwhile: the next is there.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => continue,
            Err(error) => Err(error),
        };
    }
}

/// The number in `NVRM: Xid (PCI:0000:01:00): 79, pid=…`.
fn xid(record: &str) -> Option<u32> {
    let (_, told) = record.split_once("NVRM: Xid (")?;
    let (_, number) = told.split_once("): ")?;
    let end = number.find(|c: char| !c.is_ascii_digit());
    number[..end.unwrap_or(number.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Grade;

    #[test]
    fn the_number_of_a_complaint_is_read() {
        let told = "4,1021,88112,-;NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.\n";

        assert_eq!(xid(told), Some(79));
        assert_eq!(xid("4,1,2,-;NVRM: Xid (PCI:0000:3b:00): 31"), Some(31));
    }

    #[test]
    fn what_others_say_is_no_complaint() {
        for told in [
            "",
            "6,1,2,-;usb 1-1: new device",
            "NVRM: Xid (PCI",
            "NVRM: Xid (a): b",
            "NVRM: Xid (a): 99999999999",
        ] {
            assert_eq!(xid(told), None, "{told}");
        }
    }

    #[test]
    fn a_card_that_fell_off_the_bus_fails_and_an_applications_fault_warns() {
        assert_eq!(judge(&BTreeSet::from([31, 79])).grade, Grade::Failed);
        assert_eq!(judge(&BTreeSet::from([31])).grade, Grade::Warning);
        assert_eq!(judge(&BTreeSet::new()).grade, Grade::Ok);
    }
}
