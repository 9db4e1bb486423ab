//! A device that is asked again while it is busy.
//!
//! Firmware serves one guest at a time, limits how often it is asked, and may be updated
//! under a running machine. None of this is worth a node that does not start.

use super::Device;
use attestation::device::{DerivedKey, RawReport, ReportSource, SourceError};
use std::io::ErrorKind;
use std::thread::park_timeout;
use std::time::Duration;
use tracing::warn;

/// Together with the pauses: a minute, after which the service manager starts anew.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Patient {
    device: Device,
    pause: Duration,
}

impl Patient {
    pub(super) fn of(device: Device) -> Self {
        Self {
            device,
            pause: PAUSE,
        }
    }

    fn patiently<T>(
        &mut self,
        ask: impl Fn(&mut dyn ReportSource) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let mut tries = 1;
        loop {
            match ask(self.device.as_mut()) {
                Err(error) if may_pass(&error) && tries < TRIES => {
                    let device = self.device.name();
                    warn!(device, tries, %error, "the device is busy; it is asked again");
                    park_timeout(self.pause);
                    tries += 1;
                }
                answer => return answer,
            }
        }
    }
}

impl ReportSource for Patient {
    fn name(&self) -> &'static str {
        self.device.name()
    }

    fn report(&mut self, report_data: &[u8; 64]) -> Result<RawReport, SourceError> {
        self.patiently(|device| device.report(report_data))
    }

    fn derived_key(&mut self) -> Result<DerivedKey, SourceError> {
        self.patiently(|device| device.derived_key())
    }
}

/// What another moment may change: a missing device and a refusal stay what they are.
fn may_pass(error: &SourceError) -> bool {
    match error {
        SourceError::Contended => true,
        SourceError::Io { source, .. } => matches!(
            source.kind(),
            ErrorKind::ResourceBusy
                | ErrorKind::WouldBlock
                | ErrorKind::Interrupted
                | ErrorKind::TimedOut
        ),
        SourceError::Refused(_) | SourceError::Malformed(_) | SourceError::NoDerivedKeys(_) => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Fails so often, in this way, and then answers.
    #[derive(Debug)]
    struct Moody {
        kind: ErrorKind,
        left: u32,
        asked: Arc<AtomicU32>,
    }

    impl ReportSource for Moody {
        fn name(&self) -> &'static str {
            "moody"
        }

        fn report(&mut self, _data: &[u8; 64]) -> Result<RawReport, SourceError> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            match self.left.checked_sub(1) {
                Some(left) => {
                    self.left = left;
                    Err(SourceError::Io {
                        what: "the device".into(),
                        source: io::Error::from(self.kind),
                    })
                }
                None => Ok(RawReport::Snp {
                    report: Vec::new(),
                    table: Vec::new(),
                }),
            }
        }

        fn derived_key(&mut self) -> Result<DerivedKey, SourceError> {
            Err(SourceError::NoDerivedKeys("moody"))
        }
    }

    fn asked(kind: ErrorKind, failures: u32) -> (bool, u32) {
        let asked = Arc::new(AtomicU32::new(0));
        let moody = Moody {
            kind,
            left: failures,
            asked: asked.clone(),
        };
        let mut patient = Patient {
            device: Box::new(moody),
            pause: Duration::ZERO,
        };
        let answer = patient.report(&[0; 64]);
        (answer.is_ok(), asked.load(Ordering::SeqCst))
    }

    #[test]
    fn a_busy_device_is_asked_again() {
        assert_eq!(asked(ErrorKind::ResourceBusy, 3), (true, 4));
    }

    #[test]
    fn a_device_that_stays_busy_is_told() {
        assert_eq!(asked(ErrorKind::ResourceBusy, u32::MAX), (false, TRIES));
    }

    #[test]
    fn a_device_that_is_not_there_is_told_at_once() {
        assert_eq!(asked(ErrorKind::NotFound, 1), (false, 1));
    }

    #[test]
    fn a_refusal_is_an_answer() {
        let asked = Arc::new(AtomicU32::new(0));
        let mut patient = Patient::of(Box::new(Moody {
            kind: ErrorKind::Other,
            left: 0,
            asked,
        }));

        assert!(matches!(
            patient.derived_key(),
            Err(SourceError::NoDerivedKeys(_))
        ));
    }
}
