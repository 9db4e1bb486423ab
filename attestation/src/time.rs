//! The verifier's clock, always an argument.

use proto::Seconds;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The moment a verdict is about, in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At(pub Seconds);

/// Text that is no moment of the form `2026-06-01T00:00:00Z`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a UTC time such as 2026-06-01T00:00:00Z")]
pub struct BadTime;

impl FromStr for At {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        let time: der::DateTime = text.parse().map_err(|_format| BadTime)?;
        Ok(Self(time.unix_duration().as_secs()))
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match der::DateTime::from_unix_duration(Duration::from_secs(self.0)) {
            Ok(time) => write!(f, "{time}"),
            Err(_beyond_year_9999) => write!(f, "{} seconds after 1970", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_its_text() {
        let text = "2026-06-01T12:34:56Z";

        assert_eq!(text.parse::<At>().unwrap().to_string(), text);
    }

    #[test]
    fn a_local_time_is_refused() {
        assert_eq!("2026-06-01T12:34:56+02:00".parse::<At>(), Err(BadTime));
    }
}
